"""From JSON payloads to arguments and back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from rota import Context
from rota.domain.errors import ConfigurationInvalid, InvalidInput
from rota.sdk.signature import Signature


class Colour(Enum):
    RED = "red"


class Order(BaseModel):
    number: int = Field(alias="orderNumber")


@dataclass
class Tree:
    name: str
    children: "list[Tree]"


def signature(function: Any) -> Signature:
    return Signature(function, function.__name__)


def test_values_are_coerced_to_their_types() -> None:
    def typed(
        count: int,
        colour: Colour,
        order: Order,
        at: datetime,
        every: timedelta,
        mode: Literal["a", "b"],
        any,
        rest: list[int],
    ) -> None: ...

    bound = signature(typed).bind(
        {
            "count": "3",
            "colour": "red",
            "order": {"orderNumber": 7},
            "at": "2026-11-21T06:00:00Z",
            "every": "PT15M",
            "mode": "a",
            "any": {"free": [1]},
            "rest": [1, "2"],
        }
    )
    assert bound["count"] == 3
    assert bound["colour"] is Colour.RED
    assert bound["order"].number == 7
    assert bound["at"].isoformat() == "2026-11-21T06:00:00+00:00"
    assert bound["every"] == timedelta(minutes=15)
    assert bound["any"] == {"free": [1]}
    assert bound["rest"] == [1, 2]


def test_a_dataclass_may_contain_itself() -> None:
    def grows(tree: Tree) -> None: ...

    bound = signature(grows).bind({"tree": {"name": "root", "children": [{"name": "leaf", "children": []}]}})
    assert bound == {"tree": Tree("root", [Tree("leaf", [])])}
    assert "$defs" in signature(grows).schema


def test_defaults_stay_with_the_function() -> None:
    def defaults(size: Annotated[int, Field(ge=1, description="rows")] = 0, tags: list[str] = []) -> None: ...  # noqa: B006

    assert signature(defaults).bind({}) == {}
    properties = signature(defaults).schema["properties"]
    assert properties["size"] == {"type": "integer", "minimum": 1, "description": "rows", "title": "Size", "default": 0}
    assert properties["tags"]["default"] == []


def test_every_problem_is_named_without_the_value() -> None:
    def takes(count: int, name: str, order: Order) -> None: ...

    with pytest.raises(InvalidInput) as caught:
        signature(takes).bind({"count": "hunter2", "order": {"orderNumber": []}, "extra": 1})
    assert {loc for loc, _ in caught.value.errors} == {("count",), ("name",), ("order", "orderNumber"), ("extra",)}
    assert "hunter2" not in caught.value.detail


def test_a_payload_that_is_no_object() -> None:
    def single(text: str, *, ctx: Context) -> None: ...

    def named(first: int = 1, payload: str = "") -> None: ...

    def neither(first: int, second: int) -> None: ...

    assert signature(single).bind("Hello") == {"text": "Hello"}
    assert signature(named).bind("Hello") == {"payload": "Hello"}
    with pytest.raises(InvalidInput, match="not a JSON object"):
        signature(neither).bind("Hello")
    with pytest.raises(InvalidInput):
        signature(neither).bind(None)


def test_a_function_of_one_payload_takes_it_whole() -> None:
    def anything(payload: object = None) -> None: ...

    def order(payload: Order) -> None: ...

    assert signature(anything).bind({"payload": 1}) == {"payload": {"payload": 1}}
    assert signature(anything).bind(None) == {}
    assert signature(order).bind({"orderNumber": 3})["payload"].number == 3
    assert signature(order).payload((Order(orderNumber=3),), {}) == {"orderNumber": 3}
    assert signature(order).schema["properties"]["orderNumber"]["type"] == "integer"
    with pytest.raises(InvalidInput, match="orderNumber"):
        signature(order).bind({})


def test_a_function_of_any_keys() -> None:
    def loose(first: int, **rest: Any) -> None: ...

    assert signature(loose).bind({"first": 1, "second": 2}) == {"first": 1, "second": 2}
    assert signature(loose).payload((1,), {"second": 2}) == {"first": 1, "second": 2}


def test_a_function_without_parameters() -> None:
    def nothing(*, ctx: Context) -> None: ...

    for empty in ({}, None, "", []):
        assert signature(nothing).bind(empty) == {}
    with pytest.raises(InvalidInput):
        signature(nothing).bind({"a": 1})
    assert signature(nothing).schema["properties"] == {}
    assert signature(nothing).context == "ctx"


def test_names_that_pydantic_models_reserve_are_free_to_use() -> None:
    def reserved(schema: int, model_config: int, copy: int, _hidden: int, json: int = 0) -> None: ...

    payload = {"schema": 1, "model_config": 2, "copy": 3, "_hidden": 4}
    assert signature(reserved).bind(payload) == payload


def test_what_no_payload_could_fill_is_refused() -> None:
    def star(*args: int) -> None: ...

    def slash(a: int, /) -> None: ...

    def connection(socket: "Missing") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    class Opaque:
        pass

    def opaque(thing: Opaque) -> None: ...

    for function in (star, slash, connection, opaque):
        with pytest.raises(ConfigurationInvalid, match=function.__name__):
            signature(function).bind({"a": 1})


def test_arguments_that_have_no_json_form_are_refused() -> None:
    def takes(thing: Any) -> None: ...

    with pytest.raises(InvalidInput, match="JSON"):
        signature(takes).payload((object(),), {})
