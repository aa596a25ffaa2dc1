"""credentials of workers, and the order of what they say"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import VARBINARY

revision = "0004"
down_revision = "0003"
Id = sa.Uuid(as_uuid=False).with_variant(sa.CHAR(36), "sqlite", "mysql", "mariadb")
Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Digest = sa.LargeBinary(32).with_variant(VARBINARY(32), "mysql", "mariadb")


def upgrade() -> None:
    op.create_table(
        "enrolments",
        sa.Column("id", Id, nullable=False),
        sa.Column(
            "name", sa.String(length=200), nullable=True, comment="what the key will be called; null = by the enrolment"
        ),
        sa.Column("queues", sa.Text(), nullable=True, comment="those of the key; null = every queue"),
        sa.Column("hash", Digest, nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", Number, nullable=False),
        sa.Column("expires_at", Number, nullable=False),
        sa.Column("used_at", Number, nullable=True),
        sa.Column("key_id", Id, nullable=True, comment="the key that it was exchanged for"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolments")),
        sa.UniqueConstraint("hash", name=op.f("uq_enrolments_hash")),
    )
    op.add_column(
        "keys",
        sa.Column("queues", sa.Text(), nullable=True, comment="that a worker's key is bound to; null = every queue"),
    )
    op.add_column(
        "workers",
        sa.Column(
            "sequence", Number, server_default="0", nullable=False, comment="over HTTP, the number of its last exchange"
        ),
    )
