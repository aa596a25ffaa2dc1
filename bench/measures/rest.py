"""Submissions over REST, one by one, to one coordinator: eight clients on connections that stay open."""

import asyncio
import json
import time
from collections.abc import Iterator

from bench import processes
from bench.measure import AtLeast, Result, Scratch, Settings, median, percentile
from bench.stores import expect, number, reading, scratch

STORES = ("sqlite", "postgres")
_CLIENTS = 8
_WARM_UP = 200


def run(settings: Settings) -> Iterator[Result]:
    """Accepted submissions per second, and how long one takes."""
    count = settings.size(4000, 1000)
    seen = [_once(settings, count) for _ in range(settings.runs)]
    notes = {
        "count": count,
        "clients": _CLIENTS,
        "p50ms": median([percentile(times, 0.5) for _, times, _ in seen]),
        "p99ms": median([percentile(times, 0.99) for _, times, _ in seen]),
        "cpuSecondsPer10k": median([cpu for _, _, cpu in seen]),
    }
    yield Result("rest_submissions", "requests/s", [rate for rate, _, _ in seen], (), [AtLeast(1500)], notes)


def _once(settings: Settings, count: int) -> tuple[float, list[float], float]:
    with scratch(settings) as store:
        output, port = store.folder / "server.log", processes.free_port()
        arguments = ("server", "--db", store.url, "--app", "bench.jobs", "--port", str(port))
        with processes.rota(*arguments, "--log", "quiet", output=output) as process:
            processes.wait_until_ready(process, port, output)
            asyncio.run(_submit(port, _WARM_UP))
            before = processes.cpu_seconds([process.pid])
            started = time.perf_counter()
            times = asyncio.run(_submit(port, count))
            seconds = time.perf_counter() - started
            used = processes.cpu_seconds([process.pid]) - before
            _verify(store, count + _WARM_UP)
        return count / seconds, times, used / count * 10_000


def _verify(store: Scratch, count: int) -> None:
    with reading(store) as look:
        expect(number(look, "SELECT count(*) FROM executions WHERE type = 'bench.noop'"), count, "submitted")


async def _submit(port: int, count: int) -> list[float]:
    """Milliseconds of each request."""
    shares = [count // _CLIENTS] * _CLIENTS
    times = await asyncio.gather(*(_client(port, share) for share in shares))
    return [milliseconds for some in times for milliseconds in some]


async def _client(port: int, count: int) -> list[float]:
    """A client that costs little, so that it does not compete with what is measured."""
    body = json.dumps({"type": "bench.noop", "payload": {}}).encode()
    head = (
        f"POST /api/jobs HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {processes.TOKEN}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    request, times = head.encode() + body, []
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for _ in range(count):
            started = time.perf_counter()
            writer.write(request)
            await _answer(reader)
            times.append((time.perf_counter() - started) * 1000)
    finally:
        writer.close()
        await writer.wait_closed()
    return times


async def _answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
    body = await reader.readexactly(length)
    if not head.startswith(b"http/1.1 201"):
        raise RuntimeError(f"{head.splitlines()[0].decode()}: {body[:500].decode(errors='replace')}")
