"""business calendars"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Name = sa.String(length=200)


def upgrade() -> None:
    op.create_table(
        "calendars",
        sa.Column("name", Name, nullable=False),
        sa.Column("definition", sa.Text(), nullable=False, comment="domain.calendar.Calendar as canonical JSON"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", Name, nullable=False),
        sa.Column("changed_by", Name, nullable=False),
        sa.Column("created_at", Number, nullable=False),
        sa.Column("updated_at", Number, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_calendars")),
    )
    op.create_table(
        "calendar_versions",
        sa.Column("name", Name, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("changed_by", Name, nullable=False),
        sa.Column("changed_at", Number, nullable=False),
        sa.ForeignKeyConstraint(
            ["name"], ["calendars.name"], name=op.f("fk_calendar_versions_name"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("pk_calendar_versions")),
    )
