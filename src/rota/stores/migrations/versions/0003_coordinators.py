"""coordinators"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
Id = sa.Uuid(as_uuid=False).with_variant(sa.CHAR(36), "sqlite", "mysql", "mariadb")
Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "coordinators",
        sa.Column("id", Id, nullable=False, comment="new at every start"),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("hostname", sa.String(length=200), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False, comment="what all coordinators of a store must share"),
        sa.Column("started_at", Number, nullable=False),
        sa.Column("heartbeat_at", Number, nullable=False),
        sa.Column("ended_at", Number, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coordinators")),
    )
