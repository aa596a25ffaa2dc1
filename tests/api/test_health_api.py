"""Probes answer while everything else waits."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from rota.api.application import ApiDependencies, create_application
from rota.api.health import Readiness
from rota.domain.access import Role
from rota.domain.errors import Unavailable
from rota.service import access
from rota.service.context import ServiceContext
from rota.stores.database import Database, Transaction


def test_probes_need_none_of_the_threads_that_requests_share(
    anonymous: TestClient, services: ApiDependencies, system: ServiceContext, database: Database
) -> None:
    _key, token = access.create(system, "writer", Role.ADMIN)
    headers = {"Authorization": f"Bearer {token}"}
    assert anonymous.get("/api/jobs", headers=headers).status_code == 200
    most = 2 * services.config.server.threads
    begun = threading.Barrier(most + 1)

    def submit() -> int:
        begun.wait()
        return anonymous.post("/api/jobs", json={"type": "echo"}, headers=headers).status_code

    with ThreadPoolExecutor(most) as pool:
        with database.write():
            answers = [pool.submit(submit) for _ in range(most)]
            begun.wait()
            for _ in range(20):
                assert anonymous.get("/health/live").status_code == 200
                assert anonymous.get("/health/ready").status_code == 200
            assert not any(answer.done() for answer in answers)
        assert {answer.result() for answer in answers} == {201}


class Held(Database):
    """A store that answers nobody until it is told to."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.free = threading.Event()
        self.asked = 0

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        self.asked += 1
        self.free.wait()
        with super().read() as tx:
            yield tx


def test_heartbeats_need_none_of_the_threads_that_requests_share(
    database: Database, services: ApiDependencies, system: ServiceContext
) -> None:
    held = Held(str(database))
    held.free.set()
    _key, token = access.create(system, "worker", Role.ADMIN)
    application = create_application(replace(services, database=held))
    most = services.config.server.threads
    with (
        TestClient(application, base_url="http://127.0.0.1:8400") as client,
        ThreadPoolExecutor(2 * most) as pool,
    ):
        client.headers["Authorization"] = f"Bearer {token}"
        worker = client.post("/api/workers/register", json={"name": "w", "capacity": 1}).json()["id"]
        held.free.clear()
        before = held.asked
        answers = [pool.submit(client.get, "/api/jobs") for _ in range(2 * most)]
        try:
            while held.asked < before + most:
                assert not any(answer.done() for answer in answers)
            assert client.post(f"/api/workers/{worker}/heartbeat").status_code == 200
            assert not any(answer.done() for answer in answers)
        finally:
            held.free.set()
        assert {answer.result().status_code for answer in answers} == {200}
    held.close()


def test_a_store_that_does_not_answer_is_asked_once_and_not_waited_for(database: Database) -> None:
    held = Held(str(database))

    async def probe() -> None:
        readiness = Readiness(held)
        try:
            for _ in range(5):
                with pytest.raises(Unavailable, match="in time"):
                    await readiness.require(0.01)
            assert held.asked == 1
        finally:
            held.free.set()
        await readiness.require(20)
        await readiness.require(20)

    asyncio.run(probe())
    held.close()
