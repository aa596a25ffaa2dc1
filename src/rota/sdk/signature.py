"""Parameters of a job function: their JSON Schema, and the way from JSON to python values and back.

pydantic does the work and is imported only when a function has parameters.
"""

import inspect
import typing
from collections.abc import Callable, Mapping
from functools import cached_property
from types import SimpleNamespace, UnionType
from typing import TYPE_CHECKING, Any

from rota.domain.errors import ConfigurationInvalid, InvalidInput
from rota.sdk.context import Context

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

WHOLE = "payload"
"""A function whose only parameter has this name receives the whole payload, whatever its shape."""


class Signature:
    """The parameters of one function. Annotations are resolved on first use, so that they may name later classes."""

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self._function = function
        self._name = name

    @cached_property
    def context(self) -> str | None:
        """The name of the parameter that receives the `Context`, or None."""
        return next((p.name for p in self._all.values() if _is_context(p.annotation)), None)

    @cached_property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """The parameters that come from the payload, by name."""
        return {name: p for name, p in self._all.items() if name != self.context}

    @cached_property
    def takes_whole(self) -> bool:
        """Whether the payload as a whole is the function's only parameter."""
        return list(self.parameters) == [WHOLE] and self.parameters[WHOLE].kind is not inspect.Parameter.VAR_KEYWORD

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the payload."""
        if not self.parameters:
            return {"type": "object", "properties": {}, "additionalProperties": False}
        schema = self._adapter.json_schema(mode="validation")
        if not self.takes_whole:
            schema.pop("title", None)
            for name, parameter in self._named.items():
                _add_default(schema["properties"][name], parameter)
        return schema

    def bind(self, payload: object) -> dict[str, Any]:
        """The arguments that a JSON payload stands for. InvalidInput names each parameter with what is wrong.

        A payload that is no object goes to the only parameter, or to the one called `payload`.
        """
        if not payload and not self.parameters:
            return {}
        if self.takes_whole:
            return self._bind_whole(payload)
        document = self._by_name(payload)
        if not self.parameters:
            raise InvalidInput("the function takes no parameters", [((n,), "unknown parameter") for n in document])
        from pydantic import ValidationError
        from pydantic_core import to_json

        try:
            return typing.cast(dict[str, Any], self._adapter.validate_json(to_json(document)))
        except ValidationError as error:
            raise _refusal(error) from None

    def payload(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> object:
        """The JSON payload of a call. InvalidInput names each argument that is missing, unknown or of a wrong type."""
        arguments = self._arguments(args, kwargs)
        if not self.parameters:
            return {}
        from pydantic import ValidationError
        from pydantic_core import PydanticSerializationError

        if self.takes_whole and WHOLE not in arguments:
            return None
        given = arguments[WHOLE] if self.takes_whole else arguments
        try:
            return self._adapter.dump_python(self._adapter.validate_python(given), mode="json", by_alias=True)
        except ValidationError as error:
            raise _refusal(error) from None
        except PydanticSerializationError as error:
            raise InvalidInput(f"the parameters cannot be written as JSON: {error}") from None

    def _arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        shape = inspect.Signature([p.replace(annotation=p.empty) for p in self.parameters.values()])
        try:
            bound = shape.bind(*args, **kwargs)
        except TypeError as error:
            raise InvalidInput(f"{self._name}: {error}") from None
        arguments = dict(bound.arguments)
        if self._extra is not None:
            arguments |= arguments.pop(self._extra, {})
        return arguments

    def _bind_whole(self, payload: object) -> dict[str, Any]:
        parameter = self.parameters[WHOLE]
        if payload is None and parameter.default is not parameter.empty:
            return {}
        if parameter.annotation in (parameter.empty, object, Any):
            return {WHOLE: payload}
        from pydantic import ValidationError
        from pydantic_core import to_json

        try:
            return {WHOLE: self._adapter.validate_json(to_json(payload))}
        except ValidationError as error:
            raise _refusal(error) from None

    def _by_name(self, payload: object) -> Mapping[str, Any]:
        if isinstance(payload, Mapping):
            return payload
        if payload is None:
            return {}
        if len(self._named) == 1:
            return {next(iter(self._named)): payload}
        if WHOLE in self._named:
            return {WHOLE: payload}
        raise InvalidInput("the parameters are not a JSON object", [((), "write an object with a key per parameter")])

    @cached_property
    def _named(self) -> dict[str, inspect.Parameter]:
        return {name: p for name, p in self.parameters.items() if name != self._extra}

    @cached_property
    def _extra(self) -> str | None:
        """The `**rest` parameter, if there is one: the payload may then hold more keys."""
        return next((p.name for p in self.parameters.values() if p.kind is p.VAR_KEYWORD), None)

    @cached_property
    def _all(self) -> dict[str, inspect.Parameter]:
        found = inspect.signature(self._function).parameters
        for parameter in found.values():
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
                raise ConfigurationInvalid(
                    f"{self._name}: the parameters of a job have names; {str(parameter)!r} has none a payload could use"
                )
        hints = self._hints({n: p.annotation for n, p in found.items() if p.annotation is not p.empty})
        return {n: p.replace(annotation=hints.get(n, p.empty)) for n, p in found.items()}

    def _hints(self, annotations: dict[str, Any]) -> dict[str, Any]:
        """The annotations with their strings resolved. The return annotation is none of our business."""
        namespace = getattr(inspect.unwrap(self._function), "__globals__", {})
        try:
            holder = SimpleNamespace(__annotations__=annotations)
            return typing.get_type_hints(holder, globalns=namespace, include_extras=True)
        except Exception as error:
            raise ConfigurationInvalid(f"{self._name}: its annotations cannot be resolved: {error}") from error

    @cached_property
    def _adapter(self) -> "TypeAdapter[Any]":
        from pydantic import PydanticSchemaGenerationError, TypeAdapter
        from typing_extensions import TypedDict

        try:
            if self.takes_whole:
                return TypeAdapter(_annotation(self.parameters[WHOLE]))
            # A typed dict, not a model: it gives keyword arguments back, and leaves defaults to the function itself.
            fields = {
                name: _annotation(p) if p.default is p.empty else typing.NotRequired[_annotation(p)]
                for name, p in self._named.items()
            }
            shape = TypedDict("Parameters", fields)  # type: ignore[misc]
            shape.__pydantic_config__ = {"extra": "allow" if self._extra else "forbid"}  # type: ignore[attr-defined]
            return TypeAdapter(shape)
        except (PydanticSchemaGenerationError, TypeError, NameError) as error:
            reason = str(error).splitlines()[0]
            raise ConfigurationInvalid(f"{self._name}: its parameters have no JSON form: {reason}") from error


def _annotation(parameter: inspect.Parameter) -> Any:
    return Any if parameter.annotation is parameter.empty else parameter.annotation


def _is_context(annotation: Any) -> bool:
    if typing.get_origin(annotation) in (typing.Union, UnionType):
        return any(_is_context(option) for option in typing.get_args(annotation))
    return isinstance(annotation, type) and issubclass(annotation, Context)


def _add_default(schema: dict[str, Any], parameter: inspect.Parameter) -> None:
    if parameter.default is parameter.empty:
        return
    from pydantic_core import PydanticSerializationError, to_jsonable_python

    try:
        schema["default"] = to_jsonable_python(parameter.default)
    except PydanticSerializationError:
        return


def _refusal(error: "ValidationError") -> InvalidInput:
    """The refusal without the values that were sent: they may be secret."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    errors = [(tuple(e["loc"]), e["msg"]) for e in found]
    return InvalidInput("; ".join(f"{'.'.join(map(str, loc)) or WHOLE}: {msg}" for loc, msg in errors), errors)
