"""The golden table as text: one file for each zone, one section for each change, one cell for each rule."""

from datetime import UTC, datetime
from pathlib import Path

from domain.golden.places import Change, Place, cases
from rota.domain.instant import from_datetime, to_datetime
from rota.domain.planning import upcoming
from rota.domain.schedule import Schedule

FOLDER = Path(__file__).parent
Table = dict[tuple[str, str], list[str]]
"""The lines of each cell, by section and rule."""


def file_of(place: Place) -> Path:
    """Where the table of a zone is kept."""
    return FOLDER / f"{place.zone.replace('/', '-').lower()}.txt"


def section(change: Change) -> str:
    """The heading of a change."""
    return f"{change.at} {change.before} -> {change.after}: {change.says}"


def table_of_rota(place: Place) -> Table:
    """What Rota does in every cell of a zone."""
    return {
        (section(change), case.name): rota_says({**case.document, "timeZone": place.zone}, change.start, change.until)
        for change in place.changes
        for case in cases(place)
    }


def rota_says(document: dict[str, object], start: datetime, until: datetime) -> list[str]:
    """The lines of one cell as the preview tells them: the fires, then the times that are suppressed."""
    first, last = from_datetime(start), from_datetime(until)
    preview = upcoming(Schedule.parse(document, now=first, spread=""), first, last, count=1000)
    fires = [line(to_datetime(fire.at), fire.local_text, *fire.notes) for fire in preview.items]
    return fires + [suppressed_line(one.nominal_local_text) for one in preview.skipped]


def line(at: datetime, local: str, *notes: str) -> str:
    """One fire: in UTC, in local time, and what the clock did to it."""
    return "  ".join((f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", local, *notes))


def suppressed_line(nominal: str) -> str:
    """One nominal time that does not fire."""
    return f"suppressed            {nominal}"


def written(place: Place, table: Table) -> str:
    """The file of a zone."""
    lines = [
        f"# {place.zone}",
        "# It depends on these properties of tzdata and on no others, each 4 h before and after:",
        *(f"#   the offset is {one.before} before {one.at}, and {one.after} from then on" for one in place.changes),
        "# Each line is a fire in UTC, in local time, and its note; `suppressed` is a local time without a fire.",
        "# Written by `PYTHONPATH=tests python -m domain.golden`; read every difference before it is committed.",
    ]
    for change in place.changes:
        lines += ["", f"== {section(change)}"]
        for case in cases(place):
            lines += ["", case.name, *(f"  {text}" for text in table[section(change), case.name] or ["nothing"])]
    return "\n".join(lines) + "\n"


def read(place: Place) -> Table:
    """The table that is checked in."""
    table: Table = {}
    heading = rule = ""
    for text in file_of(place).read_text(encoding="utf-8").splitlines():
        if text.startswith("== "):
            heading = text.removeprefix("== ")
        elif text.startswith("  "):
            if text.strip() != "nothing":
                table[heading, rule].append(text.strip())
        elif text and not text.startswith("#"):
            rule = text
            assert (heading, rule) not in table, f"{rule!r} stands twice under {heading!r}"
            table[heading, rule] = []
    return table
