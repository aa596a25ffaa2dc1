"""Schedules of other schedulers: read as text, told in a report, compared, and never executed."""
