"""What a job is given to work with: plain JSON within bounds."""

import json
from collections.abc import Mapping

LARGEST_BYTES = 256 * 1024
DEEPEST = 32

Json = dict[str, object] | list[object] | str | int | float | bool | None


def problem_with(value: object) -> str | None:
    """Why a value cannot be a job's parameters, or None when it can."""
    if is_deeper(value, DEEPEST):
        return f"nested more than {DEEPEST} levels deep"
    try:
        size = len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())
    except (TypeError, ValueError):
        return "not plain JSON"
    return f"larger than {LARGEST_BYTES // 1024} KiB as JSON" if size > LARGEST_BYTES else None


def merged(base: Json, overrides: Json) -> Json:
    """What a run is given: overrides replace the job's parameters name by name, or whole where they are no objects."""
    if overrides is None:
        return base
    if isinstance(base, Mapping) and isinstance(overrides, Mapping):
        return {**base, **overrides}
    return overrides


def is_deeper(value: object, limit: int) -> bool:
    """Whether plain JSON is nested deeper: seen level by level, so that no depth can exhaust the stack."""
    level = [value]
    for _ in range(limit + 1):
        containers = [item for item in level if isinstance(item, Mapping | list)]
        if not containers:
            return False
        level = [inner for item in containers for inner in (item.values() if isinstance(item, Mapping) else item)]
    return True
