"""Whether anything could ever run a job of a type: asked when it is saved, so that mistakes show at once."""

from collections.abc import Mapping

from rota.domain.errors import InvalidInput
from rota.domain.execution import KINDS, kind_of
from rota.service.context import ServiceContext
from rota.stores import workers
from rota.stores.database import Transaction


def require_runnable(ctx: ServiceContext, tx: Transaction, job_type: str, parameters: object) -> None:
    """InvalidInput for a type that nobody here knows, or parameters that its executor can never run.

    A python name that is unknown here is accepted while workers are connected: one of another build may follow.
    """
    kind = kind_of(job_type)
    if kind == "python" and job_type not in ctx.catalogue.functions():
        if not workers.any_serving(tx):
            raise InvalidInput.field(
                "jobType",
                msg=f"no module registers {job_type[:100]!r} and no worker is connected that could know it;"
                f" it is the name of a registered function, a URL, or one of {', '.join(sorted(KINDS))}",
            )
        return
    if kind != "python" and kind not in ctx.catalogue.kinds and not workers.any_serving(tx):
        raise InvalidInput.field("jobType", msg=f"no executor of the kind {kind!r} is installed here")
    if kind in ctx.catalogue.kinds or kind == "python":
        ctx.catalogue.check(job_type, parameters if isinstance(parameters, Mapping) else {})
