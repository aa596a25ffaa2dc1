"""The link that `rota up` prints lets one browser in, once."""

import re
from collections.abc import Callable

from playwright.sync_api import Page

from console.browsing import settle
from console.complaints import Complaints
from console.serving import Server


def test_the_link_signs_in_once(
    server: Server, open_page: Callable[..., Page], complaints: Complaints, furnished: object
) -> None:
    complaints.expect("status of 401")
    link = re.search(r"^\s*sign in\s+(\S+)", server.output, re.MULTILINE)
    assert link is not None, server.output
    codes = {}
    for person in ("first", "second"):
        page = open_page(signed_in=False)
        page.goto(link[1])
        settle(page, complaints)
        assert "signin" not in page.url
        codes[person] = page.request.get(f"{server.url}/session").status
    assert codes == {"first": 200, "second": 401}
