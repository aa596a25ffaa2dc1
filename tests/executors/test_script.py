"""Real scripts: what they get, what is kept of them, and that nothing of them is left."""

import asyncio
import json
import os
import resource
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rota import processes
from rota.config import Config, ScriptConfig
from rota.domain.errors import InvalidInput
from rota.domain.execution import Claim
from rota.domain.outcome import Failed, Outcome, Succeeded
from rota.executors.base import Context, Setting
from rota.executors.script import ScriptExecutor, ScriptSettings, build
from rota.executors.script.output import LINE_BYTES, LOGGED_LINES, TAIL_BYTES, Output
from rota.sdk.functions import Functions

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")

WORKER = f"worker-{uuid.uuid4()}"

AWAY = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open(sys.argv[1], "w").write(str(os.getpid()))
        time.sleep(300)
    os._exit(0)
os.wait()
if len(sys.argv) > 2:
    time.sleep(300)
"""


class Journal:
    """What the engine keeps of an attempt."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.grace = 0.0

    def log(self, line: str, stream: str) -> None:
        self.lines.append((line, stream))

    def progressed(self, fraction: float, message: str) -> None:
        raise AssertionError("a script says nothing of its progress")

    def of(self, stream: str) -> list[str]:
        return [line for line, name in self.lines if name == stream]


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    temporary, current = tmp_path / "temporary", tmp_path / "current"
    temporary.mkdir()
    current.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.chdir(current)
    yield
    left = processes.survivors(f"ROTA_WORKER={WORKER}")
    processes.kill_marked(f"ROTA_WORKER={WORKER}")
    assert left == []
    assert list(temporary.iterdir()) == []


def context(parameters: object, journal: Journal | None = None) -> Context:
    claim = Claim(id="0190-execution", job_id="job-1", type="script", parameters=None, attempt=2, token=7)
    return Context(claim, parameters, worker_id=WORKER, deadline=time.monotonic() + 60, attempt=journal or Journal())


def run(parameters: object, journal: Journal | None = None, settings: ScriptSettings | None = None) -> Outcome:
    executor = ScriptExecutor(settings)
    return asyncio.run(asyncio.wait_for(executor.run(context(parameters, journal)), 60))


def succeeded(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome, Succeeded), outcome
    assert isinstance(outcome.result, dict)
    return outcome.result


def failed(outcome: Outcome) -> Failed:
    assert isinstance(outcome, Failed), outcome
    return outcome


def cancel_when(parameters: object, ready: Callable[[], object], *, grace: float = 5.0, times: int = 1) -> Journal:
    """Run, wait until `ready`, cancel `times`; the journal of the attempt."""
    journal = Journal()

    async def scenario() -> None:
        task = asyncio.create_task(ScriptExecutor().run(context(parameters, journal)))
        deadline = time.monotonic() + 20
        while not ready():
            assert time.monotonic() < deadline
            assert not task.done(), task.result()
            await asyncio.sleep(0.01)
        journal.grace = grace
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(scenario(), 60))
    return journal


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def written(path: Path) -> int:
    text = path.read_text() if path.exists() else ""
    return int(text) if text else 0


# What it runs


def test_argv_runs_without_a_shell() -> None:
    hostile = "$(touch /tmp/rota-injected); `id` && * \n ; --help"
    result = succeeded(run({"command": ["printf", "%s|", "a b", hostile], "arguments": ["--version", 3]}))
    assert result == {"exitCode": 0, "stdout": f"a b|{hostile}|--version|3|"}
    assert not Path("/tmp/rota-injected").exists()


def test_text_runs_in_a_shell() -> None:
    result = succeeded(run({"command": 'echo "$1" | tr a-z A-Z', "arguments": ["hello"]}))
    assert result["stdout"] == "HELLO\n"


@pytest.mark.parametrize(
    ("interpreter", "text"),
    [
        (None, 'a=(x y); echo "${a[1]} $1"'),
        ("bash", 'a=(x y); echo "${a[1]} $1"'),
        ("sh", 'echo "y $1"'),
        ("python", "import sys; print('y', sys.argv[1])"),
    ],
)
def test_a_script_runs_in_its_interpreter(interpreter: str | None, text: str) -> None:
    parameters: dict[str, object] = {"script": text, "arguments": ["-z"]}
    if interpreter:
        parameters["interpreter"] = interpreter
    assert succeeded(run(parameters))["stdout"] == "y -z\n"


def test_a_script_may_be_larger_than_an_argument() -> None:
    text = "# padding\n" * 20_000 + "echo done"
    assert succeeded(run({"script": text}))["stdout"] == "done\n"


def test_stdin_is_given_and_otherwise_empty() -> None:
    assert succeeded(run({"command": ["cat"], "stdin": "line\n" * 50_000}))["stdout"].endswith("line\n")
    assert succeeded(run({"command": ["cat"]}))["stdout"] == ""


def test_stdin_that_nobody_reads_does_no_harm() -> None:
    assert succeeded(run({"command": ["true"], "stdin": "x" * 1_000_000}))["exitCode"] == 0


# What it gets


def test_parameters_become_environment_variables() -> None:
    parameters = {
        "interpreter": "python",
        "script": "import json, os; print(json.dumps(dict(os.environ)))",
        "region": "EU west",
        "count": 3,
        "dry_run": True,
        "nothing": None,
        "tags": ["a", "b"],
        "environment": {"EXTRA": "ünï"},
    }
    entries = json.loads(succeeded(run(parameters))["stdout"])
    assert entries["region"] == "EU west"
    assert entries["count"] == "3"
    assert entries["dry_run"] == "true"
    assert entries["nothing"] == "null"
    assert entries["tags"] == '["a","b"]'
    assert entries["EXTRA"] == "ünï"
    assert json.loads(entries["ROTA_PARAMETERS"]) == {
        "region": "EU west",
        "count": 3,
        "dry_run": True,
        "nothing": None,
        "tags": ["a", "b"],
    }
    assert entries["ROTA_EXECUTION_ID"] == "0190-execution"
    assert entries["ROTA_FENCING_TOKEN"] == "7"
    assert entries["ROTA_ATTEMPT"] == "2"
    assert entries["ROTA_WORKER"] == WORKER


def test_the_environment_of_the_worker_stays_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    monkeypatch.setenv("ROTA_TOKEN", "canary")
    assert "canary" not in succeeded(run({"command": ["env"]}))["stdout"]


@pytest.mark.parametrize(
    "name", ["LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONSTARTUP", "BASH_ENV", "ENV", "IFS", "PATH"]
)
@pytest.mark.parametrize("where", ["parameter", "environment"])
def test_variables_that_change_how_programs_are_found_are_refused(name: str, where: str) -> None:
    extra: dict[str, object] = {name: "/tmp/evil"} if where == "parameter" else {"environment": {name: "/tmp/evil"}}
    parameters = {"command": ["true"], **extra}
    with pytest.raises(InvalidInput, match=name):
        ScriptExecutor().check("script", parameters)
    assert not failed(run(parameters)).retryable


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"command": ["true"], "script": "true"},
        {"command": []},
        {"command": [""]},
        {"command": {"a": 1}},
        {"command": ["true", ["nested"]]},
        {"command": ["true\0"]},
        {"command": ["true"], "arguments": ["a\0b"]},
        {"command": ["true"], "arguments": "a"},
        {"command": ["true"], "interpreter": "bash"},
        {"command": ["true"], "stdin": "a\0b"},
        {"command": ["true"], "environment": {"A": "a\0b"}},
        {"command": ["true"], "environment": ["A=b"]},
        {"command": ["true"], "bad-name": 1},
        {"command": ["true"], "a=b": 1},
        {"command": ["true"], "": 1},
        {"command": ["true"], "ROTA_FENCING_TOKEN": "9"},
        {"command": ["true"], "half": "\ud800"},
        {"command": ["true"], "large": "x" * 200_000},
        {"command": ["true"], "workingDirectory": 1},
        {"command": ["true"], "workingDirectory": "a\0b"},
        {"command": ["true"], "successCodes": ["0"]},
        {"command": ["true"], "successCodes": [True]},
        {"command": ["true"], "successCodes": [256]},
        {"command": ["true"], "limits": {"memory": 1}},
        {"command": ["true"], "limits": {"memoryMb": 0}},
        {"command": ["true"], "limits": {"memoryMb": True}},
        {"command": ["true"], "limits": []},
        {"script": "  "},
        {"script": 7.5j},
        {"script": "true", "interpreter": "perl"},
        {"script": "true", "interpreter": "/bin/bash"},
    ],
)
def test_wrong_parameters_are_refused_and_fail_for_good(parameters: Mapping[str, object]) -> None:
    with pytest.raises(InvalidInput):
        ScriptExecutor().check("script", parameters)
    assert not failed(run(parameters)).retryable


def test_parameters_that_are_no_object_fail_for_good() -> None:
    assert not failed(run(["true"])).retryable
    assert not failed(run(None)).retryable


def test_scripts_can_be_off() -> None:
    settings = ScriptSettings(enabled=False)
    with pytest.raises(InvalidInput, match="ROTA_SCRIPT__ENABLED"):
        ScriptExecutor(settings).check("script", {"command": ["true"]})
    assert not failed(run({"command": ["true"]}, settings=settings)).retryable


def test_the_configuration_says_whether_scripts_run() -> None:
    build(Setting(Config(), Functions(), "w")).check("script", {"command": ["true"]})
    off = Config(script=ScriptConfig(enabled=False))
    with pytest.raises(InvalidInput):
        build(Setting(off, Functions(), "w")).check("script", {"command": ["true"]})


def test_the_working_directory_stays_inside_the_allowed_one(tmp_path: Path) -> None:
    inside = tmp_path / "jobs"
    (inside / "one").mkdir(parents=True)
    (inside / "link").symlink_to(tmp_path)
    settings = ScriptSettings(working_directory=inside)
    assert succeeded(run({"command": ["pwd"]}, settings=settings))["stdout"] == f"{inside}\n"
    assert succeeded(run({"command": ["pwd"], "workingDirectory": "one"}, settings=settings))["stdout"] == (
        f"{inside / 'one'}\n"
    )
    for outside in ("..", "/", "link", "one/../..", str(tmp_path), "missing", "x" * 5000):
        assert not failed(run({"command": ["pwd"], "workingDirectory": outside}, settings=settings)).retryable
    free = {"command": ["pwd"], "workingDirectory": str(tmp_path)}
    assert succeeded(run(free))["stdout"] == f"{tmp_path}\n"


# What it comes to


def test_a_wrong_exit_code_is_a_failure_with_the_end_of_stderr() -> None:
    outcome = failed(run({"script": "echo out; echo why >&2; exit 3"}))
    assert outcome.error == "exit code 3: why"
    assert outcome.retryable
    assert outcome.stack is None
    assert outcome.result == {"exitCode": 3, "stdout": "out\n"}
    assert failed(run({"script": "exit 4"})).error == "exit code 4"


def test_success_codes_can_be_named() -> None:
    assert succeeded(run({"script": "exit 3", "successCodes": [0, 3]}))["exitCode"] == 3
    assert succeeded(run({"script": "exit 3", "successCodes": 3}))["exitCode"] == 3
    assert failed(run({"script": "exit 0", "successCodes": [3]})).error == "exit code 0"


def test_a_signal_is_named() -> None:
    assert failed(run({"script": "kill -SEGV $$"})).error == "killed by SIGSEGV"


@pytest.mark.parametrize("command", [["/no/such/program"], ["no-such-program-here"], ["/"], ["/etc/hostname"]])
def test_a_program_that_cannot_run_fails_for_good(command: list[str]) -> None:
    assert not failed(run({"command": command})).retryable


def test_a_missing_powershell_is_said_clearly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    outcome = failed(run({"script": "Get-Date", "interpreter": "pwsh"}))
    assert (outcome.retryable, "PowerShell" in outcome.error) == (False, True)


def test_limits_hold() -> None:
    outcome = failed(
        run(
            {
                "interpreter": "python",
                "script": "import time; time.sleep(0.3); bytearray(900_000_000)",
                "limits": {"memoryMb": 400},
            }
        )
    )
    assert "MemoryError" in outcome.error
    outcome = failed(run({"script": "sleep 0.3; head -c 3000000 /dev/zero > big", "limits": {"fileSizeMb": 1}}))
    assert isinstance(outcome.result, dict)
    assert outcome.result["exitCode"] != 0


# What is kept of its output


def test_output_is_logged_line_by_line_with_its_stream() -> None:
    journal = Journal()
    text = "printf 'one\\r\\ntwo\\n\\n'; echo bad >&2; printf 'no end \\xff\\x00'"
    succeeded(run({"script": text}, journal))
    assert journal.of("stdout") == ["one", "two", "", "no end \ufffd\ufffd"]
    assert journal.of("stderr") == ["bad"]


def test_output_comes_while_the_script_runs() -> None:
    journal = Journal()
    parameters = {"script": "echo started; while [ ! -e go ]; do sleep 0.01; done; echo ended"}

    async def scenario() -> Outcome:
        task = asyncio.create_task(ScriptExecutor().run(context(parameters, journal)))
        while journal.lines != [("started", "stdout")]:
            await asyncio.sleep(0.01)
        Path("go").touch()
        return await task

    succeeded(asyncio.run(asyncio.wait_for(scenario(), 30)))
    assert journal.of("stdout") == ["started", "ended"]


def test_a_long_line_is_cut() -> None:
    journal = Journal()
    succeeded(run({"script": "head -c 1000000 /dev/zero | tr '\\0' x; echo; echo next"}, journal))
    first, second = journal.of("stdout")
    assert first == "x" * LINE_BYTES + " [cut]"
    assert second == "next"


def test_a_line_of_any_pieces_is_put_together_again() -> None:
    journal = Journal()
    output = Output(journal.log)
    for piece in (b"a", b"b\nc", b"", b"d", b"\n\n", b"e" * LINE_BYTES, b"e", b"e" * 99, b"\nf"):
        output(1, piece)
    output.flush()
    assert journal.of("stdout") == ["ab", "cd", "", "e" * LINE_BYTES + " [cut]", "f"]


def test_a_flood_neither_blocks_nor_grows() -> None:
    """50 MB of lines: others on the loop go on, the log is bounded, the result keeps the end only."""
    journal = Journal()
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0)
            beats += 1

    async def scenario() -> Outcome:
        beating = asyncio.create_task(beat())
        try:
            return await ScriptExecutor().run(context({"script": "yes | head -c 50M; echo end"}, journal))
        finally:
            beating.cancel()

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = succeeded(asyncio.run(asyncio.wait_for(scenario(), 100)))
    assert len(journal.of("stdout")) == LOGGED_LINES
    assert journal.of("log") == ["there was more output, which is not kept"]
    assert len(result["stdout"]) == TAIL_BYTES
    assert result["stdout"].endswith("y\nend\n")
    assert beats > 200
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


# That nothing of it is left


def test_cancel_stops_a_grandchild_that_left_the_session(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    parameters = {"interpreter": "python", "script": AWAY, "arguments": [str(path), "stay"]}
    cancel_when(parameters, lambda: written(path))
    assert not alive(written(path))


def test_cancel_gives_the_grace_that_was_asked_for() -> None:
    text = "trap 'echo cleaning; touch cleaned; exit 0' TERM; touch ready; while :; do sleep 0.01; done"
    journal = cancel_when({"script": text}, Path("ready").exists, grace=20)
    assert Path("cleaned").exists()
    assert journal.of("stdout") == ["cleaning"]


def test_cancel_in_the_middle_of_the_start_gives_the_grace_too() -> None:
    journal = Journal()
    journal.grace = 20
    text = "trap 'touch cleaned; exit 0' TERM; touch ready; while :; do sleep 0.01; done"

    def is_ready() -> bool:
        """Without a turn of the event loop, which therefore has not heard of the process yet."""
        deadline = time.monotonic() + 0.5
        while not Path("ready").exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        return Path("ready").exists()

    async def scenario() -> None:
        task = asyncio.create_task(ScriptExecutor().run(context({"script": text}, journal)))
        while not is_ready():
            assert not task.done()
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(scenario(), 60))
    assert Path("cleaned").exists()


def test_cancel_kills_what_ignores_it() -> None:
    text = "trap '' TERM INT; touch ready; while :; do sleep 300 & wait $!; done"
    journal = cancel_when({"script": text}, Path("ready").exists, grace=0.1)
    assert journal.of("log") == []


def test_a_second_cancel_does_not_leave_anything() -> None:
    text = "trap '' TERM; touch ready; while :; do sleep 300 & wait $!; done"
    cancel_when({"script": text}, Path("ready").exists, grace=0.3, times=3)


def test_cancel_before_the_start_is_over_leaves_nothing() -> None:
    async def scenario() -> None:
        for yields in range(6):
            task = asyncio.create_task(ScriptExecutor().run(context({"command": ["sleep", "300"]})))
            for _ in range(yields):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert processes.survivors(f"ROTA_WORKER={WORKER}") == []

    asyncio.run(asyncio.wait_for(scenario(), 60))


def test_background_work_ends_with_its_script(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    assert succeeded(run({"script": f"sleep 300 & echo $! > {path}; echo done"}))["stdout"] == "done\n"
    assert not alive(written(path))


def test_a_daemon_that_holds_stdout_does_not_hold_the_attempt(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    outcome = run({"interpreter": "python", "script": AWAY + "\nprint('done')", "arguments": [str(path)]})
    assert succeeded(outcome)["stdout"] == "done\n"
    assert not alive(written(path))


def test_two_attempts_do_not_stop_each_other() -> None:
    async def scenario() -> tuple[Outcome, Outcome]:
        executor = ScriptExecutor()
        slow = asyncio.create_task(
            executor.run(context({"script": "while [ ! -e go ]; do sleep 0.01; done; echo slow"}))
        )
        fast = await executor.run(context({"script": "echo fast; sleep 0.1 &"}))
        Path("go").touch()
        return fast, await slow

    fast, slow = asyncio.run(asyncio.wait_for(scenario(), 30))
    assert (succeeded(fast)["stdout"], succeeded(slow)["stdout"]) == ("fast\n", "slow\n")


def test_no_descriptor_is_left_open() -> None:
    run({"command": ["true"]})
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        run({"command": [sys.executable, "-c", "print(1)"], "stdin": "x"})
    assert len(os.listdir("/proc/self/fd")) == before
