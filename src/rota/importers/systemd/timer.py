"""The [Timer] section: what of it names times, and what becomes of the rest."""

from dataclasses import dataclass

from rota.domain.errors import InvalidInput
from rota.domain.instant import Duration, format_duration
from rota.importers.systemd.units import Setting, Unit, time_span, truth

_SECTION = "Timer"
_ONCE = ("OnBootSec", "OnStartupSec", "OnActiveSec")
_AGAIN = ("OnUnitActiveSec", "OnUnitInactiveSec")
_READ = (*_ONCE, *_AGAIN, "OnCalendar", "Unit", "Persistent", "RandomizedDelaySec", "AccuracySec")


@dataclass(frozen=True, slots=True)
class Timer:
    """When a timer elapses. `told` is what it says, `line` where it begins to; `problem` why it cannot be kept."""

    line: int
    told: tuple[str, ...]
    calendars: tuple[str, ...] = ()
    intervals: tuple[Duration, ...] = ()
    persistent: bool = False
    jitter: Duration = 0
    notes: tuple[str, ...] = ()
    problem: str | None = None


def read_timer(unit: Unit) -> Timer:
    """Read the section; what is wrong with it stands in `problem`."""
    times = [(name, setting) for name in (*_ONCE, *_AGAIN, "OnCalendar") for setting in unit.all(_SECTION, name)]
    times.sort(key=lambda pair: pair[1].line)
    line = times[0][1].line if times else 1
    told = tuple(setting.value if name == "OnCalendar" else f"{name}={setting.value}" for name, setting in times)
    try:
        return _timer(unit, line, told, times)
    except InvalidInput as error:
        return Timer(line, told, problem=error.errors[0][1])


def _timer(unit: Unit, line: int, told: tuple[str, ...], times: list[tuple[str, Setting]]) -> Timer:
    calendars = tuple(dict.fromkeys(setting.value for name, setting in times if name == "OnCalendar"))
    intervals = tuple(time_span(setting.value) for name, setting in times if name in _AGAIN)
    for _, setting in times:
        if setting.value not in calendars:
            time_span(setting.value)
    if not calendars and not intervals:
        raise InvalidInput.field("timer", msg="it elapses once after the start of the machine, which is no schedule")
    delay, accuracy = (_delay(unit, name) for name in ("RandomizedDelaySec", "AccuracySec"))
    return Timer(
        line=line,
        told=told,
        calendars=calendars,
        intervals=intervals,
        persistent=truth(unit.last(_SECTION, "Persistent")),
        jitter=delay + accuracy,
        notes=tuple(_notes(unit, times, delay + accuracy)),
    )


def _delay(unit: Unit, name: str) -> Duration:
    text = unit.last(_SECTION, name)
    return 0 if text is None else time_span(text)


def _notes(unit: Unit, times: list[tuple[str, Setting]], jitter: Duration) -> list[str]:
    notes = []
    if jitter:
        notes.append(f"AccuracySec and RandomizedDelaySec become a jitter of {format_duration(jitter)}")
    if any(name in _ONCE for name, _ in times):
        notes.append("it no longer starts after a boot")
    if any(name in _AGAIN for name, _ in times):
        notes.append("the interval counts by the clock, from 1970, not from the last run")
    if left := [name for name in unit.names(_SECTION) if name not in _READ]:
        notes.append(f"of the timer these have no effect here: {', '.join(left)}")
    return notes
