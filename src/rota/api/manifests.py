"""/api/apply and /api/export: jobs, schedules and calendars as one document."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from rota.api.documents import Document, described
from rota.api.errors import documented
from rota.api.models import Input, Output, PlainText, reply
from rota.api.security import EditContext, ReadContext
from rota.service import manifest_export, manifests
from rota.service.manifests import Action

router = APIRouter()


class ManifestInput(BaseModel):
    """What is to be there. Definitions are those of `/api/jobs`, `/api/calendars` and `/api/schedules`."""

    calendars: list[dict[str, Any]] = Field([], description="each with its `name`; overrides that are not given stay")
    jobs: list[dict[str, Any]] = Field([], description="each with its `name` and all of its schedules")
    schedules: list[dict[str, Any]] = Field([], description="each with `job`, the name of one, and its `key`")


class FieldChange(Output):
    """A field as it was and as it is."""

    name: str
    before: Any
    after: Any
    fires: str | None = Field(description="what that does to the times at which something fires")


class AppliedOutput(Output):
    """An object, and what became of it."""

    noun: str = Field(description="calendar, job or schedule")
    name: str
    id: str
    action: Action
    changes: list[FieldChange]


class AppliedObjects(Output):
    """What became of each object, in the order in which they were applied."""

    dry_run: bool
    items: list[AppliedOutput]


class PruneQuery(Input):
    """What is to go."""

    prune: bool = Field(False, description="delete the jobs that came from a manifest and are not in this one")
    tag: PlainText | None = Field(None, max_length=200, description="prune only those that have this tag")
    dry_run: bool = Field(False, description="answer what it would do, and store nothing")


@router.post("/apply", response_model=AppliedObjects, responses=documented(422), openapi_extra=described(ManifestInput))
def apply_manifest(document: Document, ctx: EditContext, query: Annotated[PruneQuery, Query()]) -> Response:
    """Make jobs, schedules and calendars what the document says: all of it or, if anything is wrong, nothing."""
    done = manifests.apply(ctx, document, dry_run=query.dry_run, prune=query.prune, tag=query.tag)
    return reply(AppliedObjects(dry_run=query.dry_run, items=[AppliedOutput.model_validate(one) for one in done]))


class Manifest(Output):
    """Jobs, with their schedules, and calendars. Fields that say what they would say anyway are left out."""

    calendars: list[dict[str, Any]]
    jobs: list[dict[str, Any]]


class ExportQuery(Input):
    """What is written out."""

    job_id: PlainText | None = Field(
        None,
        max_length=8000,
        description="these jobs, with commas between them, and their calendars; null = everything",
    )


@router.get("/export", response_model=Manifest, responses=documented(404, 422))
def export_manifest(ctx: ReadContext, query: Annotated[ExportQuery, Query()]) -> Response:
    """Write out what is there, but for the jobs that code defines. Applied here again, it changes nothing but who
    defines the jobs.
    """
    chosen = dict.fromkeys(id.strip() for id in (query.job_id or "").split(",") if id.strip())
    return reply(Manifest.model_validate(manifest_export.export(ctx, list(chosen))))
