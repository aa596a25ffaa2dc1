"""/api/audit: who changed what, and whether that is still what was written."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator, Field

from rota.api.errors import documented
from rota.api.models import Input, Output, Page, Paging, PlainText, Time, cursor_after, number_in, reply
from rota.api.security import AuditContext
from rota.domain.audit import SAYS, Flaw
from rota.service import audit

router = APIRouter()


class AuditEntry(Output):
    """One change."""

    seq: int
    at: Time
    actor: str
    action: str
    noun: str
    subject_id: str | None
    detail: dict[str, Any]


class AuditQuery(Paging):
    """Which changes."""

    noun: PlainText | None = Field(None, max_length=24)
    subject_id: PlainText | None = Field(None, max_length=200)
    actor: PlainText | None = Field(None, max_length=200)


@router.get("", response_model=Page[AuditEntry], responses=documented(422))
def list_audit(ctx: AuditContext, query: Annotated[AuditQuery, Query()]) -> Response:
    """The changes, newest first."""
    found = audit.page(
        ctx,
        before=number_in(query.cursor),
        limit=query.limit,
        noun=query.noun,
        subject_id=query.subject_id,
        actor=query.actor,
    )
    items = [AuditEntry.model_validate(entry) for entry in found]
    return reply(Page[AuditEntry](items=items, next_cursor=cursor_after(found, query.limit, found and found[-1].seq)))


class Head(Output):
    """The last link of the chain: noted somewhere else, it is an anchor."""

    seq: int
    digest: str = Field(description="in hexadecimal digits")


class Problem(Output):
    """An entry that is not as it was written."""

    seq: int
    problem: Flaw
    message: str


class AuditVerdict(Output):
    """What an examination of the whole audit came to."""

    valid: bool
    entries: int
    waiting: int = Field(description="entries of the last moment, sealed and not linked yet")
    unsealed: int = Field(description="entries from before the chain, of which nothing is known")
    keyed_from: int | None = Field(description="the entry from which on links are made with a key; null = none is")
    anchors: int = Field(description="how many anchors the chain was held against")
    head: Head | None = Field(description="null = nothing is linked yet")
    first_bad_seq: int | None
    problems: list[Problem] = Field(description="by number; the first hundred of each kind")


def _anchor(text: str) -> tuple[int, bytes]:
    found = re.fullmatch(r"([1-9][0-9]{0,17}):([0-9a-fA-F]{64})", text)
    if found is None:
        raise ValueError("write an anchor as SEQ:DIGEST, a head as it was shown before")
    return int(found[1]), bytes.fromhex(found[2])


def _is_anchor(text: str) -> str:
    _anchor(text)
    return text


class VerifyQuery(Input):
    """Against what the chain is held besides the coordinator's own anchors."""

    anchor: Annotated[str, AfterValidator(_is_anchor)] | None = Field(
        None, description="the head that was shown before, as SEQ:DIGEST"
    )


@router.get("/verify", response_model=AuditVerdict, responses=documented(422))
def verify_audit(ctx: AuditContext, query: Annotated[VerifyQuery, Query()]) -> Response:
    """Examine every entry, and every link between them. Takes some seconds for each million of entries."""
    found = audit.verify(ctx, None if query.anchor is None else _anchor(query.anchor))
    head = None if found.head is None else Head(seq=found.head.seq, digest=found.head.digest.hex())
    return reply(
        AuditVerdict(
            valid=not found.findings,
            entries=found.entries,
            waiting=found.waiting,
            unsealed=found.unsealed,
            keyed_from=found.keyed_from,
            anchors=found.anchors,
            head=head,
            first_bad_seq=found.findings[0].seq if found.findings else None,
            problems=[Problem(seq=one.seq, problem=one.flaw, message=SAYS[one.flaw]) for one in found.findings],
        )
    )


@router.get("/{seq}", response_model=AuditEntry, responses=documented(404, 422))
def get_audit_entry(ctx: AuditContext, seq: Annotated[int, Path(ge=1, le=2**53)]) -> Response:
    """One change."""
    return reply(AuditEntry.model_validate(audit.get(ctx, seq)))
