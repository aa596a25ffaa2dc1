"""Who cannot see, point or tell colours apart: what axe finds wrong with a page."""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_AXE = Path(__file__).parent / "vendor" / "axe.min.js"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = """([within, tags]) =>
  axe.run(within ?? document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] })
    .then(({ violations }) => violations)"""
_NODES_AT_MOST = 8


def violations(page: Page, within: str | None = None) -> list[str]:
    """One text for each element that breaks a rule; `within` is a selector. DevTools puts axe there, so no policy minds."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(f"{_source()}\n;0")
    return [
        _told(rule, node) for rule in page.evaluate(_RUN, [within, _TAGS]) for node in rule["nodes"][:_NODES_AT_MOST]
    ]


@cache
def _source() -> str:
    return _AXE.read_text(encoding="utf-8")


def _told(rule: dict[str, Any], node: dict[str, Any]) -> str:
    why = " ".join(str(node["failureSummary"]).split())
    return f"{rule['id']} ({rule['impact']}): {' '.join(map(str, node['target']))}\n    {node['html'][:200]}\n    {why}"
