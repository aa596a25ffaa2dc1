"""Every screen fits the window, from a telephone to a desk: only what scrolls by itself is wider."""

from collections.abc import Callable

from playwright.sync_api import Page

from console.browsing import HEIGHTS, WIDTHS
from console.screens import Furnished, Screen, each_screen

Visit = Callable[[Page, str], None]

_TOO_WIDE = """() => {
  const name = (element) => `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""}`;
  const around = [document.documentElement, document.body];
  for (let element = document.querySelector("main"); element; element = element.parentElement) around.push(element);
  const wide = [...new Set(around)].filter((element) => element.scrollWidth > element.clientWidth);
  if (!wide.length) return [];
  const edge = wide[0].getBoundingClientRect().left + wide[0].clientWidth;
  const beyond = [...wide[0].querySelectorAll("*")].filter((element) => element.getBoundingClientRect().right > edge + 0.5);
  return [...wide.map((element) => `${name(element)} has ${element.clientWidth} and needs ${element.scrollWidth}`),
    ...beyond.slice(0, 12).map((element) => `${name(element)} ends at ${Math.round(element.getBoundingClientRect().right)}`)];
}"""
"""What the screen stands in, if that scrolls sideways, and what makes it do so. A table may scroll in a box of its own."""


@each_screen()
def test_no_screen_scrolls_sideways(
    screen: Screen, page: Page, visit: Visit, settle: Callable[[Page], None], furnished: Furnished
) -> None:
    visit(page, screen.at(furnished))
    wide: dict[int, list[str]] = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        settle(page)
        wide[width] = page.evaluate(_TOO_WIDE)
    assert {width: told for width, told in wide.items() if told} == {}


def test_nor_does_the_way_in(visitor: Page, visit: Visit) -> None:
    visit(visitor, "")
    for width in WIDTHS:
        visitor.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        assert visitor.evaluate(_TOO_WIDE) == []


def test_what_is_too_wide_is_found(page: Page) -> None:
    page.set_content("<main style='overflow: auto'><p class='long' style='width: 3000px'>x</p></main>")
    told = page.evaluate(_TOO_WIDE)
    assert "main. has" in told[0]
    assert "p.long ends at" in told[1]
