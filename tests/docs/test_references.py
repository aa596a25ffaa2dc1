"""What the documents name exists: files, anchors, records, commands, flags, targets, problems, dependencies."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from rota.api.routes import ROUTERS
from rota.cli.main import root
from rota.client.problems import error_from
from rota.config import Config
from rota.domain.errors import RotaError

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^``` *$", re.MULTILINE | re.DOTALL)
LONGEST_PATH = 1200


def prose(document: Path) -> str:
    return FENCE.sub("", document.read_text(encoding="utf-8"))


def anchors(document: Path) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.stem)
def test_its_links_resolve(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(document)):
        if "://" in target or target.startswith("mailto:"):
            continue
        file, _, anchor = target.partition("#")
        linked = (document.parent / file).resolve() if file else document
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


def test_the_reading_path_can_be_read_in_one_sitting() -> None:
    text = (DOCS / "ARCHITECTURE.md").read_text()
    (path,) = [match[2] for match in FENCE.finditer(text) if match[1] == "path"]
    files = [ROOT / line for line in path.split()]
    assert 7 <= len(files) <= 10
    assert sum(len(file.read_text().splitlines()) for file in files) < LONGEST_PATH


def test_every_record_is_in_the_index_and_says_what_violates_it() -> None:
    index = (DOCS / "adr" / "README.md").read_text()
    records = sorted((DOCS / "adr").glob("[0-9]*.md"))
    assert [record.name[:4] for record in records] == [f"{number:04}" for number in range(1, len(records) + 1)]
    for record in records:
        text = record.read_text()
        title = text.splitlines()[0].removeprefix(f"# {record.name[:4]} ")
        assert f"| [{record.name[:4]}]({record.name}) | {title} |" in index
        assert "**A change violates this when**" in text
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]


def test_documents_that_the_code_names_exist() -> None:
    for source in (ROOT / "src").rglob("*.py"):
        for name in re.findall(r"docs/[\w/-]+\.md", source.read_text()):
            assert (ROOT / name).exists(), f"{source}: {name}"


def test_every_core_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [re.split(r"[<>=!\[ ]", item)[0] for item in project["dependencies"]]
    record = (DOCS / "adr" / "0002-core-dependencies.md").read_text()
    assert re.findall(r"^\| ([a-z0-9-]+) \| ", record, re.MULTILINE)[1:] == names
    source = "".join(file.read_text() for file in (ROOT / "src").rglob("*.py"))
    for name in names:
        module = {"pyyaml": "yaml"}.get(name, name.removeprefix("python-").replace("-", "_"))
        imported = re.search(rf"^\s*(from|import) {module}\b", source, re.MULTILINE) is not None
        assert imported != bool(re.search(rf"^\| {name} \| .*Never imported", record, re.MULTILINE)), name


def test_every_problem_has_its_section() -> None:
    ours = [error for error in _all(RotaError) if error.__module__ == RotaError.__module__]
    kinds = {error.type for error in ours if error.status != 500 or error is RotaError}
    raised = "".join(source.read_text() for source in (ROOT / "src/rota/api").rglob("*.py"))
    kinds |= set(re.findall(r"problem\(\s*\d{3}, \"([a-z-]+)\"", raised))
    kinds |= {"bad-request", "method-not-allowed"}  # the framework's own
    documented = re.findall(r"^## (.+)$", (DOCS / "guides" / "problems.md").read_text(), re.MULTILINE)
    assert sorted(documented) == sorted(kinds)


def test_every_problem_ends_the_command_line_with_its_code() -> None:
    text = (DOCS / "guides" / "problems.md").read_text()
    rows = re.findall(r"^\| \[`/problems/([a-z-]+)`\]\(#([a-z-]+)\) \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    assert {kind for kind, *_ in rows} == anchors(DOCS / "guides" / "problems.md") - {"problems"}
    for kind, anchor, status, code in rows:
        assert anchor == kind
        assert error_from(int(status), {"type": f"/problems/{kind}"}).exit_code == int(code), kind


def test_every_setting_has_its_row() -> None:
    text = (DOCS / "guides" / "running.md").read_text()
    rows = re.findall(r"^\| `ROTA_([A-Z_]+)` \| (?:`(.*?)`)? *\|", text, re.MULTILINE)
    assert rows == list(_settings(Config.model_construct(), ""))


def _settings(section: BaseModel, prefix: str) -> Iterator[tuple[str, str]]:
    """The settings of a section with their defaults as the table shows them, then those of its own sections."""
    values = {name: getattr(section, name) for name in type(section).model_fields}
    for name, value in values.items():
        if not isinstance(value, BaseModel):
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            yield f"{prefix}{name.upper()}", "" if value in (None, ()) else shown
    for name, value in values.items():
        if isinstance(value, BaseModel):
            yield from _settings(value, f"{name.upper()}__")


def test_every_endpoint_exists_and_is_told() -> None:
    routed = {
        (method, re.sub(r"{\w+(:path)?}", "{}", prefix + getattr(route, "path", "")))
        for prefix, _, router in ROUTERS
        for route in router.routes
        if getattr(route, "include_in_schema", False)
        for method in getattr(route, "methods", ())
    }
    text = "".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    named = re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[^`? ]*)", text)
    assert {(method, re.sub(r"{\w+}", "{}", path)) for method, path in named} == routed


def _all(kind: type[RotaError]) -> Iterator[type[RotaError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _all(child)


def commands(program: str) -> Iterator[tuple[str, str]]:
    """Every command line of a program in the documents, in blocks and between backquotes, with its document."""
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        shell = "".join(match[2] for match in FENCE.finditer(text) if match[1].split(" ")[0] in ("sh", "ini", "make"))
        spans = re.findall(rf"`({program} [^`\n]+)`", prose(document))
        lines = re.findall(rf"(?:^|[;&|(=/ ])({program} [^\n|;&)]+)", shell.replace("\\\n", " "), re.MULTILINE)
        yield from ((document.name, line) for line in spans + lines)


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document, line in commands("make"):
        assert line.split()[1] in targets, f"{document}: {line}"


def test_every_command_and_flag_exists() -> None:
    found = list(commands("rota"))
    assert found
    for document, line in found:
        words = line.partition(" # ")[0].replace("…", "").split()[1:]
        command: click.Command = root
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            child = command.get_command(click.Context(command), words[0])
            assert child is not None, f"{document}: {line}"
            command, words = child, words[1:]
        flags = {flag for option in command.params for flag in (*option.opts, *option.secondary_opts)}
        flags |= {"--help", "-h"}
        for word in words:
            if re.match(r"--?[a-z]", word):
                assert word.split("=")[0] in flags, f"{document}: {line}"
