"""`rota schedules backfill`: running what did not run in a stretch of the past."""

from typing import Any

import click

from rota.cli.call import Call, asks, confirm, confirmed
from rota.cli.output import Document, fields, write
from rota.cli.reading import AgoType, given


@click.command()
@click.argument("id")
@click.option("--from", "start", type=AgoType(), metavar="TIME", required=True, help="A time, or 24h for a day ago.")
@click.option("--to", "end", type=AgoType(), metavar="TIME", required=True, help="A time of the past; 0s for now.")
@click.option("--overlap", type=click.Choice(("queueAll", "allow")), help="One after the other (default), or at once.")
@click.option("--max-runs", type=click.IntRange(1, 10_000), help="At most so many, the oldest first.")
@click.option("--dry-run", is_flag=True, help="Say what it would run.")
@confirmed
@asks
def backfill(call: Call, id: str, start: str, end: str, dry_run: bool, yes: bool, **options: Any) -> None:
    """Run the instants of a stretch of the past that did not fire.

    \b
    Example: rota schedules backfill 0f1e2d3c4b5a --from 7d --to 0s --dry-run
    """
    from rota.client.lookup import object_id

    found = object_id(call.client, "schedules", "schedule", id)
    body = given(**{"from": start, "to": end}, overlap=options["overlap"], maxRuns=options["max_runs"])
    if not dry_run and not yes:
        would = call.client.post("schedules", found, "backfill", body=body | {"dryRun": True})
        confirm(f"run {would.get('runs')} instants of schedule {found}?", yes)
    document = call.client.post("schedules", found, "backfill", body=body | {"dryRun": dry_run})
    call.show(document, lambda: _told(document))


def _told(done: Document) -> None:
    verb = "would run" if done.get("dryRun") else "queued"
    between = f" from {done['first']} to {done['last']}" if done.get("runs") else ""
    write(f"{verb} {done.get('runs')} runs{between}")
    counted = {f"was {name}": number for name, number in (done.get("replaced") or {}).items()}
    counted |= {
        "had no row": done.get("unrecorded"),
        "fired already": done.get("alreadyFired"),
        "withheld": done.get("withheld"),
        "undecided": done.get("undecided"),
        "beyond retention": done.get("forgotten"),
        "left": done.get("left"),
    }
    fields([(name, str(number) if number else None) for name, number in counted.items()])


COMMANDS = (backfill,)
