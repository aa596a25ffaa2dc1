"""`python -m bench`: JSON lines on standard output, a table at the end on standard error.

The raw lines of a full run are kept in `bench/results`. Nothing here is a test: a missed target is told, not an error.
"""

import argparse
import importlib
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import machine, report
from bench.measure import Measure, Missing, Result, Settings

MEASURES = ("enqueue", "drain", "functions", "pick_up", "schedules", "rest", "footprint", "peer")


def main() -> int:
    """Take the measures that were asked for."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that processes and folders are cleaned up
    with tempfile.TemporaryDirectory(prefix="rota-bench-", dir=arguments.folder) as folder:
        described = machine.words(Path(folder))
        settings = Settings(arguments.runs, arguments.quick, Path(folder))
        results = []
        for result in _results(arguments.only, settings):
            print(report.line(result), flush=True)
            results.append(result)
    described["loadAfter"] = machine.load()
    report.table(results, described)
    if set(arguments.only) == set(MEASURES) and not arguments.quick:
        report.keep(results, described)
    return 1 if any(isinstance(result, Missing) and result.failed for result in results) else 0


def _results(names: Sequence[str], settings: Settings) -> Iterator[Result | Missing]:
    """A measure that cannot be taken does not take the others with it."""
    for name in names:
        module: Measure = importlib.import_module(f"bench.measures.{name}")
        try:
            yield from module.run(settings)
        except Exception as error:
            yield Missing(name, f"{type(error).__name__}: {error}", failed=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", type=_names, default=MEASURES, metavar="A,B", help=f"of {', '.join(MEASURES)}")
    parser.add_argument("--runs", type=int, choices=range(1, 21), default=3, metavar="N", help="3 if left out")
    parser.add_argument("--quick", action="store_true", help="smaller samples; the results are not kept")
    parser.add_argument("--folder", type=Path, help="where the stores are made, on the disk to be measured")
    return parser.parse_args()


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in MEASURES]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"no measure {', '.join(unknown) or 'named'}; there are {', '.join(MEASURES)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
