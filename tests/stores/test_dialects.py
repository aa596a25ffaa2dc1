"""Each package of a database answers everything that is asked of one, with the parameters that are given."""

import importlib
import inspect

import pytest

from rota.stores.base import Dialect


def asked_of_a_dialect() -> dict[str, list[str]]:
    """The functions that `Dialect` names, each with the names of its parameters."""
    members = [member for member in dir(Dialect) if not member.startswith("_")]
    functions = {name: getattr(Dialect, name) for name in members if callable(getattr(Dialect, name, None))}
    return {name: list(inspect.signature(function).parameters)[1:] for name, function in functions.items()}


@pytest.mark.parametrize("package", ["sqlite", "postgres", "mysql"])
def test_every_question_is_answered(package: str) -> None:
    dialect = importlib.import_module(f"rota.stores.{package}")
    asked = asked_of_a_dialect()
    assert {"claim", "settle", "begin", "translated"} <= set(asked)
    assert [name for name in asked if not hasattr(dialect, name)] == []
    answered = {name: len(inspect.signature(getattr(dialect, name)).parameters) for name in asked}
    assert answered == {name: len(parameters) for name, parameters in asked.items()}
    assert isinstance(dialect.ONE_WRITER, bool)
    assert issubclass(dialect.DriverError, Exception)
