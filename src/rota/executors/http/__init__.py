"""HTTP requests as jobs: the job type is the URL."""

from rota.executors.base import Setting
from rota.executors.http.executor import HttpExecutor
from rota.executors.http.guard import AddressBlocked, AddressGuard

__all__ = ["AddressBlocked", "AddressGuard", "HttpExecutor", "build"]


def build(setting: Setting) -> HttpExecutor:
    """The executor of an installation."""
    return HttpExecutor(setting.config.http.allow_private)
