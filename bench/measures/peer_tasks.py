"""What the peer's consumer runs. Imported only where huey is installed."""

import os

from huey import SqliteHuey  # type: ignore[import-not-found, unused-ignore]

huey = SqliteHuey(filename=os.environ["BENCH_HUEY_FILE"], results=False, fsync=True)


@huey.task()  # type: ignore[untyped-decorator, unused-ignore]
def noop() -> None:
    """Nothing."""
