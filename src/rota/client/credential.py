"""A worker's own credential: got once in exchange for the token of an enrolment, and kept in a file from then on."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from rota.client.coordinators import Coordinators
from rota.domain.access import ENROLMENT_PREFIX
from rota.domain.errors import ConfigurationInvalid

DEFAULT_FILE = Path("rota-worker.json")
"""In the working directory, as `rota.db` is."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What a worker sends. `enrolment` is the SHA-256 of the token that it was got for."""

    token: str
    name: str
    queues: list[str] | None
    key_id: str
    enrolment: str


def is_enrolment(token: str) -> bool:
    """Whether this is the token of an enrolment, which opens nothing but the exchange for a credential."""
    return token.startswith(ENROLMENT_PREFIX)


def read(file: Path) -> Credential:
    """The credential in a file. ConfigurationInvalid when it cannot be read, or others may read it."""
    try:
        if file.stat().st_mode & 0o077:
            raise ConfigurationInvalid(f"others may read the credential in {file}; run: chmod 600 {file}")
        return Credential(**json.loads(file.read_text("utf-8")))
    except OSError as error:
        raise ConfigurationInvalid(f"cannot read the credential in {file}: {error.strerror}") from None
    except (TypeError, ValueError):
        raise ConfigurationInvalid(f"{file} holds no credential; remove it and invite the worker again") from None


def enrolled(urls: list[str], token: str, file: Path) -> Credential:
    """The credential for the token of an enrolment: the kept one where it was got for this token, else a new one.

    EnrolmentRefused when the token is unknown, was used before, or has expired; Unavailable when nobody answers.
    """
    mark = hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
    if file.exists() and (kept := read(file)).enrolment == mark:
        return kept
    _require_place(file)
    coordinators = Coordinators(urls, token)
    try:
        made = coordinators.ask(lambda client: client.post("workers", "enrol"))
    finally:
        coordinators.close()
    try:
        got = Credential(made["token"], made["name"], made["queues"], made["keyId"], mark)
    except KeyError:
        raise ConfigurationInvalid("the coordinator's answer cannot be read: is it of another version?") from None
    _write(file, got)
    return got


def _require_place(file: Path) -> None:
    """Known before the enrolment is used up."""
    folder = file.resolve().parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigurationInvalid(f"the credential cannot be kept in {folder}; name another place: --credential FILE")


def _write(file: Path, credential: Credential) -> None:
    """Whole or not at all, and never readable by others."""
    beside = file.with_name(f"{file.name}.{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as opened:
        json.dump(asdict(credential), opened, indent=2)
        opened.write("\n")
        opened.flush()
        os.fsync(opened.fileno())
    beside.replace(file)
