"""How somebody uses a page: with a mouse, or with nothing but a keyboard."""

from typing import Protocol

import pytest
from playwright.sync_api import Locator, Page

_MOST_TABS = 150


class Hands(Protocol):
    """What a person does with what is on a page."""

    def press(self, what: Locator) -> None:
        """Use a button or a link, turn a box on or off, open a row."""

    def write(self, where: Locator, text: str) -> None:
        """Put a text into a field in the place of what is there."""

    def choose(self, where: Locator, option: str) -> None:
        """Choose an option of a list by its words."""


class Mouse:
    """Points and clicks; only text is typed."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def press(self, what: Locator) -> None:
        what.click()

    def write(self, where: Locator, text: str) -> None:
        where.click()
        where.fill(text)

    def choose(self, where: Locator, option: str) -> None:
        where.select_option(label=option)


class Keyboard:
    """Goes from thing to thing with Tab, and never touches a mouse."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def press(self, what: Locator) -> None:
        self._reach(what)
        box = what.evaluate("it => it.matches('input[type=checkbox], input[type=radio]')")
        self._page.keyboard.press("Space" if box else "Enter")

    def write(self, where: Locator, text: str) -> None:
        self._reach(where)
        self._page.keyboard.press("Control+A")
        self._page.keyboard.type(text)

    def choose(self, where: Locator, option: str) -> None:
        self._reach(where)
        self._page.keyboard.type(option)
        assert where.evaluate("it => it.selectedOptions[0].label") == option

    def _reach(self, what: Locator) -> None:
        what.wait_for()
        for _ in range(_MOST_TABS):
            if what.evaluate("it => it === document.activeElement"):
                return
            self._page.keyboard.press("Tab")
        pytest.fail(f"Tab never comes to {what}")


with_either_hand = pytest.mark.parametrize("hands_of", [Mouse, Keyboard], ids=["mouse", "keyboard"])
"""Runs a test twice: with a mouse, and with a keyboard alone."""
