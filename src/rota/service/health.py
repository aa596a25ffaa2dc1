"""How Rota itself is."""

from rota.domain.errors import RotaError, Unavailable
from rota.stores.database import Database
from rota.stores.schema import require_current


def require_ready(database: Database) -> None:
    """Unavailable, unless the store answers and has the schema of this version. Why is not told to strangers."""
    try:
        require_current(database, create=False)
    except RotaError as error:
        raise Unavailable("the store does not answer, or has another schema; the server's log tells more") from error
