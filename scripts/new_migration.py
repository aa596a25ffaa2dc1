"""Write a migration from the difference between the tables and a store at the newest revision.

Usage: python scripts/new_migration.py NUMBER "what it does"
NUMBER has four digits and follows HEAD of src/rota/stores/schema.py.
Read the result before you commit it: indexes on expressions are not compared and must be added by hand.
"""

import sys
import tempfile
import warnings
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from rota.stores.database import Database
from rota.stores.schema import migrate

NAMES = {
    "sa.Uuid(as_uuid=False).with_variant(sa.CHAR(length=36), 'mariadb').with_variant(sa.CHAR(length=36), 'mysql')"
    ".with_variant(sa.CHAR(length=36), 'sqlite')": "Id",
    "rota.stores.tables._Id(as_uuid=False)": "Id",
    "sa.BigInteger().with_variant(sa.Integer(), 'sqlite')": "Number",
}
HEADER = """
Id = sa.Uuid(as_uuid=False).with_variant(sa.CHAR(36), "sqlite", "mysql", "mariadb")
Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

"""

revision, message = sys.argv[1:3]
versions = Path("src/rota/stores/migrations/versions")
warnings.simplefilter("ignore")
with tempfile.TemporaryDirectory() as folder:
    database = Database(f"sqlite:///{folder}/rota.db", durable=False)
    config = Config()
    config.set_main_option("script_location", "rota.stores:migrations")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    if any(versions.glob("0*.py")):
        migrate(database)
    with database.write() as tx:
        config.attributes["connection"] = tx.connection
        tx.connection.execute(text("select 1"))
        command.revision(config, message, autogenerate=True, rev_id=revision)
    database.close()

file = next(versions.glob(f"{revision}_*.py"))
source = file.read_text()
for long, short in NAMES.items():
    source = source.replace(long, short)
lines = [line for line in source.splitlines() if "### " not in line]
file.write_text("\n".join(lines).replace("\n\n\ndef upgrade", HEADER + "\ndef upgrade", 1) + "\n")
