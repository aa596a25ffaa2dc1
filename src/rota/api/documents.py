"""Bodies that the domain reads itself, field by field, because their fields have synonyms: plain JSON objects."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel

from rota.api import strict_json
from rota.domain.errors import InvalidInput


async def _document(request: Request) -> dict[str, Any]:
    body = await request.body()
    if not body:
        raise InvalidInput("the body is missing: a JSON object", [(("body",), "required")])
    if "json" not in request.headers.get("content-type", "").lower():
        raise InvalidInput(
            "the body is no JSON by its Content-Type", [(("header", "Content-Type"), "application/json")]
        )
    value = strict_json.parse(body)
    if not isinstance(value, dict):
        raise InvalidInput("the body is not a JSON object", [(("body",), "a JSON object")])
    return value


Document = Annotated[dict[str, Any], Depends(_document)]
"""The body as a JSON object."""


def described(*models: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI description of a body that is any of these flat models."""
    schemas = [model.model_json_schema(by_alias=True) for model in models]
    schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def without(document: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """The document without the fields that only the server sets: what a GET answered may be sent back."""
    return {name: value for name, value in document.items() if name not in names}
