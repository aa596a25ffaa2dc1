"""What a person sees: the command in a real terminal of 80 columns."""

import os
import pty
import signal
import struct
import subprocess
import sys
from fcntl import ioctl
from termios import TIOCSWINSZ
from typing import Any

import pytest

ID = "0198a2b4-0000-7000-8000-0123456789ab"
LONG = "a-job-with-a-name-that-is-much-longer-than-any-screen-is-wide-" * 3
JOBS = {
    "items": [
        {"id": ID, "name": LONG, "state": "Paused", "jobType": LONG, "nextAt": "2999-01-01T00:00:00.000Z"},
        {"id": ID, "name": "日本語の名前", "state": "Enabled", "jobType": "echo"},
    ],
    "nextCursor": None,
}


def on_terminal(*words: str, **variables: str) -> str:
    screen, terminal = pty.openpty()
    ioctl(terminal, TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ROTA_", "COLUMNS", "NO_COLOR"))}
    environment = kept | {"TERM": "xterm", "PYTHONUTF8": "1", "ROTA_TOKEN": "t"} | variables
    command = [sys.executable, "-m", "rota", *words]
    process = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment)
    os.close(terminal)
    shown = b""
    while True:
        try:
            piece = os.read(screen, 65536)
        except OSError:  # Linux: the other side is closed
            break
        if not piece:
            break
        shown += piece
    os.close(screen)
    process.wait()
    return shown.decode().replace("\r\n", "\n")


@pytest.fixture
def listed(coordinator: Any) -> str:
    coordinator.on("GET", "jobs", JOBS)
    return str(coordinator.url)


def test_a_table_fits_and_has_short_ids_and_symbols(listed: str) -> None:
    from rich.cells import cell_len

    shown = on_terminal("jobs", "list", ROTA_URL=listed, NO_COLOR="1")
    assert max(cell_len(line) for line in shown.splitlines()) <= 80
    heading, long, wide = shown.splitlines()
    assert long.startswith("0123456789ab  a-job-with")
    assert "…  ‖ Paused" in long
    assert cell_len(heading[: heading.index("STATE")]) == cell_len(wide[: wide.index("●")])
    assert "\x1b" not in shown


def test_colours_are_for_terminals(listed: str) -> None:
    assert "\x1b[33m‖ Paused" in on_terminal("jobs", "list", ROTA_URL=listed)
    assert "\x1b" not in on_terminal("jobs", "list", ROTA_URL=listed, TERM="dumb")


def test_a_log_keeps_its_colours_and_nothing_else(coordinator: Any) -> None:
    line = {"attempt": 1, "text": "\x1b[31mred\x1b[0m \x1b[2J\x1b]0;title\x07\x07after"}
    coordinator.on("GET", f"executions/{ID}/logs", {"items": [line], "nextCursor": None})
    shown = on_terminal("executions", "logs", ID, ROTA_URL=coordinator.url)
    assert "\x1b[31mred\x1b[0m" in shown
    assert "title" not in shown
    assert "\x1b[2J" not in shown


def test_an_interrupt_is_quiet(coordinator: Any, reply: Any) -> None:
    endless = b'id: 1\nevent: log\ndata: {"text": "line"}\n\n'
    coordinator.on("GET", f"executions/{ID}/logs", reply(200, endless, {"Content-Type": "text/event-stream"}))
    variables = {**os.environ, "ROTA_URL": coordinator.url, "ROTA_TOKEN": "t"}
    command = [sys.executable, "-m", "rota", "executions", "logs", "-f", ID]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=variables, text=True, **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "line\n"
        process.send_signal(signal.SIGINT)
        _, talk = process.communicate()
    assert process.returncode == 130
    assert talk.strip() == ""


def test_a_closed_pipe_is_quiet(coordinator: Any) -> None:
    coordinator.on("GET", "jobs", {"items": [JOBS["items"][0]] * 100, "nextCursor": None})
    command = f"{sys.executable} -m rota jobs list --limit 100 --json | head -c 10"
    variables = {**os.environ, "ROTA_URL": coordinator.url, "ROTA_TOKEN": "t"}
    done = subprocess.run(command, shell=True, capture_output=True, text=True, env=variables)
    assert done.stderr == ""
    assert len(done.stdout) == 10
