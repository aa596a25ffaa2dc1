"""exceptions to schedules, freezes, and what an instant was computed with"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
Id = sa.Uuid(as_uuid=False).with_variant(sa.CHAR(36), "sqlite", "mysql", "mariadb")
Moment = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Name = sa.String(length=200)


def upgrade() -> None:
    op.add_column(
        "schedules",
        sa.Column(
            "fires_at", Moment, nullable=True, comment="the next one that rule, calendar and exceptions let fire"
        ),
    )
    op.add_column(
        "schedules",
        sa.Column(
            "planned_with",
            Name,
            nullable=True,
            comment="the data of zones and holidays that those two were computed with",
        ),
    )
    op.add_column(
        "schedules",
        sa.Column(
            "probed", sa.SmallInteger(), server_default="0", nullable=False, comment="its condition asks over HTTP"
        ),
    )
    op.execute("UPDATE schedules SET fires_at = next_at")
    probed = sa.text("state = 'Enabled' AND next_at IS NOT NULL AND probed = 1")
    partial = op.get_bind().dialect.name not in ("mysql", "mariadb")
    op.create_index(
        "ix_schedules_probed",
        "schedules",
        ["next_at"] if partial else ["state", "probed", "next_at"],
        sqlite_where=probed,
        postgresql_where=probed,
    )
    op.create_table(
        "schedule_exceptions",
        sa.Column("id", Id, nullable=False),
        sa.Column("schedule_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False, comment="skip, move or add"),
        sa.Column("at", Moment, nullable=False),
        sa.Column("until", Moment, nullable=True, comment="the last instant that is skipped; null = at alone"),
        sa.Column("to", Moment, nullable=True, comment="where a moved one fires"),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_by", Name, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_exceptions")),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["schedules.id"],
            name=op.f("fk_schedule_exceptions_schedule_id"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(op.f("ix_schedule_exceptions_schedule_id"), "schedule_exceptions", ["schedule_id"])
    op.create_table(
        "freezes",
        sa.Column("id", Id, nullable=False),
        sa.Column("starts_at", Moment, nullable=False),
        sa.Column("ends_at", Moment, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False, comment="domain.freeze.Scope: whom it concerns"),
        sa.Column("created_by", Name, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freezes")),
    )
    op.create_index(op.f("ix_freezes_ends_at"), "freezes", ["ends_at"])
