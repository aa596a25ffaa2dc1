"""HTTP requests as jobs: the job type is the URL."""

from rota.executors.http.executor import HttpExecutor
from rota.executors.http.guard import AddressBlocked, AddressGuard

__all__ = ["AddressBlocked", "AddressGuard", "HttpExecutor"]
