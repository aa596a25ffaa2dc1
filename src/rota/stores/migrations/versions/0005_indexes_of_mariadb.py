"""MariaDB and MySQL know no partial indexes: theirs begin with the state instead"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_INSTEAD = {
    ("executions", "ix_executions_claimable"): ("state", sa.text("priority DESC"), "due_at", "id"),
    ("executions", "ix_executions_governed"): ("state", "governed"),
    ("executions", "ix_executions_later"): ("state", "due_at", "id"),
    ("executions", "ix_executions_leased"): ("worker_id", "state"),
    ("schedules", "ix_schedules_due"): ("state", "next_at"),
    ("history", "ix_history_failed"): ("state", "id"),
}


def upgrade() -> None:
    if op.get_bind().dialect.name not in ("mysql", "mariadb"):
        return
    op.execute("ALTER TABLE executions ADD COLUMN governed SMALLINT AS (limits IS NOT NULL) VIRTUAL")
    op.drop_index("ix_executions_cancelling", table_name="executions")
    for (table, name), columns in _INSTEAD.items():
        op.drop_index(name, table_name=table)
        op.create_index(name, table, columns)
