"""first tables"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
Id = sa.Uuid(as_uuid=False).with_variant(sa.CHAR(36), "sqlite", "mysql", "mariadb")
Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("execution_id", Id, nullable=False),
        sa.Column("token", Number, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("worker_id", Id, nullable=True),
        sa.Column("started_at", Number, nullable=False),
        sa.Column("finished_at", Number, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("stack", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("execution_id", "token", name=op.f("pk_attempts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit",
        sa.Column("seq", Number, autoincrement=True, nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=48), nullable=False),
        sa.Column("noun", sa.String(length=24), nullable=False),
        sa.Column("subject_id", sa.String(length=200), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", Number, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "events",
        sa.Column("seq", Number, autoincrement=True, nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.Column("kind", sa.String(length=48), nullable=False),
        sa.Column("execution_id", Id, nullable=True),
        sa.Column("job_id", Id, nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_events")),
    )
    op.create_table(
        "executions",
        sa.Column("id", Id, nullable=False),
        sa.Column("job_id", Id, nullable=True),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("type", sa.String(length=2048), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="the executor kind of the type"),
        sa.Column("queue", sa.String(length=200), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("due_at", Number, nullable=False),
        sa.Column("latest_start", Number, nullable=True),
        sa.Column("created_at", Number, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=True),
        sa.Column("timeout", Number, nullable=False, comment="microseconds"),
        sa.Column("retry", sa.Text(), nullable=True, comment="domain.retry.RetryPolicy; null = the default"),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("on_lost", sa.String(length=8), nullable=True, comment="null = retry"),
        sa.Column("isolation", sa.String(length=16), nullable=True),
        sa.Column("concurrency_key", sa.String(length=200), nullable=True),
        sa.Column("concurrency_limit", sa.Integer(), nullable=True),
        sa.Column("schedule_id", Id, nullable=True),
        sa.Column("nominal_at", Number, nullable=True),
        sa.Column("trigger", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=True),
        sa.Column("metadata", sa.Text(), nullable=True),
        sa.Column("handle", sa.Text(), nullable=True, comment="what a Deferred left"),
        sa.Column("token", Number, nullable=True),
        sa.Column("worker_id", Id, nullable=True),
        sa.Column("lease_expires_at", Number, nullable=True),
        sa.Column("started_at", Number, nullable=True, comment="start of the current or last attempt"),
        sa.Column("progress", sa.Text(), nullable=True),
        sa.Column("cancellation", sa.Text(), nullable=True, comment="who asked, when, why, grace"),
        sa.Column("error", sa.Text(), nullable=True, comment="of the last attempt"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_executions")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("executions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_executions_cancelling",
            ["worker_id"],
            unique=False,
            sqlite_where=sa.text("state = 'Cancelling'"),
            postgresql_where=sa.text("state = 'Cancelling'"),
        )
        batch_op.create_index(
            "ix_executions_job",
            ["job_id", "id"],
            unique=False,
            sqlite_where=sa.text("job_id IS NOT NULL"),
            postgresql_where=sa.text("job_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_executions_later",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('Scheduled', 'Retrying')"),
            postgresql_where=sa.text("state IN ('Scheduled', 'Retrying')"),
        )
        batch_op.create_index(
            "ix_executions_leased",
            ["worker_id"],
            unique=False,
            sqlite_where=sa.text("state IN ('Running', 'Cancelling')"),
            postgresql_where=sa.text("state IN ('Running', 'Cancelling')"),
        )
        batch_op.create_index(
            "ix_executions_limited",
            ["concurrency_key"],
            unique=False,
            sqlite_where=sa.text("concurrency_key IS NOT NULL"),
            postgresql_where=sa.text("concurrency_key IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_executions_schedule",
            ["schedule_id"],
            unique=False,
            sqlite_where=sa.text("schedule_id IS NOT NULL"),
            postgresql_where=sa.text("schedule_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_executions_latest",
            ["latest_start"],
            unique=False,
            sqlite_where=sa.text("latest_start IS NOT NULL"),
            postgresql_where=sa.text("latest_start IS NOT NULL"),
        )

    op.create_table(
        "history",
        sa.Column("id", Id, nullable=False),
        sa.Column("job_id", Id, nullable=True),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("type", sa.String(length=2048), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("queue", sa.String(length=200), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("due_at", Number, nullable=False),
        sa.Column("created_at", Number, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=True),
        sa.Column("timeout", Number, nullable=False),
        sa.Column("retry", sa.Text(), nullable=True),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("on_lost", sa.String(length=8), nullable=True),
        sa.Column("isolation", sa.String(length=16), nullable=True),
        sa.Column("schedule_id", Id, nullable=True),
        sa.Column("nominal_at", Number, nullable=True),
        sa.Column("trigger", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=True),
        sa.Column("metadata", sa.Text(), nullable=True),
        sa.Column("token", Number, nullable=True),
        sa.Column("worker_id", Id, nullable=True),
        sa.Column("started_at", Number, nullable=True),
        sa.Column("cancellation", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("finished_at", Number, nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("stack", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("history", schema=None) as batch_op:
        batch_op.create_index(
            "ix_history_failed",
            ["id"],
            unique=False,
            sqlite_where=sa.text("state = 'Failed'"),
            postgresql_where=sa.text("state = 'Failed'"),
        )
        batch_op.create_index("ix_history_finished", ["finished_at", "state", "started_at"], unique=False)
        batch_op.create_index(
            "ix_history_job",
            ["job_id", "id"],
            unique=False,
            sqlite_where=sa.text("job_id IS NOT NULL"),
            postgresql_where=sa.text("job_id IS NOT NULL"),
        )

    op.create_table(
        "idempotency",
        sa.Column("principal", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("created_at", Number, nullable=False),
        sa.PrimaryKeyConstraint("principal", "key", name=op.f("pk_idempotency")),
    )
    with op.batch_alter_table("idempotency", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_idempotency_created_at"), ["created_at"], unique=False)

    op.create_table(
        "jobs",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("type", sa.String(length=2048), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False, comment="api, code or file: who owns the definition"),
        sa.Column(
            "source_key", sa.String(length=200), nullable=True, comment="the name that code or a file knows the job by"
        ),
        sa.Column("category", sa.String(length=200), nullable=True),
        sa.Column("owner", sa.String(length=200), nullable=True),
        sa.Column("team", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False, comment="the whole of domain.job.Job as JSON"),
        sa.Column(
            "search", sa.Text(), nullable=False, comment="casefolded name, type, owner, team and #tags, one a line"
        ),
        sa.Column("note", sa.Text(), nullable=True, comment="why it is paused or disabled"),
        sa.Column("resume_at", Number, nullable=True, comment="when a pause ends by itself"),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", Number, nullable=False),
        sa.Column("updated_at", Number, nullable=False),
        sa.Column("deleted_at", Number, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_jobs_name"), ["name"], unique=False)
        batch_op.create_index("uq_jobs_source_key", ["source", "source_key"], unique=True)
        batch_op.create_index(
            "ix_jobs_resume",
            ["resume_at"],
            unique=False,
            sqlite_where=sa.text("resume_at IS NOT NULL"),
            postgresql_where=sa.text("resume_at IS NOT NULL"),
        )

    op.create_table(
        "keys",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("prefix", sa.String(length=24), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", Number, nullable=False),
        sa.Column("expires_at", Number, nullable=True),
        sa.Column("last_used_at", Number, nullable=True),
        sa.Column("revoked_at", Number, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keys")),
        sa.UniqueConstraint("hash", name=op.f("uq_keys_hash")),
    )
    op.create_table(
        "logs",
        sa.Column("execution_id", Id, nullable=False),
        sa.Column("token", Number, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.Column("stream", sa.String(length=8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("execution_id", "token", "line", name=op.f("pk_logs")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "occurrences",
        sa.Column("schedule_id", Id, nullable=False),
        sa.Column("nominal_at", Number, nullable=False),
        sa.Column("decision", sa.String(length=24), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("execution_id", Id, nullable=True),
        sa.Column("decided_at", Number, nullable=False),
        sa.PrimaryKeyConstraint("schedule_id", "nominal_at", name=op.f("pk_occurrences")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_occurrences_decided", "occurrences", ["decided_at"])
    op.create_table(
        "workers",
        sa.Column("id", Id, nullable=False, comment="new at every start: the incarnation"),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("hostname", sa.String(length=200), nullable=True),
        sa.Column("pid", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False, comment="Alive, Draining, Stopped or Dead"),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("queues", sa.Text(), nullable=True, comment="null = every queue"),
        sa.Column("types", sa.Text(), nullable=True, comment="null = unknown: any type may be tried"),
        sa.Column("labels", sa.Text(), nullable=True),
        sa.Column("version", sa.String(length=200), nullable=True),
        sa.Column("transport", sa.String(length=16), nullable=False, comment="database or http"),
        sa.Column("registered_by", sa.String(length=200), nullable=True, comment="over HTTP, whose token let it in"),
        sa.Column("running", sa.Integer(), nullable=False),
        sa.Column("registered_at", Number, nullable=False),
        sa.Column("heartbeat_at", Number, nullable=False),
        sa.Column("lease_expires_at", Number, nullable=False),
        sa.Column("ended_at", Number, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_table(
        "job_versions",
        sa.Column("job_id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.Column("changed_at", Number, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_versions_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "version", name=op.f("pk_job_versions")),
    )
    op.create_table(
        "schedules",
        sa.Column("id", Id, nullable=False),
        sa.Column("job_id", Id, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=True, comment="names the schedule inside its job"),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False, comment="Enabled, Paused or Ended"),
        sa.Column("rule", sa.Text(), nullable=False, comment="domain.schedule.Schedule as canonical JSON"),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("revised_at", Number, nullable=False),
        sa.Column("cursor_at", Number, nullable=False, comment="the last nominal instant that is decided"),
        sa.Column("next_at", Number, nullable=True, comment="the next nominal instant; null when there is none"),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", Number, nullable=False),
        sa.Column("updated_at", Number, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_schedules_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
    )
    with op.batch_alter_table("schedules", schema=None) as batch_op:
        batch_op.create_index(
            "ix_schedules_due",
            ["next_at"],
            unique=False,
            sqlite_where=sa.text("state = 'Enabled' AND next_at IS NOT NULL"),
            postgresql_where=sa.text("state = 'Enabled' AND next_at IS NOT NULL"),
        )
        batch_op.create_index(batch_op.f("ix_schedules_job_id"), ["job_id"], unique=False)
    op.create_index(
        "ix_executions_claimable",
        "executions",
        [sa.text("priority DESC"), "due_at", "id"],
        sqlite_where=sa.text("state = 'Pending'"),
        postgresql_where=sa.text("state = 'Pending'"),
    )
    op.bulk_insert(
        sa.table("counters", sa.column("name", sa.String), sa.column("value", sa.BigInteger)),
        [{"name": "token", "value": 0}, {"name": "definitions", "value": 0}],
    )
    if op.get_bind().dialect.name != "sqlite":
        op.execute("CREATE SEQUENCE tokens")
