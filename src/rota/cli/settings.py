"""The options of everything that starts here, as a `Config`."""

from collections.abc import Callable
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rota.config import Config

Command = TypeVar("Command", bound=Callable[..., Any])

STORE = (
    click.option("--db", metavar="URL", help="The store: a file or sqlite:///FILE (ROTA_DB)."),
    click.option("--config", metavar="FILE", multiple=True, help="TOML file; repeatable, later ones win."),
)
WORK = (
    click.option("--app", metavar="MODULE", multiple=True, help="Module or .py file with @job functions; repeatable."),
    click.option("--queues", metavar="A,B", help="Only these queues; all if left out."),
    click.option("--concurrency", metavar="N", type=int, help="Executions at a time."),
)
LOG = (click.option("--log", type=click.Choice(("plain", "json", "quiet")), help="How it talks."),)
LISTEN = (
    click.option("--host", metavar="HOST", help="Where to listen; 127.0.0.1 if left out."),
    click.option("--port", metavar="PORT", type=int, help="8400 if left out."),
    click.option("--behind-proxy", is_flag=True, default=None, help="Trust X-Forwarded-* of a proxy in front."),
    click.option("--tls-cert", metavar="FILE", help="Certificate chain (PEM)."),
    click.option("--tls-key", metavar="FILE", help="Its key (PEM)."),
)


def configured(*groups: tuple[Callable[[Any], Any], ...]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the options of the groups, and their outcome as a `Config` in its first argument."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        def body(**options: Any) -> Any:
            config = _load(options)
            return function(config, **options)

        update_wrapper(body, function)
        for option in (option for group in reversed(groups) for option in reversed(group)):
            body = option(body)
        return body

    return decorate


def _load(options: dict[str, Any]) -> "Config":
    """Take the options that are settings out of `options`. ConfigurationInvalid says what is wrong with them."""
    from rota.config import load

    queues = options.pop("queues", None)
    app = options.pop("app", ())
    flags = {
        "db": options.pop("db", None),
        "app": app or None,
        "log": options.pop("log", None),
        "engine": {
            "queues": queues,
            "max_concurrent_jobs": options.pop("concurrency", None),
        },
        "server": {
            "host": options.pop("host", None),
            "port": options.pop("port", None),
            "behind_proxy": options.pop("behind_proxy", None),
            "tls_certificate": options.pop("tls_cert", None),
            "tls_key": options.pop("tls_key", None),
        },
    }
    config = load(options.pop("config", ()), flags)
    _check_tls(config)
    return config


def _check_tls(config: "Config") -> None:
    from rota.domain.errors import ConfigurationInvalid

    certificate, key = config.server.tls_certificate, config.server.tls_key
    if (certificate is None) != (key is None):
        raise ConfigurationInvalid("TLS takes both --tls-cert and --tls-key")
    for file in (certificate, key):
        if file is not None and not file.is_file():
            raise ConfigurationInvalid(f"no file {file} for TLS")
