"""Python files, read as syntax and never executed: names, literals, and the calls that make schedules."""

import ast
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from pathlib import PurePath

from rota.domain.errors import InvalidInput
from rota.importers.base import Source, require_text

_DEEPEST = 50
_DEEPEST_SYNTAX = 150
_ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_SPANS = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")
_MOMENT = ("year", "month", "day", "hour", "minute", "second", "microsecond")


@dataclass(frozen=True, slots=True)
class PythonFile:
    """A parsed file: its imports by local name, its constants, and its functions."""

    module: str
    tree: ast.Module
    imports: Mapping[str, str]
    constants: Mapping[str, ast.expr]
    functions: Mapping[str, ast.FunctionDef | ast.AsyncFunctionDef]

    def dotted(self, node: ast.expr) -> str | None:
        """The full name of `a.b.c`, by the imports of the file; None for anything else."""
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        return ".".join([self.imports.get(node.id, node.id), *reversed(names)])

    def function(self, node: ast.expr) -> str | None:
        """The name under which a function of this file or another one is known: module and function."""
        if isinstance(node, ast.Name) and node.id in self.functions:
            return f"{self.module}.{node.id}"
        return self.dotted(node) if isinstance(node, ast.Name | ast.Attribute) else None

    def resolved(self, node: ast.expr) -> ast.expr:
        """What a constant of the file is given; anything else as it is."""
        return self.constants.get(node.id, node) if isinstance(node, ast.Name) else node

    def value(self, node: ast.expr, depth: int = 0) -> object:
        """What an expression of literals, constants, `timedelta` and `datetime` is. InvalidInput for all others."""
        if depth > _DEEPEST:
            raise unreadable(node)
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return [self.value(item, depth + 1) for item in node.elts]
        if isinstance(node, ast.Dict):
            return self._dictionary(node, depth)
        if isinstance(node, ast.Name) and node.id in self.constants:
            return self.value(self.constants[node.id], depth + 1)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            number = self.value(node.operand, depth + 1)
            if isinstance(number, int | float):
                return -number
        if isinstance(node, ast.BinOp):
            return self._calculated(node, depth)
        if isinstance(node, ast.Call):
            return self._made(node, depth)
        raise unreadable(node)

    def _dictionary(self, node: ast.Dict, depth: int) -> dict[object, object]:
        found: dict[object, object] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                raise unreadable(node)
            name = self.value(key, depth + 1)
            found[name if isinstance(name, str | int | float | None) else str(name)] = self.value(value, depth + 1)
        return found

    def _calculated(self, node: ast.BinOp, depth: int) -> object:
        calculate = _ARITHMETIC.get(type(node.op))
        if calculate is None:
            raise unreadable(node)
        left, right = self.value(node.left, depth + 1), self.value(node.right, depth + 1)
        if not isinstance(left, int | float) or not isinstance(right, int | float):
            raise unreadable(node)
        try:
            return calculate(left, right)
        except ArithmeticError:
            raise unreadable(node) from None

    def _made(self, node: ast.Call, depth: int) -> object:
        name = self.dotted(node.func) or ""
        kind = name.rpartition(".")[2]
        if kind not in ("timedelta", "datetime", "date"):
            raise unreadable(node)
        names = _SPANS if kind == "timedelta" else _MOMENT
        given = {key: self.value(value, depth + 1) for key, value in bound(node, names).items()}
        numbers = {key: value for key, value in given.items() if isinstance(value, int | float)}
        if len(numbers) != len(given):
            raise unreadable(node)
        try:
            if kind == "timedelta":
                return timedelta(**numbers)
            parts = [int(numbers.get(name, 0)) for name in _MOMENT]
            return datetime(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], parts[6])  # noqa: DTZ001 - as naive as the file
        except (ValueError, TypeError, OverflowError):
            raise unreadable(node) from None


def read_python(source: Source) -> PythonFile:
    """Parse a file. InvalidInput, with the line, if it is no Python."""
    require_text(source)
    try:
        tree = ast.parse(source.text)
    except SyntaxError as error:
        raise InvalidInput.field(source.path, msg=f"line {error.lineno}: not Python: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError):
        raise InvalidInput.field(source.path, msg="not Python that can be read") from None
    _require_shallow(source, tree)
    return PythonFile(
        module=PurePath(source.path).stem,
        tree=tree,
        imports=dict(_imports(tree)),
        constants=dict(_constants(tree)),
        functions={
            node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        },
    )


def bound(call: ast.Call, names: Sequence[str]) -> dict[str, ast.expr]:
    """The arguments of a call by name; `names` are those of the positional ones. InvalidInput for `*` and `**`."""
    if len(call.args) > len(names) or any(isinstance(argument, ast.Starred) for argument in call.args):
        raise unreadable(call)
    found = dict(zip(names, call.args, strict=False))
    for keyword in call.keywords:
        if keyword.arg is None:
            raise unreadable(call)
        found[keyword.arg] = keyword.value
    return found


def parameters_of(file: PythonFile | None, function: str, args: object, kwargs: object) -> dict[str, object]:
    """Arguments as the parameters of a job: by name where the file holds the function, else `args` as a list.

    InvalidInput if they are not a list and a dictionary that JSON can hold; None and empty ones are none.
    """
    args, kwargs = args or [], kwargs or {}
    if not isinstance(args, list) or not isinstance(kwargs, dict) or not _plain(args) or not _plain(kwargs):
        raise InvalidInput.field("entry", msg="its arguments are no JSON")
    if not args:
        return kwargs
    definition = None if file is None else file.functions.get(function.rpartition(".")[2])
    names = [] if definition is None else [argument.arg for argument in definition.args.args if argument.arg != "self"]
    if len(names) < len(args):
        return {"args": args, **kwargs}
    return dict(zip(names, args, strict=False)) | kwargs


def is_none(node: ast.expr | None) -> bool:
    """Whether an expression is written as `None`."""
    return isinstance(node, ast.Constant) and node.value is None


def unreadable(node: ast.AST) -> InvalidInput:
    """The refusal of an expression whose value only its program knows."""
    line = getattr(node, "lineno", 0)
    shown = ast.unparse(node) if isinstance(node, ast.expr) else type(node).__name__
    return InvalidInput.field("source", msg=f"line {line}: only its program knows what {shown[:60]!r} is")


def _plain(value: object) -> bool:
    """Whether a value is JSON."""
    if isinstance(value, list):
        return all(_plain(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and _plain(item) for key, item in value.items())
    if isinstance(value, float):
        return isfinite(value)
    return value is None or isinstance(value, str | int)


def _require_shallow(source: Source, tree: ast.Module) -> None:
    """InvalidInput for syntax that is nested beyond what a person writes, and beyond what Python can show again."""
    pending: list[tuple[ast.AST, int]] = [(tree, 0)]
    while pending:
        node, depth = pending.pop()
        if depth > _DEEPEST_SYNTAX:
            raise InvalidInput.field(source.path, msg=f"line {getattr(node, 'lineno', 0)}: nested too deeply")
        pending.extend((child, depth + 1) for child in ast.iter_child_nodes(node))


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    yield alias.asname, alias.name
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                yield alias.asname or alias.name, f"{module.lstrip('.')}.{alias.name}".lstrip(".")


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """The names that the module gives a value once, at its top."""
    assigned: dict[str, list[ast.expr]] = {}
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
        if isinstance(node, ast.AnnAssign):
            target = node.target
        if isinstance(target, ast.Name) and isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            assigned.setdefault(target.id, []).append(node.value)
    return ((name, values[0]) for name, values in assigned.items() if len(values) == 1)
