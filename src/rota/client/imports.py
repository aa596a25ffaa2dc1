"""Jobs that came from elsewhere: created once, found again by the tag of their source, and brought up to date."""

from collections.abc import Mapping
from dataclasses import dataclass

from rota.client.client import Client, Document
from rota.domain.errors import Conflict

CREATED, UPDATED, UNCHANGED = "created", "updated", "unchanged"
_MOST_SEARCHED = 500
_FIRST_TIME = ("name", "jobType", "tags", "timeoutSeconds", "retryCount")
"""What an import sets when it creates a job, and leaves to people afterwards."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of an entry, and the job that it is now."""

    action: str
    id: str
    name: str


def save(client: Client, tag: str, wanted: Mapping[str, object]) -> Saved:
    """Create the job of a source, or update the one that holds `tag`. Conflict if several hold it.

    An update changes what the source says: schedules, parameters, description. The name and what people have set stays.
    """
    query = {"tag": tag}
    known = [job for job in client.items("jobs", query=query, most=_MOST_SEARCHED) if tag in (job.get("tags") or ())]
    if len(known) > 1:
        raise Conflict(f"{len(known)} jobs have the tag {tag}; take it from all but one")
    if not known:
        made = client.post("jobs", body={**wanted, "tags": [*_tags(wanted), tag]})
        return Saved(CREATED, str(made["id"]), str(made["name"]))
    id = str(known[0]["id"])
    before, schedules = client.answer("GET", "jobs", id), _schedules(client, id)
    after = client.put("jobs", id, body=_changes(before.document, wanted), etag=before.etag)
    same = before.document.get("version") == after.get("version") and schedules == _schedules(client, id)
    return Saved(UNCHANGED if same else UPDATED, id, str(after["name"]))


def _schedules(client: Client, id: str) -> dict[str, object]:
    """The schedules of a job, with the revision that changes when one of them does."""
    return {str(one["id"]): one.get("revision") for one in client.items("schedules", query={"jobId": id})}


def _changes(job: Document, wanted: Mapping[str, object]) -> Document:
    """What the source says, without a name: a document with a name or a type replaces the whole definition."""
    if wanted.get("jobType") != job.get("jobType"):
        return {**wanted, "name": job["name"], "tags": _joined(job, wanted)}
    changes = {name: value for name, value in wanted.items() if name not in _FIRST_TIME}
    return changes | {"tags": _joined(job, wanted)}


def _joined(job: Document, wanted: Mapping[str, object]) -> list[str]:
    return list(dict.fromkeys([*(job.get("tags") or ()), *_tags(wanted)]))


def _tags(wanted: Mapping[str, object]) -> list[str]:
    found = wanted.get("tags")
    return [str(tag) for tag in found] if isinstance(found, list) else []
