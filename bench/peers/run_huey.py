"""huey on SQLite: `python run_huey.py fill FILE COUNT` and `python run_huey.py work FILE`.

One thread is its best for jobs that do nothing: more of them compete for the interpreter.
"""

import signal
import sys

from huey import SqliteHuey


def main(command: str, file: str, *rest: str) -> None:
    """Queue jobs, or work until SIGTERM."""
    huey = SqliteHuey(filename=file, results=False, fsync=True)

    @huey.task()
    def noop() -> None:
        """Nothing."""

    if command == "fill":
        for _ in range(int(rest[0])):
            noop()
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    consumer = huey.create_consumer(workers=1, worker_type="thread", periodic=False)
    print("ready", flush=True)
    consumer.start()
    while True:
        signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
