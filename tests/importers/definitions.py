"""What the tests of every kind ask of an entry that was found."""

from collections.abc import Callable
from typing import Any

from rota.domain.job import Defaults, Job
from rota.importers.base import Found

Read = Callable[..., list[Found]]


def job(found: Found) -> dict[str, Any]:
    """Its job document, which Rota takes."""
    assert found.job is not None, found.problem
    Job.parse(found.job, defaults=Defaults())
    return found.job


def parameters(found: Found) -> Any:
    """What its job is run with."""
    return job(found)["parameters"]
