"""Parameters against the schema that a job brings."""

from typing import Any

import pytest

from rota.domain.errors import InvalidInput
from rota.service import job_control, jobs
from rota.service.context import ServiceContext
from rota.service.job_control import Order

SCHEMA = {
    "type": "object",
    "properties": {"userId": {"type": "string", "pattern": "^(a+)+$"}, "count": {"type": "integer", "minimum": 1}},
    "required": ["userId"],
}
HOOK = {"name": "hook", "jobType": "https://example.com/hook", "parametersSchema": SCHEMA}


def test_a_trigger_is_held_to_the_schema(ctx: ServiceContext) -> None:
    id = jobs.create(ctx, HOOK).record.id
    with pytest.raises(InvalidInput) as refused:
        job_control.trigger(ctx, id, Order(parameters={"userId": "aaa", "count": 0}))
    assert [loc for loc, _ in refused.value.errors] == [("parameters", "count")]
    assert job_control.trigger(ctx, id, Order(parameters={"userId": "aaa", "count": 2})).state == "Pending"


def test_a_schedule_must_satisfy_the_schema_when_it_is_saved(ctx: ServiceContext) -> None:
    with pytest.raises(InvalidInput, match="userId"):
        jobs.create(ctx, HOOK | {"cronExpression": "@daily"})
    jobs.create(ctx, HOOK | {"cronExpression": "@daily", "parameters": {"userId": "a"}})


@pytest.mark.parametrize(
    "schema", [{"type": "objekt"}, {"$ref": "http://127.0.0.1:1/schema.json"}, {"properties": {"x": {"pattern": "("}}}]
)
def test_what_is_no_schema_is_refused(ctx: ServiceContext, schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        jobs.create(ctx, HOOK | {"parametersSchema": schema})
    assert [loc for loc, _ in refused.value.errors] == [("parametersSchema",)]


def test_a_catastrophic_pattern_is_matched_in_linear_time(ctx: ServiceContext) -> None:
    id = jobs.create(ctx, HOOK).record.id
    with pytest.raises(InvalidInput):
        job_control.trigger(ctx, id, Order(parameters={"userId": "a" * 5000 + "!"}))
