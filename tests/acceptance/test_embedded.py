"""The console inside another application, as a real server: its streams do not keep that server from stopping."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
from driver import eventually

EXAMPLES = Path(__file__).parents[2] / "examples"
PATIENCE_SECONDS = 20


def test_a_server_stops_while_a_console_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["-m", "uvicorn", "--app-dir", str(EXAMPLES), "--port", str(port), "inside_fastapi:app"]
    variables = {**os.environ, "ROTA_DB": str(tmp_path / "rota.db")}
    with subprocess.Popen([sys.executable, *words], env=variables, stderr=subprocess.DEVNULL) as server:
        try:
            url = f"http://127.0.0.1:{port}/jobs"
            ana = {"X-Shop-User": "ana"}

            def answers() -> bool:
                try:
                    return httpx2.get(f"{url}/session", headers=ana).json()["name"] == "ana"
                except httpx2.TransportError:
                    return False

            eventually(answers, PATIENCE_SECONDS, "the shop answers")
            with httpx2.stream("GET", f"{url}/api/events", headers=ana, timeout=PATIENCE_SECONDS) as stream:
                lines = stream.iter_lines()
                assert next(lines).startswith(": newest ")
                server.send_signal(signal.SIGTERM)
                server.wait(PATIENCE_SECONDS)
        finally:
            server.kill()
