"""`python -m bench`: JSON lines on standard output, a table at the end on standard error.

The raw lines of a full run are kept in `bench/results`. Nothing here is a test: a missed target is told, not an error.
"""

import argparse
import importlib
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

from bench import machine, report, stores
from bench.measure import CannotMeasure, Measure, Missing, Result, Settings

MEASURES = (
    "enqueue",
    "drain",
    "http_drain",
    "functions",
    "pick_up",
    "schedules",
    "many_schedules",
    "statements",
    "history",
    "rest",
    "footprint",
)
PEERS = "peers"
_PEERS_PYTHON = Path(__file__).parent.parent / ".bench-peers" / "bin" / "python"
_LONGEST_MEASURE_SECONDS = 300


def main() -> int:
    """Take the measures that were asked for."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that processes and folders are cleaned up
    signal.signal(signal.SIGALRM, _too_long)
    names = stores.NAMES if arguments.store == "all" else (arguments.store,)
    results = []
    with tempfile.TemporaryDirectory(prefix="rota-bench-", dir=arguments.folder) as folder:
        described = machine.words(Path(folder))
        for name in names:
            for result in _on(name, arguments, Path(folder), described["stores"]):
                print(report.line(result), flush=True)
                results.append(result)
    described["loadAfter"] = machine.load()
    report.table(results, described)
    if arguments.store == "all" and not arguments.quick:
        for kept, measures in (("last", MEASURES), ("peers", (PEERS,))):
            if set(arguments.only) == set(measures):
                report.keep(results, described, kept)
    return 1 if any(isinstance(result, Missing) and result.failed for result in results) else 0


def _on(
    name: str, arguments: argparse.Namespace, folder: Path, described: dict[str, str]
) -> Iterator[Result | Missing]:
    """What is measured on one store."""
    measures: list[tuple[str, Measure]] = [
        (one, importlib.import_module(f"bench.measures.{one}")) for one in arguments.only
    ]
    measures = [(one, module) for one, module in measures if name in module.STORES]
    if not measures:
        return
    try:
        with stores.opened(name, folder) as store:
            described[name] = store.described()
            peers = arguments.peers if arguments.peers.exists() else None
            settings = Settings(store, arguments.runs, arguments.quick, peers)
            for result in _results(measures, settings):
                yield replace(result, store=name)
    except CannotMeasure as error:
        yield Missing("everything", str(error), failed=True, store=name)


def _results(measures: Sequence[tuple[str, Measure]], settings: Settings) -> Iterator[Result | Missing]:
    """A measure that cannot be taken, or takes too long, does not take the others with it."""
    for name, module in measures:
        signal.alarm(_LONGEST_MEASURE_SECONDS)
        try:
            yield from module.run(settings)
        except CannotMeasure as error:
            yield Missing(name, str(error))
        except Exception as error:
            yield Missing(name, f"{type(error).__name__}: {error}", failed=True)
        finally:
            signal.alarm(0)


def _too_long(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"it took more than {_LONGEST_MEASURE_SECONDS} s")


def _arguments() -> argparse.Namespace:
    known = (*MEASURES, PEERS)
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--store", choices=(*stores.NAMES, "all"), default="all", help="what to measure on; all if left out"
    )
    parser.add_argument("--only", type=_names, default=MEASURES, metavar="A,B", help=f"of {', '.join(known)}")
    parser.add_argument("--runs", type=int, choices=range(1, 21), default=3, metavar="N", help="3 if left out")
    parser.add_argument("--quick", action="store_true", help="smaller samples; the results are not kept")
    parser.add_argument("--folder", type=Path, help="where the stores are made, on the disk to be measured")
    parser.add_argument(
        "--peers", type=Path, default=_PEERS_PYTHON, metavar="PYTHON", help="the python that has the peers installed"
    )
    return parser.parse_args()


def _names(text: str) -> tuple[str, ...]:
    known = (*MEASURES, PEERS)
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"no measure {', '.join(unknown) or 'named'}; there are {', '.join(known)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
