"""The registry of job functions. A job type that names a python function is looked up here and nowhere else."""

import importlib
import importlib.util
import os
import sys
import traceback
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from rota.domain.errors import ConfigurationInvalid
from rota.sdk.function import JobFunction


class Functions:
    """Job functions by name, and by their targets (`module:callable`)."""

    def __init__(self) -> None:
        self._by_name: dict[str, JobFunction[..., Any]] = {}
        self._by_target: dict[str, str | None] = {}
        """None where functions of different names have one target: then it means none of them."""
        self._built_in: set[str] = set()
        self._documents: dict[str, dict[str, Any]] = {}

    def __iter__(self) -> Iterator[JobFunction[..., Any]]:
        return iter(list(self._by_name.values()))

    def register(self, function: JobFunction[..., Any], *, built_in: bool = False) -> None:
        """Add a function. ConfigurationInvalid when another one has its name; loading the same one again replaces it.

        A built-in function can be the type of jobs but is no job by itself.
        """
        known = self._by_name.get(function.name)
        if known is not None and known.origin != function.origin:
            raise ConfigurationInvalid(
                f"two functions are called {function.name!r}: {_where(known)} and {_where(function)};"
                " give one of them another name with @job(name=...)"
            )
        self._by_name[function.name] = function
        if not built_in and (target := function.target) is not None:
            known_as = self._by_target.get(target, function.name)
            self._by_target[target] = function.name if known_as == function.name else None
        if built_in:
            self._built_in.add(function.name)

    def define(self, document: dict[str, Any]) -> None:
        """Add a job that is no python function, as the JSON document of `/api/jobs`. The last of a name stands."""
        self._documents[document["name"]] = document

    def definitions(self) -> list[dict[str, Any]]:
        """Every job that code defines, as JSON documents."""
        functions = [one.definition() for one in self if one.name not in self._built_in]
        return functions + list(self._documents.values())

    def get(self, name: str) -> JobFunction[..., Any] | None:
        """The function of that name or target, or None."""
        return self._by_name.get(name) or self._by_name.get(self._by_target.get(name) or "")

    def names(self) -> list[str]:
        """The names of all functions, sorted."""
        return sorted(self._by_name)

    def types(self) -> list[str]:
        """What a job's type may say to mean one of them: the names, and the targets, sorted."""
        return sorted(self._by_name.keys() | {target for target, name in self._by_target.items() if name is not None})

    def load(self, modules: Sequence[str]) -> None:
        """Import application modules: `package.module`, or the path of a file such as `./jobs.py`.

        ConfigurationInvalid names the module that cannot be imported and why.
        """
        for name in modules:
            try:
                _import(name)
            except ConfigurationInvalid:
                raise
            except (Exception, SystemExit) as error:
                reason = traceback.format_exception_only(error)[-1].strip()
                raise ConfigurationInvalid(f"cannot import {name}: {reason}") from error


registry = Functions()
"""Where `@job` registers."""


def _import(name: str) -> None:
    if name.endswith(".py") or os.sep in name:
        _import_file(Path(name).resolve())
        return
    directory = str(Path.cwd())
    if directory not in sys.path:
        sys.path.insert(0, directory)
    importlib.import_module(name)


def _import_file(path: Path) -> None:
    """Import a file under its stem, so that its siblings can import it too."""
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    name = path.stem
    if name in sys.modules and not _is_from(sys.modules[name], path):
        name = f"rota_application_{zlib.crc32(bytes(path)):08x}.{path.stem}"
    if name in sys.modules:
        return
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    specification = importlib.util.spec_from_file_location(name, path)
    if specification is None or specification.loader is None:
        raise ImportError(f"{path} is no python file")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    try:
        specification.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise


def _is_from(module: ModuleType, path: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).resolve() == path


def _where(function: JobFunction[..., Any]) -> str:
    file, name = function.origin
    return f"{name} in {file}"
