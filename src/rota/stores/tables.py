"""The tables of work and of people, once, for all databases; those of time are in `schedule_tables`.

`executions` holds only what is not finished, so that it stays small however long the history grows; finished rows
move to `history` in the transaction that finishes them. Times are integer microseconds (docs/adr/0004).
"""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from rota.stores.columns import Digest, Id, Json, Moment, Name, Number, Seal
from rota.stores.metadata import CLUSTERED, metadata, where

_FREE = "state = 'Pending' AND limits IS NULL"
_GOVERNED = "state = 'Pending' AND limits IS NOT NULL"

jobs = Table(
    "jobs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Name, nullable=False),
    Column("type", String(2048), nullable=False),
    Column("state", String(16), nullable=False),
    Column("source", String(16), nullable=False, comment="api, code or file: who owns the definition"),
    Column("source_key", Name, comment="the name that code or a file knows the job by"),
    Column("category", Name),
    Column("owner", Name),
    Column("team", Name),
    Column("version", Integer, nullable=False),
    Column("definition", Json, nullable=False, comment="the whole of domain.job.Job as JSON"),
    Column("search", Text, nullable=False, comment="casefolded name, type, owner, team and #tags, one a line"),
    Column("note", Text, comment="why it is paused or disabled"),
    Column("resume_at", Moment, comment="when a pause ends by itself"),
    Column("created_by", Name, nullable=False),
    Column("changed_by", Name, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("deleted_at", Moment),
    Index(None, "name"),
    Index("uq_jobs_source_key", "source", "source_key", unique=True),
    Index("ix_jobs_resume", "resume_at", **where("resume_at IS NOT NULL")),
)

job_versions = Table(
    "job_versions",
    metadata,
    Column("job_id", Id, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("definition", Json, nullable=False),
    Column("changed_by", Name, nullable=False),
    Column("changed_at", Moment, nullable=False),
    PrimaryKeyConstraint("job_id", "version"),
)

executions = Table(
    "executions",
    metadata,
    Column("id", Id, nullable=False),
    Column("job_id", Id),
    Column("name", Name),
    Column("type", String(2048), nullable=False),
    Column("kind", String(16), nullable=False, comment="the executor kind of the type"),
    Column("queue", Name, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("latest_start", Moment),
    Column("created_at", Moment, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("parameters", Json),
    Column("timeout", Moment, nullable=False, comment="microseconds"),
    Column("retry", Json, comment="domain.retry.RetryPolicy; null = the default"),
    Column("max_attempts", Integer, nullable=False),
    Column("on_lost", String(8), comment="null = retry"),
    Column("isolation", String(16)),
    Column("lane", Name, comment="what does not overlap with others in the same lane"),
    Column("limits", Json, comment="domain.limits.Limits, the lane among them; null = none"),
    Column("schedule_id", Id),
    Column("nominal_at", Moment),
    Column("trigger", String(16), nullable=False),
    Column("actor", Name),
    Column("metadata", Json),
    Column("handle", Json, comment="what a Deferred left"),
    Column("token", Number),
    Column("worker_id", Id),
    Column("lease_expires_at", Moment),
    Column("started_at", Moment, comment="start of the current or last attempt"),
    Column("progress", Json),
    Column("cancellation", Json, comment="who asked, when, why, grace"),
    Column("error", Text, comment="of the last attempt"),
    PrimaryKeyConstraint("id"),
    Index("ix_executions_claimable", text("priority DESC"), "due_at", "id", **where(_FREE)),
    Index("ix_executions_governed", text("priority DESC"), "due_at", "id", **where(_GOVERNED)),
    Index("ix_executions_later", "due_at", **where("state IN ('Scheduled', 'Retrying')")),
    Index("ix_executions_leased", "worker_id", **where("state IN ('Running', 'Cancelling')")),
    Index("ix_executions_cancelling", "worker_id", **where("state = 'Cancelling'")),
    Index("ix_executions_lane", "lane", **where("lane IS NOT NULL")),
    Index("ix_executions_job", "job_id", "id", **where("job_id IS NOT NULL")),
    Index("ix_executions_schedule", "schedule_id", **where("schedule_id IS NOT NULL")),
    Index("ix_executions_latest", "latest_start", **where("latest_start IS NOT NULL")),
    **CLUSTERED,
)

history = Table(
    "history",
    metadata,
    *(
        Column(column.name, column.type, nullable=column.nullable)
        for column in executions.columns
        if column.name not in ("lease_expires_at", "handle", "progress", "latest_start", "lane", "limits")
    ),
    Column("finished_at", Moment, nullable=False),
    Column("result", Json),
    Column("stack", Text),
    Column("reason", Text),
    PrimaryKeyConstraint("id"),
    Index("ix_history_job", "job_id", "id", **where("job_id IS NOT NULL")),
    Index("ix_history_finished", "finished_at", "state", "started_at"),
    Index("ix_history_failed", "id", **where("state = 'Failed'")),
    **CLUSTERED,
)

attempts = Table(
    "attempts",
    metadata,
    Column("execution_id", Id, nullable=False),
    Column("token", Number, nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("worker_id", Id),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment, nullable=False),
    Column("error", Text),
    Column("stack", Text),
    PrimaryKeyConstraint("execution_id", "token"),
    **CLUSTERED,
)

logs = Table(
    "logs",
    metadata,
    Column("execution_id", Id, nullable=False),
    Column("token", Number, nullable=False),
    Column("line", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("stream", String(8), nullable=False),
    Column("text", Text, nullable=False),
    PrimaryKeyConstraint("execution_id", "token", "line"),
    **CLUSTERED,
)

workers = Table(
    "workers",
    metadata,
    Column("id", Id, primary_key=True, comment="new at every start: the incarnation"),
    Column("name", Name, nullable=False),
    Column("hostname", Name),
    Column("pid", Integer),
    Column("state", String(16), nullable=False, comment="Alive, Draining, Stopped or Dead"),
    Column("capacity", Integer, nullable=False),
    Column("queues", Json, comment="null = every queue"),
    Column("types", Json, comment="null = unknown: any type may be tried"),
    Column("labels", Json),
    Column("version", Name),
    Column("transport", String(16), nullable=False, comment="database or http"),
    Column("registered_by", Name, comment="over HTTP, whose token let it in"),
    Column("running", Integer, nullable=False),
    Column(
        "sequence", Number, nullable=False, server_default="0", comment="over HTTP, the number of its last exchange"
    ),
    Column("registered_at", Moment, nullable=False),
    Column("heartbeat_at", Moment, nullable=False),
    Column("lease_expires_at", Moment, nullable=False),
    Column("ended_at", Moment),
)

coordinators = Table(
    "coordinators",
    metadata,
    Column("id", Id, primary_key=True, comment="new at every start"),
    Column("name", Name, nullable=False),
    Column("hostname", Name, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", Name, nullable=False),
    Column("settings", Json, nullable=False, comment="what all coordinators of a store must share"),
    Column("started_at", Moment, nullable=False),
    Column("heartbeat_at", Moment, nullable=False),
    Column("ended_at", Moment),
)

events = Table(
    "events",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("kind", String(48), nullable=False),
    Column("execution_id", Id),
    Column("job_id", Id),
    Column("data", Json),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("actor", Name, nullable=False),
    Column("action", String(48), nullable=False),
    Column("noun", String(24), nullable=False),
    Column("subject_id", String(200)),
    Column("detail", Json),
    Column("seal", Seal),
)

audit_links = Table(
    "audit_links",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("digest", Digest, nullable=False),
    Column("key_name", String(16), nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("principal", Name, nullable=False),
    Column("key", String(255), nullable=False),
    Column("body_hash", LargeBinary(32), nullable=False),
    Column("status", Integer, nullable=False),
    Column("location", Text),
    Column("reply", Json, nullable=False),
    Column("created_at", Moment, nullable=False),
    PrimaryKeyConstraint("principal", "key"),
    Index(None, "created_at"),
)

keys = Table(
    "keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Name, nullable=False),
    Column("role", String(16), nullable=False),
    Column("prefix", String(24), nullable=False),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("created_by", Name, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("last_used_at", Moment),
    Column("revoked_at", Moment),
    Column("queues", Json, comment="that a worker's key is bound to; null = every queue"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key_id", Id, ForeignKey("keys.id", ondelete="CASCADE"), nullable=False, comment="whose rights it has"),
    Column("hash", Digest, nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index(None, "key_id"),
    Index(None, "expires_at"),
)

enrolments = Table(
    "enrolments",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Name, comment="what the key will be called; null = by the enrolment"),
    Column("queues", Json, comment="those of the key; null = every queue"),
    Column("hash", Digest, nullable=False, unique=True),
    Column("created_by", Name, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    Column("key_id", Id, comment="the key that it was exchanged for"),
)

queues = Table(
    "queues",
    metadata,
    Column("name", Name, primary_key=True, comment="* = the whole fleet"),
    Column("priority", Integer, nullable=False, comment="added to that of its executions"),
    Column("paused", SmallInteger, nullable=False),
    Column("note", Text),
    Column("max_running", Integer),
    Column("rate_count", Integer),
    Column("rate_per", Moment, comment="microseconds"),
    Column("changed_by", Name, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

rates = Table(
    "rates",
    metadata,
    Column("name", Name, primary_key=True),
    Column("marks", Json, nullable=False, comment="domain.admission.Starts"),
    Column("over_at", Moment, nullable=False, comment="when nothing in it counts any more"),
    Index(None, "over_at"),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Number, nullable=False),
)
