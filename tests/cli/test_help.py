"""Help is quick because it loads nothing, fits 80 columns, and shows an example of everything."""

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from rota.cli.main import SECTIONS, root

HEAVY = (
    "rich",
    "httpx2",
    "pydantic",
    "pydantic_settings",
    "sqlalchemy",
    "fastapi",
    "uvicorn",
    "holidays",
    "icalendar",
    "dateutil",
    "rota.config",
    "rota.app",
)


@pytest.mark.parametrize("words", [["--help"], ["jobs", "--help"], ["jobs", "create", "--help"], ["up", "--help"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    program = (
        "import sys\n"
        "from rota.cli.main import main\n"
        "try:\n"
        f"    sys.argv = ['rota', *{words!r}]; main()\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        f"print('LOADED', [name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("LOADED []\n")


def test_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "rota", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("rota ")


def commands(group: click.Group, *above: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*above, name), command
        if isinstance(command, click.Group):
            yield from commands(command, *above, name)


@pytest.mark.parametrize("words", [words for words, _ in commands(root)], ids=" ".join)
def test_every_help_fits_and_has_an_example(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(root, [*words, "--help"], prog_name="rota")
    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= 80
    assert f"Example: rota {words[0]}" in result.output


def test_every_read_has_json() -> None:
    without = {"up", "server", "worker", "migrate", "check"}
    for words, command in commands(root):
        if words[0] not in without and not isinstance(command, click.Group):
            assert any("--json" in option.opts for option in command.params), words


def test_the_listed_commands_are_the_commands() -> None:
    for section in SECTIONS.values():
        for name, lazy in section.items():
            command = root.get_command(click.Context(root), name)
            assert command is not None
            assert command.name == name
            assert lazy.help.endswith(".") or lazy.help.endswith("…")


def test_a_near_miss_is_named() -> None:
    result = CliRunner().invoke(root, ["job"], prog_name="rota")
    assert result.exit_code == 2
    assert "did you mean 'jobs'" in result.stderr
