"""Parameters against the JSON Schema that a job's author wrote for them.

Patterns are matched in linear time, and references are never fetched: a schema can neither stall nor reach out.
"""

import json
from functools import lru_cache
from itertools import islice
from typing import Any, NoReturn

import jsonschema_rs

from rota.domain.errors import InvalidInput
from rota.domain.job import Job
from rota.domain.parameters import Json

_MOST_PROBLEMS = 20


def require_schema(job: Job) -> None:
    """InvalidInput when the job's `parametersSchema` is no JSON Schema."""
    if job.parameters_schema is not None:
        _validator(json.dumps(job.parameters_schema))


def require_valid(job: Job, parameters: Json) -> None:
    """InvalidInput for parameters that the job's schema refuses, with the place of each problem."""
    if job.parameters_schema is None:
        return
    found = islice(_validator(json.dumps(job.parameters_schema)).iter_errors(parameters), _MOST_PROBLEMS)
    problems = [(("parameters", *error.instance_path), error.message[:300]) for error in found]
    if problems:
        raise InvalidInput(f"{'.'.join(map(str, problems[0][0]))}: {problems[0][1]}", problems)


@lru_cache(maxsize=1024)
def _validator(schema: str) -> Any:
    try:
        return jsonschema_rs.validator_for(
            json.loads(schema), pattern_options=jsonschema_rs.RegexOptions(), retriever=_never
        )
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        reason = str(error).splitlines()[0][:300]
        raise InvalidInput.field("parametersSchema", msg=f"not a JSON Schema: {reason}") from None


def _never(uri: str) -> NoReturn:
    raise ValueError(f"references are not fetched: {uri}")
