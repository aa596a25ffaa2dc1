"""One frozen `Config`, and the only code that reads the environment and configuration files.

Order of precedence: flags, then `ROTA_*` variables, then `--config` TOML files (later files win), then defaults.
Every key is also `ROTA_<SECTION>__<KEY>`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from rota.domain.audit import Keyring
from rota.domain.errors import ConfigurationInvalid
from rota.domain.instant import SECOND, Duration
from rota.domain.retry import Strategy


def _split(value: object) -> object:
    """`a,b` from the environment is a list, as is a list from a file."""
    return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LeaseConfig(_Section):
    """How long a worker may be silent. See CONTRACT: H must not exceed (L - M) / 2.5."""

    seconds: float = Field(default=30, gt=0, le=3600)
    heartbeat_seconds: float = Field(default=10, gt=0)
    reaper_seconds: float = Field(default=5, gt=0)
    margin_seconds: float = Field(default=3, ge=0)

    @model_validator(mode="after")
    def _two_beats_may_fail(self) -> Self:
        most = (self.seconds - self.margin_seconds) / 2.5
        if self.heartbeat_seconds > most:
            raise ValueError(
                f"heartbeat_seconds = {self.heartbeat_seconds:g} is more than (seconds - margin_seconds) / 2.5 ="
                f" {most:g}: two failed heartbeats would cost a healthy worker its lease"
            )
        return self

    @property
    def duration(self) -> Duration:
        """L in microseconds."""
        return round(self.seconds * SECOND)


class EngineConfig(_Section):
    """How a worker runs executions."""

    max_concurrent_jobs: int = Field(default=10, ge=1, le=10_000)
    max_processes: int = Field(
        default=0, ge=0, le=1000, description="warm processes for sync functions; 0 = one a slot, at most 32"
    )
    default_timeout_seconds: float = Field(default=300, gt=0)
    default_retry_count: int = Field(default=3, ge=0, le=1000)
    retry_delay_strategy: Strategy = Strategy.EXPONENTIAL
    queues: Words = ()
    poll_seconds: float = Field(default=1, gt=0, le=30, description="the truth behind the wake-ups")
    cancel_grace_seconds: float = Field(default=10, ge=0)
    drain_seconds: float = Field(default=30, ge=0, description="how long a stopping worker lets its jobs finish")
    log_bytes: int = Field(default=1_048_576, ge=0, description="log kept per attempt")

    @field_validator("retry_delay_strategy", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        known = {s.value.lower(): s for s in Strategy}
        return known.get(value.lower(), value) if isinstance(value, str) else value


class HttpConfig(_Section):
    """What HTTP jobs and webhooks may reach besides public addresses."""

    allow_private: Words = ()

    @field_validator("allow_private")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for item in value:
            ip_network(item, strict=False)
        return value

    @property
    def networks(self) -> list[IPv4Network | IPv6Network]:
        """The allowed ranges."""
        return [ip_network(item, strict=False) for item in self.allow_private]


class ScriptConfig(_Section):
    """Whether and where scripts run."""

    enabled: bool = True
    directory: Path | None = None


class StoreConfig(_Section):
    """How a process speaks to a database server. SQLite needs none of it."""

    pool_size: int = Field(default=16, ge=1, le=500, description="connections at most; the heartbeat has its own")
    pool_timeout_seconds: float = Field(default=5, gt=0, le=30, description="how long a request waits for one")
    transaction_idle_seconds: float = Field(
        default=15, gt=0, le=15, description="how long a frozen process may hold the locks of an open transaction"
    )

    def bounded_by(self, lease: LeaseConfig) -> "StoreConfig":
        """The same, with locks that end before a lease does whose last beat was H ago when the process froze: else
        what it held cannot be taken back when its lease has run out."""
        longest = min(self.transaction_idle_seconds, lease.seconds - lease.margin_seconds - lease.heartbeat_seconds)
        return self.model_copy(update={"transaction_idle_seconds": longest})


class ServerConfig(_Section):
    """Where the coordinator listens."""

    host: str = "127.0.0.1"
    port: int = Field(default=8400, ge=0, le=65535)
    behind_proxy: bool = False
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    max_body_bytes: int = Field(default=1_048_576, ge=1024)
    threads: int = Field(default=8, ge=1, le=200)


class HistoryConfig(_Section):
    """How much of the past is kept."""

    days: float = Field(default=30, gt=0)
    executions: int = Field(default=1_000_000, ge=0)
    event_hours: float = Field(default=24, gt=0)


class AuditConfig(_Section):
    """What makes it evident that somebody changed the audit (docs/guides/auditing.md)."""

    key: str = Field(default="", repr=False, description="what entries are sealed with, at least 32 characters")
    former_keys: Words = Field(default=(), repr=False, description="what they were sealed with before")
    anchor_file: Path | None = Field(default=None, description="where the head of the chain is noted, once a minute")

    @field_validator("key", "former_keys")
    @classmethod
    def _long_enough(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if any(0 < len(key) < _SHORTEST_KEY for key in ((value,) if isinstance(value, str) else value)):
            raise ValueError(f"a key of the audit has at least {_SHORTEST_KEY} characters; try: openssl rand -hex 32")
        return value

    @property
    def keyring(self) -> Keyring:
        """The keys as the store takes them."""
        return Keyring(self.key.encode(), tuple(key.encode() for key in self.former_keys))


_SHORTEST_KEY = 32


class Config(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        env_prefix="ROTA_",
        env_nested_delimiter="__",
        frozen=True,
        extra="ignore",
        nested_model_default_partial_update=True,
    )

    db: str = "sqlite:///rota.db"
    app: Words = ()
    environment: str = "DEV"
    admin_token: str | None = Field(default=None, repr=False)
    url: str | None = None
    token: str | None = Field(default=None, repr=False)
    submit_token: str | None = Field(default=None, repr=False)
    """Under which jobs of a worker over HTTP submit; None = under its own, which as a worker's may not."""
    log: Literal["plain", "json", "quiet"] = "plain"
    store: StoreConfig = StoreConfig()
    lease: LeaseConfig = LeaseConfig()
    engine: EngineConfig = EngineConfig()
    http: HttpConfig = HttpConfig()
    script: ScriptConfig = ScriptConfig()
    server: ServerConfig = ServerConfig()
    history: HistoryConfig = HistoryConfig()
    audit: AuditConfig = AuditConfig()

    @field_validator("environment")
    @classmethod
    def _known_environment(cls, value: str) -> str:
        if value.upper() not in ("DEV", "HOM", "PROD"):
            raise ValueError("environment is DEV, HOM or PROD")
        return value.upper()

    @field_validator("admin_token")
    @classmethod
    def _long_enough(cls, value: str | None) -> str | None:
        if value is not None and len(value) < 12:
            raise ValueError("an admin token has at least 12 characters")
        return value

    def shared(self) -> dict[str, Any]:
        """The settings that all coordinators of a store must have alike, by their names in a file."""
        engine = self.engine
        return {
            "environment": self.environment,
            "audit.key": f"the one named {self.audit.keyring.name}" if self.audit.key else "not set",
            **{f"lease.{key}": value for key, value in self.lease.model_dump(mode="json").items()},
            **{f"history.{key}": value for key, value in self.history.model_dump(mode="json").items()},
            "engine.default_timeout_seconds": engine.default_timeout_seconds,
            "engine.default_retry_count": engine.default_retry_count,
            "engine.retry_delay_strategy": engine.retry_delay_strategy.value,
        }

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Files come in by `load`, below the environment."""
        return (init_settings, env_settings, _FileSource(settings_cls))


class _FileSource(PydanticBaseSettingsSource):
    """The merged TOML files of the current `load`."""

    document: dict[str, Any] = {}

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return self.document.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return self.document


def load(files: Sequence[str | Path] = (), flags: Mapping[str, Any] | None = None) -> Config:
    """Read the configuration. `flags` is nested like the sections; None values are left out.

    ConfigurationInvalid names the key and what is wrong with it.
    """
    document: dict[str, Any] = {}
    for file in files:
        document = _merged(document, _read(Path(file)))
    unknown = sorted(set(document) - set(Config.model_fields))
    if unknown:
        raise ConfigurationInvalid(
            f"unknown key {unknown[0]!r} in the configuration file; known: {', '.join(Config.model_fields)}"
        )
    _FileSource.document = document
    try:
        return Config(**_without_none(flags or {}))
    except ValidationError as error:
        raise ConfigurationInvalid(_sentence(error)) from None
    except ValueError as error:
        raise ConfigurationInvalid(str(error)) from None
    finally:
        _FileSource.document = {}


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationInvalid(f"cannot read {file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationInvalid(f"{file} is not TOML: {error}") from None


def _merged(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        merged[key] = (
            _merged(merged[key], value) if isinstance(value, dict) and isinstance(merged.get(key), dict) else value
        )
    return merged


def _without_none(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _without_none(value) if isinstance(value, Mapping) else value
        for key, value in document.items()
        if value is not None
    }


def _sentence(error: ValidationError) -> str:
    lines = []
    for item in error.errors(include_url=False, include_input=False):
        key = ".".join(str(part) for part in item["loc"])
        variable = "ROTA_" + "__".join(str(part).upper() for part in item["loc"])
        lines.append(f"{key} ({variable}): {item['msg'].removeprefix('Value error, ')}")
    return "; ".join(lines)
