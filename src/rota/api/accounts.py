"""/api/schedules/{id}/account: whether every instant of a schedule has been decided."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from rota.api.errors import documented
from rota.api.models import Id, Input, Output, Time, TimeInput, reply
from rota.api.security import ReadContext
from rota.service import accounts
from rota.service.accounts import Account, Pending

router = APIRouter()


class AccountQuery(Input):
    """Which stretch of time."""

    from_: TimeInput | None = Field(None, alias="from", description="default a week ago")
    to: TimeInput | None = Field(None, description="default and at most now")


class UndecidedOutput(Output):
    """An instant about which nothing is decided."""

    nominal_at: Time
    why: Pending
    says: str


class AccountOutput(Output):
    """What the rule named against what was decided."""

    from_: Time = Field(alias="from", description="not before the schedule's last revision")
    to: Time = Field(description="where it stopped")
    named: int = Field(description="the instants that today's rule names")
    decided: int
    by_decision: dict[str, int]
    unnamed: int = Field(description="decided instants that today's rule does not name")
    waiting: dict[str, int] = Field(description="undecided instants by why")
    undecided: list[UndecidedOutput] = Field(description="the first hundred of them")
    cut: bool = Field(description="it stopped early: at most 50000 instants are looked at in one go")
    complete: bool = Field(description="whether every instant that was asked about is decided")


@router.get("/{id}/account", response_model=AccountOutput, responses=documented(404, 422))
def get_account(id: Id, ctx: ReadContext, query: Annotated[AccountQuery, Query()]) -> Response:
    """The instants that the rule named in a stretch of time, computed anew, against what the ledger says of them."""
    return reply(_shown(accounts.of(ctx, id, since=query.from_, until=query.to)))


def _shown(account: Account) -> AccountOutput:
    return AccountOutput.model_validate(
        {
            "from": account.since,
            "to": account.until,
            "named": account.named,
            "decided": account.decided,
            "by_decision": {decision.value: count for decision, count in sorted(account.by_decision.items())},
            "unnamed": account.unnamed,
            "waiting": {why.value: count for why, count in sorted(account.waiting.items())},
            "undecided": [
                {"nominal_at": one.nominal, "why": one.why, "says": one.why.says} for one in account.undecided
            ],
            "cut": account.cut,
            "complete": account.complete,
        }
    )
