"""The days of the week, Monday = 0, and how people write them."""

NAMES = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
FULL_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def read_weekday(value: object) -> int | None:
    """A day of the week by its short or full name in any case; None for anything else."""
    if isinstance(value, str):
        for names in (NAMES, FULL_NAMES):
            for day, name in enumerate(names):
                if name.lower() == value.lower():
                    return day
    return None
