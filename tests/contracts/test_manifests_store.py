"""Manifests on every store: one transaction, and a try that leaves nothing."""

import pytest
from sqlalchemy import func, select

from rota.config import Config
from rota.domain.access import SYSTEM
from rota.domain.errors import InvalidInput
from rota.service import manifest_export, manifests
from rota.service.context import ServiceContext
from rota.service.manifests import Action
from rota.stores.database import Database
from rota.stores.metadata import metadata

MANIFEST = {
    "calendars": [{"name": "shop", "parents": ["base"]}, {"name": "base", "weekend": ["SUN"]}],
    "jobs": [
        {"name": "nightly", "jobType": "echo", "schedule": {"cron": "0 6 * * *", "calendar": "shop", "roll": "skip"}},
        {"name": "weekly", "jobType": "echo", "tags": ["a"]},
    ],
    "schedules": [{"job": "weekly", "key": "extra", "every": "1h"}],
}


class Anything:
    """A catalogue that knows every function."""

    kinds = frozenset({"python"})

    def functions(self) -> set[str]:
        return {"echo"}

    def check(self, job_type: str, parameters: object) -> None:
        """All is well."""


@pytest.fixture
def ctx(each_store: Database) -> ServiceContext:
    return ServiceContext(each_store, Config(), SYSTEM, Anything())


def rows(ctx: ServiceContext) -> dict[str, int]:
    with ctx.read() as tx:
        return {
            name: tx.connection.scalar(select(func.count()).select_from(of)) or 0
            for name, of in metadata.tables.items()
        }


def test_a_manifest_is_applied_once(ctx: ServiceContext) -> None:
    empty = rows(ctx)
    assert {one.action for one in manifests.apply(ctx, MANIFEST, dry_run=True)} == {Action.CREATED}
    assert rows(ctx) == empty
    assert {one.action for one in manifests.apply(ctx, MANIFEST)} == {Action.CREATED}
    full = rows(ctx)
    assert {one.action for one in manifests.apply(ctx, MANIFEST)} == {Action.UNCHANGED}
    assert {one.action for one in manifests.apply(ctx, dict(manifest_export.export(ctx)))} == {Action.UNCHANGED}
    assert rows(ctx) == full


def test_what_is_wrong_at_the_end_takes_the_beginning_back(ctx: ServiceContext) -> None:
    empty = rows(ctx)
    wrong = [*MANIFEST["jobs"], {"name": "late", "jobType": "echo", "retryCount": "x"}]
    with pytest.raises(InvalidInput) as refused:
        manifests.apply(ctx, MANIFEST | {"jobs": wrong})
    assert [location for location, _ in refused.value.errors] == [("jobs", 2, "retryCount")]
    assert rows(ctx) == empty


def test_what_is_pruned_may_come_back(ctx: ServiceContext) -> None:
    manifests.apply(ctx, MANIFEST)
    done = manifests.apply(ctx, {"jobs": MANIFEST["jobs"][:1], "calendars": MANIFEST["calendars"]}, prune=True)
    assert [(one.name, one.action) for one in done][-1] == ("weekly", Action.DELETED)
    assert Action.CREATED in {one.action for one in manifests.apply(ctx, MANIFEST)}
