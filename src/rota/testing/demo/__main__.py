"""`python -m rota.testing.demo`: make a demo in a new store."""

import argparse
import sys
import time

from rota.domain.errors import RotaError
from rota.testing.demo.generator import generate
from rota.testing.demo.size import Size


def main() -> int:
    """Make what was asked for, and say how long it took."""
    usual = Size()
    parser = argparse.ArgumentParser(prog="python -m rota.testing.demo", description=__doc__)
    parser.add_argument("--db", default="sqlite:///demo.db", help="an empty store; sqlite:///demo.db if left out")
    parser.add_argument("--days", type=int, default=usual.days, help=f"{usual.days} if left out")
    parser.add_argument("--executions", type=int, default=usual.executions, help=f"{usual.executions:,} if left out")
    parser.add_argument("--seed", type=int, default=usual.seed, help="the same seed gives the same jobs")
    parser.add_argument("--big-log-mb", type=int, help="of one execution; 200 beside a million, and in proportion")
    given = parser.parse_args()
    if given.days < 1 or given.executions < 1:
        parser.error("at least one day and one execution")
    began = time.monotonic()
    size = Size(given.days, given.executions, given.seed, given.big_log_mb)
    try:
        made = generate(given.db, size, say=_say)
    except RotaError as error:
        _say(f"error: {error.detail}")
        return error.exit_code
    if made.big_log is not None:
        _say(f"the big log is that of execution {made.big_log}")
    _say(f"{made.executions:,} executions in {time.monotonic() - began:.0f} s: {given.db}")
    return 0


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
