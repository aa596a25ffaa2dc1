"""How jobs on a worker over HTTP enqueue: by asking a coordinator, with the worker's own rights."""

from rota.client.coordinators import Coordinators
from rota.domain.errors import InvalidInput
from rota.domain.instant import Duration, Instant, format_instant, seconds


class CoordinatorSubmitter:
    """The `rota.sdk.submission.Submitter` of a process that has no store."""

    def __init__(self, coordinators: Coordinators) -> None:
        self._coordinators = coordinators

    def submit(
        self,
        type: str,
        parameters: object,
        *,
        delay: Duration | None = None,
        run_at: Instant | None = None,
        key: str | None = None,
        queue: str | None = None,
        priority: int | None = None,
        timeout: Duration | None = None,
        retries: int | None = None,
        connection: object | None = None,
    ) -> str:
        """Queue one execution of the job `type` and return its id. Forbidden unless the key of the worker may edit."""
        if connection is not None:
            raise InvalidInput.field("connection", msg="there is no store here to take part in a transaction with")
        said = {
            "type": type,
            "payload": parameters,
            "delaySeconds": None if delay is None else seconds(delay),
            "runAt": None if run_at is None else format_instant(run_at),
            "queue": queue,
            "priority": priority,
            "timeoutSeconds": None if timeout is None else seconds(timeout),
            "maxRetries": retries,
        }
        body = {name: value for name, value in said.items() if value is not None}
        made = self._coordinators.ask(lambda client: client.post("jobs", body=body, idempotency_key=key))
        return str(made["id"])
