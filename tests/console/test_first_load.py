"""The first load is small and comes from here: the console works without the internet."""

import gzip
from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Page

from console.complaints import Complaints
from console.screens import Furnished
from console.serving import Server

MOST_BYTES = 180 * 1024
_ASSETS = ("document", "script", "stylesheet", "image", "font", "other", "manifest")


def test_the_first_load_is_small_and_asks_nobody_else(
    page: Page, server: Server, furnished: Furnished, visit: Callable[[Page, str], None], complaints: Complaints
) -> None:
    visit(page, "")
    hosts = {urlsplit(request.url).netloc for request in complaints.requests}
    assert hosts == {urlsplit(server.url).netloc}

    assets = sorted({request.url for request in complaints.requests if request.resource_type in _ASSETS})
    sizes = {url: len(gzip.compress(server.client.get(url).raise_for_status().content)) for url in assets}
    told = "\n".join(f"{size:8,} {url}" for url, size in sorted(sizes.items(), key=lambda item: -item[1]))
    assert len(sizes) > 3
    assert sum(sizes.values()) <= MOST_BYTES, told


def test_assets_travel_compressed_and_are_fetched_once(
    page: Page, furnished: Furnished, visit: Callable[[Page, str], None], complaints: Complaints
) -> None:
    visit(page, "")
    scripts = [answer for answer in complaints.answers if answer.request.resource_type in ("script", "stylesheet")]
    assert {answer.headers.get("content-encoding") for answer in scripts} == {"gzip"}
    urls = [request.url for request in complaints.requests if request.resource_type in ("script", "stylesheet")]
    assert len(urls) == len(set(urls))
