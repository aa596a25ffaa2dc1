"""Times of day, as texts and as seconds after midnight."""

import re

_TIME_OF_DAY = re.compile("([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:[.]0{1,7})?)?")
DAY_SECONDS = 86_400


def clock_text(at: int) -> str:
    """A time of day in seconds as `06:00`, or `06:00:30` where seconds matter."""
    hours, rest = divmod(at, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours:02}:{minutes:02}" + (f":{seconds:02}" if seconds else "")


def clock_seconds(text: str) -> int | None:
    """The seconds after midnight of a text such as `06:00` or `06:00:30`; None for any other text."""
    match = _TIME_OF_DAY.fullmatch(text.strip())
    return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0) if match else None
