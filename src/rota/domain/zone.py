"""Time zones: wall-clock times of a rule become instants under a schedule's daylight-saving policy."""

from enum import StrEnum


class DstGap(StrEnum):
    """What happens to a wall-clock time that a forward change skips."""

    SHIFT = "shift"
    SKIP = "skip"


class DstOverlap(StrEnum):
    """What happens to a wall-clock time that a backward change repeats."""

    FIRST = "first"
    BOTH = "both"
