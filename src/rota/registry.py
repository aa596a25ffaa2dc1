"""Kind → class: a module inside a plug-in room, or an entry point of another package."""

import importlib
import pkgutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from types import ModuleType

import rota.executors
import rota.importers
from rota.domain.errors import ConfigurationInvalid
from rota.executors.base import Executor, Setting
from rota.importers.base import Importer


def executors(setting: Setting) -> dict[str, Executor]:
    """Every executor, by kind. A new one is a module in `rota.executors` with a function `build(setting)`,
    or an entry point of the group `rota.executors` that names such a function."""
    built: dict[str, Executor] = {}
    for kind, module in _modules(rota.executors):
        built[kind] = module.build(setting)
    for point in entry_points(group="rota.executors"):
        if point.name in built:
            raise ConfigurationInvalid(f"the executor {point.name!r} of {point.value} already exists in Rota")
        try:
            built[point.name] = point.load()(setting)
        except ImportError as error:
            raise ConfigurationInvalid(f"the executor {point.name!r} cannot be loaded: {error}") from error
    return built


def importers() -> dict[str, Importer]:
    """Every importer, by kind. A new one is a module in `rota.importers` with a function `build()`, or an entry point
    of the group `rota.importers` that names such a function. What has none is shared by several."""
    built: dict[str, Importer] = {}
    for kind, module in _modules(rota.importers):
        if hasattr(module, "build"):
            built[kind] = module.build()
    for point in entry_points(group="rota.importers"):
        if point.name in built:
            raise ConfigurationInvalid(f"the importer {point.name!r} of {point.value} already exists in Rota")
        try:
            built[point.name] = point.load()()
        except ImportError as error:
            raise ConfigurationInvalid(f"the importer {point.name!r} cannot be loaded: {error}") from error
    return built


def _modules(room: ModuleType) -> Iterator[tuple[str, ModuleType]]:
    for found in pkgutil.iter_modules(room.__path__):
        if found.name != "base":
            yield found.name, importlib.import_module(f"{room.__name__}.{found.name}")
