"""Every screen fits the window, from a telephone to a desk: only what scrolls by itself is wider."""

from collections.abc import Callable

from playwright.sync_api import Page

from console.browsing import HEIGHTS, WIDTHS
from console.screens import Furnished, Screen, each_screen

Visit = Callable[[Page, str], None]

_TOO_WIDE = """() => {
  const root = document.documentElement, width = root.clientWidth;
  if (Math.max(root.scrollWidth, document.body.scrollWidth) <= width) return [];
  const told = [...document.body.querySelectorAll("*")]
    .map((element) => [element, element.getBoundingClientRect()])
    .filter(([, { left, right, width: own }]) => own > 0 && (right > width + 0.5 || left < -0.5))
    .map(([element, { left, right }]) => `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""} ${Math.round(left)}..${Math.round(right)}`);
  return [`the page is ${root.scrollWidth} wide`, ...told.slice(0, 12)];
}"""


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
