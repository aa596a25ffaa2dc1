"""entries of the audit are sealed, and linked to all that stand before them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import VARBINARY

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("audit", sa.Column("seal", sa.LargeBinary(48).with_variant(VARBINARY(48), "mysql", "mariadb")))
    op.create_table(
        "audit_links",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(32).with_variant(VARBINARY(32), "mysql", "mariadb"), nullable=False),
        sa.Column("key_name", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_links")),
    )
    counters = sa.table("counters", sa.column("name", sa.String), sa.column("value", sa.BigInteger))
    op.bulk_insert(counters, [{"name": "audit", "value": 0}])
