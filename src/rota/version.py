"""The one place where the version of Rota stands."""

__version__ = "0.1.0"
