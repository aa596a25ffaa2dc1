"""`rota simulate`: what schedules will do, before they do it."""

from typing import Any

import click

from rota.cli.call import Call, asks
from rota.cli.output import Column, Document, say, table, write
from rota.cli.reading import SecondsType, file_option, from_file, given
from rota.cli.rule_options import rule_options, take_schedule
from rota.cli.wording import text

_ROWS = 20


@click.command()
@click.argument("jobs", metavar="[JOB]…", nargs=-1)
@click.option("--days", type=click.IntRange(1, 400), default=7, show_default=True, help="How far ahead.")
@rule_options
@file_option("A schedule that is not saved")
@click.option("--duration", type=SecondsType(), metavar="DURATION", help="How long a run of these jobs takes.")
@click.option("--slots", type=click.IntRange(1, 1_000_000), help="Runs at once; those of the workers if left out.")
@asks
def simulate(
    call: Call,
    jobs: tuple[str, ...],
    days: int,
    file: str | None,
    duration: float | None,
    slots: int | None,
    **rule: Any,
) -> None:
    """Say what schedules will do: fires, skips and why, waits, load.

    With a rule or -f FILE, a schedule that is not saved takes part too.

    \b
    Example: rota simulate report --every 30m --duration 45m --days 1
    """
    from rota.client.lookup import job_id

    ids = [job_id(call.client, job) for job in jobs]
    schedule = (from_file(file) if file else {}) | (take_schedule(rule) or {}) or None
    lasting = None if duration is None else dict.fromkeys([*ids, "unsaved"], duration)
    body = {"days": days, **given(jobIds=ids or None, schedule=schedule, durations=lasting, slots=slots)}
    document = call.client.post("simulate", body=body)
    call.show(document, lambda: _show(document))


def _show(found: Document) -> None:
    decisions = found.get("decisions") or {}
    write(", ".join(f"{count} {decision}" for decision, count in decisions.items()) or "nothing becomes due")
    items = found.get("items") or []
    names = found.get("jobs") or {}
    if items:
        write()
        columns = (
            Column("NOMINAL", text("nominalAt")),
            Column("JOB", lambda one: str(names.get(one.get("jobId"), one.get("jobId"))), flexible=True),
            Column("DECISION", text("decision")),
            Column("WAIT", lambda one: _seconds((one.get("run") or {}).get("waitSeconds"))),
            Column("REASON", text("reason"), flexible=True),
        )
        table(columns, items[:_ROWS], empty="")
    if len(items) > _ROWS:
        say(f"the first {_ROWS} of {len(items)}; all: --json")
    _load(found.get("load") or [])
    _notes(found, names)


def _load(hours: list[Document]) -> None:
    queues: dict[str, Document] = {}
    for hour in hours:
        queue = queues.setdefault(
            hour["queue"], {"queue": hour["queue"], "fires": 0, "busy": 0.0, "wait": 0.0, "top": hour}
        )
        queue["fires"] += hour["fires"]
        queue["busy"] += hour["busySeconds"]
        queue["wait"] = max(queue["wait"], hour["longestWaitSeconds"])
        queue["top"] = max(queue["top"], hour, key=lambda one: one["busySeconds"])
    if not queues:
        return
    write()
    columns = (
        Column("QUEUE", text("queue"), flexible=True),
        Column("FIRES", text("fires")),
        Column("BUSY", lambda one: _seconds(one["busy"])),
        Column("LONGEST WAIT", lambda one: _seconds(one["wait"])),
        Column("BUSIEST HOUR", lambda one: f"{one['top']['hour'][:16]}Z  {_seconds(one['top']['busySeconds'])}"),
    )
    table(columns, queues.values(), empty="")


def _notes(found: Document, names: Document) -> None:
    if found.get("stoppedAt"):
        say(f"too much to tell after {found['stoppedAt']}")
    if unknown := found.get("unknownDurations"):
        say(f"no duration is known, zero is assumed: {', '.join(str(names.get(id, id)) for id in unknown)}")
    for one in found.get("leftOut") or ():
        more = f" and {one['schedules'] - 1} more" if one.get("schedules", 1) > 1 else ""
        say(f"left out {one.get('scheduleId')}{more}: {one.get('why')}")


def _seconds(value: object) -> str:
    from rota.domain.instant import SECOND, format_duration

    return "-" if value is None else format_duration(round(float(str(value))) * SECOND)
