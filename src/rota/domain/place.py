"""What a rule reads when it names its moments: a clock in some zone, and a calendar."""

from dataclasses import dataclass

from rota.domain.working_days import MONDAY_TO_FRIDAY, WorkingDays
from rota.domain.zone import DstGap, DstOverlap, Zone


@dataclass(frozen=True, slots=True)
class Place:
    """A time zone with its daylight-saving policies, and the working days there: a hashable value.

    `days` is None where the schedule names no calendar; rules that count working days then take Monday to Friday.
    """

    time_zone: str = "UTC"
    gap: DstGap = DstGap.SHIFT
    overlap: DstOverlap = DstOverlap.FIRST
    days: WorkingDays | None = None

    @property
    def zone(self) -> Zone:
        """The zone."""
        return Zone.named(self.time_zone)

    @property
    def working_days(self) -> WorkingDays:
        """The working days that a rule counts."""
        return MONDAY_TO_FRIDAY if self.days is None else self.days
