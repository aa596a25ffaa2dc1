"""How application code enqueues: straight into the store that it shares with Rota."""

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import cast

from rota.domain.access import Right
from rota.domain.errors import Conflict, InvalidInput
from rota.domain.execution import NewExecution, Trigger
from rota.domain.instant import Duration, Instant
from rota.domain.job import JobState, new_execution
from rota.domain.parameters import Json, problem_with
from rota.domain.retry import RetryPolicy
from rota.service.context import ServiceContext
from rota.service.job_definitions import defaults_of
from rota.service.schedules import CODE
from rota.stores import executions, idempotency, jobs
from rota.stores.database import Transaction
from rota.stores.idempotency import Remembered
from rota.stores.joined import joined

_LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class StoreSubmitter:
    """Puts executions into the store; the `rota.sdk.submission.Submitter` of a process that opens it."""

    ctx: ServiceContext

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
        """Queue one execution of the job `type` and return its id; it is durable by then.

        The same `key` answers the same id. What is None is left to the job's definition, then to the configuration.
        With a `connection` it is part of the transaction that is open there, and durable when that is.
        """
        self.ctx.require(Right.EDIT)
        if (problem := problem_with(parameters)) is not None:
            raise InvalidInput.field("parameters", msg=problem)
        with self._transaction(connection, serial=key is not None) as tx:
            made = None if key is None else recall(tx, f"submit:{type}", key)
            if made is not None:
                return made
            new, held = self._new(tx, type, parameters)
            due_at = tx.now + delay if delay is not None else run_at
            retry = new.retry if retries is None else replace(new.retry, retries=retries)
            new = replace(
                new,
                due_at=due_at,
                retry=retry,
                queue=new.queue if queue is None else queue,
                priority=new.priority if priority is None else priority,
                timeout=new.timeout if timeout is None else timeout,
            )
            (id,) = executions.enqueue(tx, [new], held=held)
            if key is not None:
                keep(tx, f"submit:{type}", key, id)
            return id

    def _transaction(self, connection: object | None, *, serial: bool) -> AbstractContextManager[Transaction]:
        return self.ctx.write(serial=serial) if connection is None else joined(self.ctx.database, connection)

    def _new(self, tx: Transaction, type: str, parameters: object) -> tuple[NewExecution, bool]:
        """The execution as the job's definition would have it, and whether it waits because the job is paused."""
        record = jobs.by_source(tx, CODE, [type], hold=True).get(type)
        actor = self.ctx.principal.name
        if record is None:
            defaults = defaults_of(self.ctx)
            retry = RetryPolicy(retries=defaults.retries, strategy=defaults.strategy)
            given = NewExecution(type, name=type, timeout=defaults.timeout, retry=retry, actor=actor)
            return replace(given, parameters=cast(Json, parameters)), False
        if record.state is JobState.DISABLED:
            raise Conflict(f"the job {type!r} is disabled")
        new = new_execution(record.id, record.job, trigger=Trigger.SUBMISSION, actor=actor)
        limits = record.job.limits(record.id, parameters)
        return replace(new, parameters=cast(Json, parameters), limits=limits), record.state is JobState.PAUSED


def submitter(ctx: ServiceContext) -> StoreSubmitter:
    """What `enqueue` uses in a process that opens the store."""
    return StoreSubmitter(ctx)


def recall(tx: Transaction, scope: str, key: str) -> str | None:
    """The execution that this key of the scope has made, or None."""
    if not 1 <= len(key) <= _LONGEST_KEY:
        raise InvalidInput.field("key", msg=f"a text of 1 to {_LONGEST_KEY} characters")
    found = idempotency.recall(tx, scope[:200], key)
    return None if found is None else str(json.loads(found.reply)["id"])


def keep(tx: Transaction, scope: str, key: str, id: str) -> None:
    """Note which execution a key of the scope has made; one that it made before is gone from the history."""
    idempotency.replace(tx, scope[:200], key, Remembered(b"", 202, None, json.dumps({"id": id})))
