"""limits of the fleet: queues with settings, rates, and more than one limit for an execution"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_FREE = sa.text("state = 'Pending' AND limits IS NULL")
_GOVERNED = sa.text("state = 'Pending' AND limits IS NOT NULL")
_ORDER = (sa.text("priority DESC"), "due_at", "id")
_LANE = sa.text("lane IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "queues",
        sa.Column("name", sa.String(length=200), nullable=False, comment="* = the whole fleet"),
        sa.Column("priority", sa.Integer(), nullable=False, comment="added to that of its executions"),
        sa.Column("paused", sa.SmallInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("max_running", sa.Integer(), nullable=True),
        sa.Column("rate_count", sa.Integer(), nullable=True),
        sa.Column("rate_per", Number, nullable=True, comment="microseconds"),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.Column("updated_at", Number, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_queues")),
    )
    op.create_table(
        "rates",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("marks", sa.Text(), nullable=False, comment="domain.admission.Starts"),
        sa.Column("over_at", Number, nullable=False, comment="when nothing in it counts any more"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_rates")),
    )
    op.create_index(op.f("ix_rates_over_at"), "rates", ["over_at"])
    op.bulk_insert(
        sa.table("counters", sa.column("name", sa.String), sa.column("value", sa.BigInteger)),
        [{"name": "limits", "value": 0}],
    )
    op.drop_index("ix_executions_limited", table_name="executions")
    op.drop_index("ix_executions_claimable", table_name="executions")
    op.execute("ALTER TABLE executions RENAME COLUMN concurrency_key TO lane")
    op.add_column("executions", sa.Column("limits", sa.Text(), nullable=True))
    _write_limits()
    op.execute("ALTER TABLE executions DROP COLUMN concurrency_limit")
    op.create_index("ix_executions_claimable", "executions", _ORDER, sqlite_where=_FREE, postgresql_where=_FREE)
    op.create_index("ix_executions_governed", "executions", _ORDER, sqlite_where=_GOVERNED, postgresql_where=_GOVERNED)
    op.create_index("ix_executions_lane", "executions", ["lane"], sqlite_where=_LANE, postgresql_where=_LANE)


def _write_limits() -> None:
    """What an execution was under as one key and its limit becomes a list of one cap."""
    executions = sa.table("executions", *(sa.column(name) for name in ("lane", "concurrency_limit", "limits")))
    columns = executions.c
    connection = op.get_bind()
    under = sa.select(columns.lane, columns.concurrency_limit).where(columns.lane.is_not(None)).distinct()
    for lane, most in connection.execute(under).all():
        same = sa.and_(columns.lane == lane, columns.concurrency_limit == most)
        text = json.dumps([[[lane, most]], []], ensure_ascii=False, separators=(",", ":"))
        connection.execute(sa.update(executions).where(same).values(limits=text))
    connection.execute(sa.update(executions).where(columns.lane.like("job:%")).values(lane=None))
