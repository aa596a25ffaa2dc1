"""Loading application modules."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rota.domain.errors import ConfigurationInvalid
from rota.sdk.functions import registry


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Forget the modules and paths that a test adds."""
    modules, path = set(sys.modules), list(sys.path)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def job_file(path: Path, name: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"from rota import job\n\n@job\ndef {name}() -> None: ...\n")
    return str(path)


def test_a_file_is_loaded_once(tmp_path: Path) -> None:
    file = job_file(tmp_path / "first_jobs.py", "work")
    registry.load([file, file])
    loaded = registry.get("first_jobs.work")
    registry.load([file])
    assert loaded is not None
    assert registry.get("first_jobs.work") is loaded


def test_a_function_is_found_by_its_target_too(tmp_path: Path) -> None:
    file = tmp_path / "company_bills.py"
    file.write_text("from rota import job\n\n@job(name='bills')\ndef monthly() -> None: ...\n")
    registry.load([str(file)])
    assert registry.get("company_bills:monthly") is registry.get("bills") is not None
    assert registry.get("company_bills:yearly") is None
    assert {"bills", "company_bills:monthly"} <= set(registry.types())
    assert "company_bills:monthly" not in registry.names()


def test_a_target_that_several_share_means_none_of_them(tmp_path: Path) -> None:
    file = tmp_path / "shared_places.py"
    file.write_text(
        "from rota import job\n\n"
        "def made(name):\n    @job(name=name)\n    def report() -> None: ...\n    return report\n\n"
        "made('places.eu'), made('places.us')\n\n"
        "@job(name='places.first')\ndef twice() -> None: ...\n\n"
        "@job(name='places.second')\ndef twice() -> None: ...\n"
    )
    registry.load([str(file)])
    assert registry.get("places.eu") is not registry.get("places.us")
    for shared in ("shared_places:report", "shared_places:twice"):
        assert registry.get(shared) is None
        assert shared not in registry.types()


def test_a_module_is_found_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job_file(tmp_path / "company_jobs" / "reports.py", "daily")
    (tmp_path / "company_jobs" / "__init__.py").touch()
    monkeypatch.chdir(tmp_path)
    registry.load(["company_jobs.reports"])
    assert registry.get("reports.daily") is not None


def test_files_import_their_siblings(tmp_path: Path) -> None:
    (tmp_path / "sibling_of_jobs.py").write_text("NAME = 'by-sibling'\n")
    file = tmp_path / "jobs_with_sibling.py"
    file.write_text(
        "from rota import job\nfrom sibling_of_jobs import NAME\n\n@job(name=NAME)\ndef work() -> None: ...\n"
    )
    registry.load([str(file)])
    assert registry.get("by-sibling") is not None


def test_a_file_may_be_called_like_a_module_that_is_loaded(tmp_path: Path) -> None:
    registry.load([job_file(tmp_path / "json.py", "work")])
    assert registry.get("json.work") is not None
    assert "loads" in dir(sys.modules["json"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("import no_such_thing", "ModuleNotFoundError: No module named 'no_such_thing'"),
        ("def broken(:", "SyntaxError"),
        ("raise ValueError('no licence')", "ValueError: no licence"),
        ("raise SystemExit(3)", "SystemExit: 3"),
    ],
)
def test_a_module_that_cannot_be_loaded_is_named_with_the_reason(tmp_path: Path, content: str, reason: str) -> None:
    file = tmp_path / "unloadable.py"
    file.write_text(content)
    with pytest.raises(ConfigurationInvalid) as caught:
        registry.load([str(file)])
    assert f"cannot import {file}: " in caught.value.detail
    assert reason in caught.value.detail
    assert "\n" not in caught.value.detail


def test_a_module_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="no_such_package"):
        registry.load(["no_such_package.jobs"])
    with pytest.raises(ConfigurationInvalid, match="no file"):
        registry.load([str(tmp_path / "absent.py")])
