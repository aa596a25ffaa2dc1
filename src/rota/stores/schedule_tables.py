"""The tables of time: schedules and what is around them, and the ledger of their instants."""

from sqlalchemy import Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, SmallInteger, String, Table, Text

from rota.stores.columns import Id, Json, Moment, Name
from rota.stores.metadata import CLUSTERED, metadata, where

_UNMET = "decision IN ('missed', 'expired', 'coalesced', 'skippedOverlap')"

schedules = Table(
    "schedules",
    metadata,
    Column("id", Id, primary_key=True),
    Column("job_id", Id, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("key", Name, comment="names the schedule inside its job"),
    Column("name", Name),
    Column("state", String(16), nullable=False, comment="Enabled, Paused or Ended"),
    Column("rule", Json, nullable=False, comment="domain.schedule.Schedule as canonical JSON"),
    Column("revision", Integer, nullable=False),
    Column("revised_at", Moment, nullable=False),
    Column("cursor_at", Moment, nullable=False, comment="the last nominal instant that is decided"),
    Column("next_at", Moment, comment="the next nominal instant to decide; null when there is none"),
    Column("fires_at", Moment, comment="the next one that rule, calendar and exceptions let fire"),
    Column("planned_with", Name, comment="the data of zones and holidays that those two were computed with"),
    Column("probed", SmallInteger, nullable=False, server_default="0", comment="its condition asks over HTTP"),
    Column("runs", Integer, nullable=False),
    Column("note", Text),
    Column("created_by", Name, nullable=False),
    Column("changed_by", Name, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index(None, "job_id"),
    Index("ix_schedules_due", "next_at", **where("state = 'Enabled' AND next_at IS NOT NULL")),
    Index("ix_schedules_coming", "fires_at", **where("state = 'Enabled' AND fires_at IS NOT NULL")),
    Index("ix_schedules_probed", "next_at", **where("state = 'Enabled' AND next_at IS NOT NULL AND probed = 1")),
)

schedule_exceptions = Table(
    "schedule_exceptions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("schedule_id", Id, ForeignKey("schedules.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(8), nullable=False, comment="skip, move or add"),
    Column("at", Moment, nullable=False),
    Column("until", Moment, comment="the last instant that is skipped; null = at alone"),
    Column("to", Moment, comment="where a moved one fires"),
    Column("reason", Text),
    Column("created_by", Name, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index(None, "schedule_id"),
)

freezes = Table(
    "freezes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("scope", Json, nullable=False, comment="domain.freeze.Scope: whom it concerns"),
    Column("created_by", Name, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index(None, "ends_at"),
)

calendars = Table(
    "calendars",
    metadata,
    Column("name", Name, primary_key=True),
    Column("definition", Json, nullable=False, comment="domain.calendar.Calendar as canonical JSON"),
    Column("version", Integer, nullable=False),
    Column("created_by", Name, nullable=False),
    Column("changed_by", Name, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

calendar_versions = Table(
    "calendar_versions",
    metadata,
    Column("name", Name, ForeignKey("calendars.name", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("definition", Json, nullable=False),
    Column("changed_by", Name, nullable=False),
    Column("changed_at", Moment, nullable=False),
    PrimaryKeyConstraint("name", "version"),
)

occurrences = Table(
    "occurrences",
    metadata,
    Column("schedule_id", Id, nullable=False),
    Column("nominal_at", Moment, nullable=False),
    Column("decision", String(24), nullable=False),
    Column("reason", Text),
    Column("execution_id", Id),
    Column("decided_at", Moment, nullable=False),
    PrimaryKeyConstraint("schedule_id", "nominal_at"),
    Index("ix_occurrences_decided", "decided_at"),
    Index("ix_occurrences_unmet", "decided_at", **where(_UNMET)),
    **CLUSTERED,
)
