"""A screen is painted by at most three questions, and by few bytes."""

from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Page

from console.complaints import Complaints
from console.screens import Furnished, Screen, each_screen

MOST_REQUESTS = 3
MOST_BYTES = 50 * 1024
_STREAMS = ("/api/events", "/logs")


@each_screen()
def test_few_questions_paint_a_screen(
    screen: Screen,
    page: Page,
    visit: Callable[[Page, str], None],
    complaints: Complaints,
    furnished: Furnished,
) -> None:
    visit(page, screen.at(furnished))
    asked = [
        answer
        for answer in complaints.answers
        if answer.request.resource_type in ("fetch", "xhr") and not urlsplit(answer.url).path.endswith(_STREAMS)
    ]
    first = {answer.url: answer for answer in reversed(asked)}  # what is asked again because something happened, once
    told = sorted(url for url in first if not url.endswith("/session"))
    assert 0 < len(told) <= MOST_REQUESTS, told
    assert sum(len(answer.body()) for url, answer in first.items() if url in told) <= MOST_BYTES
