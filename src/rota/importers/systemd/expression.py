"""A calendar event of systemd as schedules of Rota."""

from rota.domain.instant import Instant
from rota.domain.zone import Zone
from rota.importers.base import Document
from rota.importers.clock_sets import ClockSets, year_spans
from rota.importers.systemd.calendar import YEARS, Calendar


def schedules_of(calendar: Calendar, zone: Zone, now: Instant) -> list[Document]:
    """The schedules that fire when the event elapses, from `now` on. InvalidInput if no cron expression can say it.

    Minutes and hours are written out, because systemd neither makes up for a time that the clock skips nor repeats one.
    """
    sets = ClockSets(
        minutes=calendar.minutes,
        hours=calendar.hours,
        days=calendar.days,
        months=calendar.months,
        weekdays=calendar.weekdays,
        seconds=calendar.seconds,
        from_end=calendar.from_end,
    )
    schedule: Document = {"cron": sets.cron(stars=False), "timeZone": zone.name, "dstGap": "skip"}
    if calendar.years == frozenset(YEARS):
        return [schedule]
    return [schedule | span for span in year_spans(calendar.years, zone, now)]
