"""When the jobs of the demo run: schedule documents of every kind, in several zones."""

from collections.abc import Callable
from random import Random

from rota.domain.instant import MINUTE, Duration
from rota.testing.demo.size import Size

Document = dict[str, object]

_ZONES = ("Europe/Berlin", "Europe/Madrid", "America/New_York", "UTC", "Asia/Tokyo", "America/Sao_Paulo")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CALENDARS = {"company": "Europe/Berlin", "DE-BY": "Europe/Berlin", "ES": "Europe/Madrid", "XNYS": "America/New_York"}


def documents(rhythm: str, size: Size, random: Random) -> list[Document]:
    """The schedules of a job of this rhythm; none for one that is only triggered."""
    return [] if rhythm == "none" else [_RHYTHMS[rhythm](size, random)]


def _frequent(size: Size, random: Random) -> Document:
    """Every five minutes when the store is as large as usual."""
    return _interval(size.interval(5), random)


def _quarterly(size: Size, random: Random) -> Document:
    return _interval(size.interval(15), random)


def _interval(interval: Duration, random: Random) -> Document:
    minutes = interval // MINUTE
    overlap = random.choice(("skip", "skip", "queueOne", "allow"))
    missed = random.choice(("runLatest", "runLatest", "skip"))
    if minutes < 60 and random.random() < 0.3:
        return {"cron": f"*/{minutes} * * * *", "overlap": overlap, "missed": missed}
    if random.random() < 0.2:
        return {"every": f"{minutes}m", "overlap": overlap, "maxLateness": "10m"}
    every = f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"
    return {"every": every, "overlap": overlap, "missed": missed}


def _hourly(_size: Size, random: Random) -> Document:
    minute = random.randrange(60)
    if random.random() < 0.25:
        window = {"from": "07:00", "to": "20:00", "on": list(_WEEKDAYS[:5])}
        return {"cron": f"{minute} * * * *", "timeZone": random.choice(_ZONES), "window": window, "missed": "skip"}
    return {"cron": f"{minute} * * * *", "timeZone": random.choice(_ZONES), "jitter": random.choice(("0s", "90s"))}


def _daily(_size: Size, random: Random) -> Document:
    at, zone = (
        f"{random.choice((0, 1, 2, 3, 4, 5, 6, 7, 18, 22)):02}:{random.randrange(0, 60, 5):02}",
        random.choice(_ZONES),
    )
    kind = random.random()
    if kind < 0.2:
        calendar = random.choice(("company", "DE-BY", "ES"))
        return {"daily": {"at": at}, "calendar": calendar, "roll": "skip", "timeZone": _CALENDARS[calendar]}
    if kind < 0.4:
        hour, minute = at.split(":")
        return {"cron": f"{int(minute)} {int(hour)} * * *", "timeZone": zone, "maxLateness": "6h"}
    return {"daily": {"at": at}, "timeZone": zone}


def _market(_size: Size, random: Random) -> Document:
    at = f"{random.randrange(8, 18):02}:{random.randrange(0, 60, 5):02}"
    return {"daily": {"at": at}, "calendar": "XNYS", "roll": "skip", "timeZone": "America/New_York", "missed": "skip"}


def _weekly(_size: Size, random: Random) -> Document:
    at, zone = f"{random.randrange(0, 9):02}:30", random.choice(_ZONES)
    if random.random() < 0.3:
        day = random.choice(("MO", "WE", "FR"))
        return {"rrule": f"FREQ=WEEKLY;BYDAY={day};BYHOUR={int(at[:2])};BYMINUTE=30;BYSECOND=0", "timeZone": zone}
    return {"weekly": {"on": sorted(random.sample(_WEEKDAYS, random.choice((1, 1, 2)))), "at": at}, "timeZone": zone}


def _business(_size: Size, random: Random) -> Document:
    calendar = random.choice(tuple(_CALENDARS))
    nth = random.choice((1, 1, 2, 3, 5, -1, -2))
    return {
        "monthly": {"nthBusinessDay": nth, "at": f"{random.randrange(6, 12):02}:00"},
        "calendar": calendar,
        "timeZone": _CALENDARS[calendar],
        "missed": "runAll",
    }


def _monthly(_size: Size, random: Random) -> Document:
    return {"monthly": {"day": random.choice((1, 2, 15, -1)), "at": "04:00"}, "timeZone": random.choice(_ZONES)}


_RHYTHMS: dict[str, Callable[[Size, Random], Document]] = {
    "frequent": _frequent,
    "quarterly": _quarterly,
    "hourly": _hourly,
    "daily": _daily,
    "market": _market,
    "weekly": _weekly,
    "business": _business,
    "monthly": _monthly,
}
