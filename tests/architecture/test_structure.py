"""The shape of the house: who imports whom, how much is public, and how long the path of an execution is to read."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rota

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "rota"
GUIDE = ROOT / "docs" / "ARCHITECTURE.md"
MOST_PUBLIC_NAMES = 25
LONGEST_MODULE = 400
LONGEST_PATH = 1200
MODULES = sorted(SOURCE.rglob("*.py"))


def lines(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


def test_the_import_contracts_hold() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    if not tool.exists():
        pytest.skip("import-linter is not installed beside this python")
    ran = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"[1-9]\d* kept, 0 broken", ran.stdout)


def test_the_public_names_are_few_and_all_there() -> None:
    assert len(rota.__all__) <= MOST_PUBLIC_NAMES
    assert rota.__all__ == sorted(rota.__all__)
    for name in rota.__all__:
        assert getattr(rota, name) is not None
    assert set(rota.__all__) <= set(dir(rota))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = rota.nonsense


def test_importing_rota_is_light() -> None:
    """Application code that only enqueues must not pay for servers and databases."""
    heavy = ("sqlalchemy", "fastapi", "pydantic", "alembic", "click", "rich", "asyncio", "holidays", "dateutil")
    script = f"import sys, rota; print([name for name in {heavy!r} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("module", MODULES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_a_module_is_short_enough_to_read_and_says_what_it_is(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert len(text.splitlines()) <= LONGEST_MODULE
    if tree.body:
        assert ast.get_docstring(tree), "a module begins with what it is"
    assert not {"utils", "helpers", "common", "manager"} & set(module.relative_to(SOURCE).with_suffix("").parts)
    assert not any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree)), "absolute imports only"


def test_nothing_unpickles_or_evaluates() -> None:
    forbidden = {"eval", "exec", "__import__"}
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in forbidden, f"{module}:{node.lineno}"
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
                assert not names & {"pickle", "marshal", "shelve", "dill"}, f"{module}:{node.lineno}"


def test_the_path_of_an_execution_can_be_read_in_one_sitting() -> None:
    fenced = re.search(r"```path\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL) if GUIDE.exists() else None
    if fenced is None:
        pytest.skip("docs/ARCHITECTURE.md does not list the path")
    files = fenced[1].split()
    assert len(files) >= 5
    assert sum(lines(ROOT / file) for file in files) < LONGEST_PATH
