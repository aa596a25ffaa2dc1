"""the fires that are coming are found in their order, without a look at instants that are withheld"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_COMING = sa.text("state = 'Enabled' AND fires_at IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_schedules_coming", "schedules", ["fires_at"], sqlite_where=_COMING, postgresql_where=_COMING)
