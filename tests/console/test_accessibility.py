"""Every screen can be used by everybody, in both themes."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from console.accessibility import violations
from console.browsing import each_theme
from console.screens import Furnished, Screen, each_screen

Visit = Callable[[Page, str], None]


@each_theme
@each_screen()
def test_nothing_is_in_anybodys_way(screen: Screen, theme: str, page: Page, visit: Visit, furnished: Furnished) -> None:
    visit(page, screen.at(furnished))
    assert "\n".join(violations(page)) == ""


@each_theme
def test_nor_in_the_way_in(theme: str, visitor: Page, visit: Visit) -> None:
    visit(visitor, "")
    assert "\n".join(violations(visitor)) == ""


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        ("<img src='data:,'>", "image-alt"),
        ("<p style='color: #999; background: #fff'>pale</p>", "color-contrast"),
        ("<input>", "label"),
    ],
)
def test_what_is_in_the_way_is_found(broken: str, rule: str, page: Page) -> None:
    page.set_content(f"<!doctype html><html lang='en'><title>x</title><main><h1>x</h1>{broken}</main></html>")
    assert any(text.startswith(f"{rule} (") for text in violations(page))
