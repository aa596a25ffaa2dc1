"""instants that were not met are found without a look at those that fired"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_UNMET = sa.text("decision IN ('missed', 'expired', 'coalesced', 'skippedOverlap')")


def upgrade() -> None:
    if op.get_bind().dialect.name in ("mysql", "mariadb"):  # no partial indexes: the one that is there tells more
        op.create_index("ix_occurrences_unmet", "occurrences", ["decided_at", "decision"])
        op.drop_index("ix_occurrences_decided", table_name="occurrences")
        return
    op.create_index("ix_occurrences_unmet", "occurrences", ["decided_at"], sqlite_where=_UNMET, postgresql_where=_UNMET)
