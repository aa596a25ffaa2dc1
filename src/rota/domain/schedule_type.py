"""The numbered schedule types of older .NET schedulers, told as the rules of a schedule document."""

from collections.abc import Mapping

from rota.domain.errors import InvalidInput

_NAMES = ("once", "daily", "weekly", "monthly", "cron", "nthBusinessDay", "delayed", "conditional")
_NEEDS = {
    "once": ("runAt",),
    "daily": ("timeOfDay",),
    "weekly": ("daysOfWeek", "timeOfDay"),
    "monthly": ("dayOfMonth", "timeOfDay"),
    "cron": ("cronExpression",),
    "nthBusinessDay": ("nthBusinessDay", "timeOfDay"),
    "delayed": ("delaySeconds",),
    "conditional": ("cronExpression", "condition"),
}
_ALSO = {"dayOfWeek": "daysOfWeek", "delay": "delaySeconds", "scheduledTime": "runAt", "businessDay": "nthBusinessDay"}
_KEPT = frozenset({"condition"})
"""What a type needs and the schedule document calls the same."""


def with_rule(document: Mapping[str, object]) -> Mapping[str, object]:
    """The document with `scheduleType` and its fields replaced by the rule that they mean.

    Types are 1 once (`runAt`), 2 daily (`timeOfDay`), 3 weekly (`daysOfWeek`, `timeOfDay`), 4 monthly (`dayOfMonth`,
    `timeOfDay`), 5 cron (`cronExpression`), 6 nth business day (`nthBusinessDay`, `timeOfDay`), 7 delayed
    (`delaySeconds`), 8 conditional (`cronExpression`, `condition`), or these names. `cronExpression` alone is a cron rule
    too. InvalidInput names a field that the type needs and does not find.
    """
    if document.get("scheduleType") is None:
        if document.get("cronExpression") is None or document.get("cron") is not None:
            return document
        return {"cron" if name == "cronExpression" else name: value for name, value in document.items()}
    kind = _kind(document["scheduleType"])
    fields = {_ALSO.get(name, name): value for name, value in document.items() if value is not None}
    missing = [name for name in _NEEDS[kind] if name not in fields]
    if missing:
        errors = [((name,), f"required for scheduleType {kind}") for name in missing]
        raise InvalidInput(f"schedule: {missing[0]}: {errors[0][1]}", errors)
    taken = {*_NEEDS[kind], "scheduleType"} - _KEPT
    rest = {name: value for name, value in fields.items() if name not in taken}
    return {**rest, **_rule(kind, fields)}


def _kind(value: object) -> str:
    """The name of a type given as a number or a name."""
    kind: str | None = None
    if isinstance(value, str):
        lowered = "cron" if value.lower() == "recurring" else value.lower()
        kind = next((name for name in _NAMES if name.lower() == lowered), None)
        value = int(value) if kind is None and value.isdecimal() and len(value) == 1 else value
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= len(_NAMES):
        kind = _NAMES[value - 1]
    if kind is None:
        raise InvalidInput.field("scheduleType", msg="a number from 1 to 8, such as 2 for daily")
    return kind


def _rule(kind: str, fields: Mapping[str, object]) -> dict[str, object]:
    at = fields.get("timeOfDay")
    if kind == "once":
        return {"once": fields["runAt"]}
    if kind == "daily":
        return {"daily": {"at": at}}
    if kind == "weekly":
        return {"weekly": {"on": fields["daysOfWeek"], "at": at}}
    if kind == "monthly":
        return {"monthly": {"day": fields["dayOfMonth"], "at": at}}
    if kind == "nthBusinessDay":
        return {"monthly": {"nthBusinessDay": fields["nthBusinessDay"], "at": at}}
    if kind in ("cron", "conditional"):
        return {"cron": fields["cronExpression"]}
    return {"after": fields["delaySeconds"]}
