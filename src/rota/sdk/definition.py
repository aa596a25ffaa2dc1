"""`define`: a job in code that is no python function, such as a request or a script."""

from collections.abc import Mapping
from typing import Any

from rota.sdk.decorator import Schedule
from rota.sdk.functions import registry
from rota.sdk.rules import documents


def define(
    name: str,
    type: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    schedule: Schedule | None = None,
    **fields: Any,
) -> None:
    """Define a job of any type: a URL, `script`, or the name of a function that workers know.

    `fields` are the fields of the REST document, such as `timeoutSeconds=30` or `tags=["ops"]`; they are checked when
    Rota starts with the module.
    """
    document: dict[str, Any] = {"name": name, "jobType": type, "parameters": dict(parameters or {}), **fields}
    schedules = documents(schedule)
    if schedules:
        document["schedules"] = [dict(one) for one in schedules]
    registry.define(document)
