"""Ten thousand hostile expressions: each is read or refused with its field, and none of them takes long."""

import gc
import os
import time
from datetime import datetime
from itertools import islice

import pytest

from domain.hostile_texts import BY_HAND, hostile_texts
from rota.domain import cron as cron_module
from rota.domain.cron import Cron
from rota.domain.errors import InvalidInput

COUNT = 10_000
SEED = int(os.environ.get("HOSTILE_SEED", "1975"))
LONGEST = 0.050
"""Seconds of this process, not of the clock on the wall: other processes may be busy."""
START = datetime.fromisoformat("2026-11-21T12:00:00")


def answer(text: object) -> str:
    """What becomes of an expression: `read`, or why it is refused."""
    refusal: InvalidInput | None = None
    try:
        first, second = islice(Cron.parse(text, spread="hostile").after(START), 2)  # type: ignore[arg-type]
        assert START < first < second
    except InvalidInput as error:
        refusal = error
    if refusal is None:
        return "read"
    assert [location for location, _ in refusal.errors] == [("cron",)]
    assert refusal.detail.isprintable(), f"{refusal.detail!r} would do harm to a terminal"
    return refusal.detail


def took(text: object) -> tuple[float, str]:
    """The seconds of this process for one answer, with nothing remembered from an earlier one."""
    cron_module._parse.cache_clear()
    cron_module._days_in_month.cache_clear()
    began = time.process_time()
    told = answer(text)
    return time.process_time() - began, told


def test_hostile_expressions_are_read_or_refused_at_once() -> None:
    slowest, slowest_text, read, count = 0.0, "", 0, 0
    gc.collect()
    for text in hostile_texts(SEED, COUNT):
        seconds, told = took(text)
        for _ in range(2):
            if seconds > LONGEST:
                seconds = min(seconds, took(text)[0])
        assert seconds <= LONGEST, f"{seconds * 1000:.0f} ms for {text[:100]!r}"
        if seconds > slowest:
            slowest, slowest_text = seconds, text
        read += told == "read"
        count += 1
    print(
        f"{count} hostile expressions (seed {SEED}): {read} read, {count - read} refused,"
        f" the slowest took {slowest * 1000:.1f} ms of CPU: {slowest_text[:60]!r}"
    )
    assert count >= COUNT
    assert read > COUNT // 20, "hardly anything was read: the hostile ones are too easy to refuse"
    assert count - read > COUNT // 2


@pytest.mark.parametrize(
    "text", [None, 5, 5.0, b"* * * * *", ["*"] * 5, {"cron": "*"}, object()], ids=lambda value: type(value).__name__
)
def test_what_is_no_text_is_refused(text: object) -> None:
    assert "text of at most 256 characters" in answer(text)


def test_of_the_list_by_hand_only_these_are_read() -> None:
    assert [text for text in BY_HAND if answer(text) == "read"] == [
        "*/9999 * * * *",
        "59/9999 23/9999 31/9999 12/9999 7/9999",
        "0-59,0-59,0-59/1,*,*/1 0-23,0-23 1-31,1-31 1-12,1-12 0-7,0-7",
        "*" + ",*" * 40 + " * * * *",
        "0 0 L-30 * *",
        "0 0 29 2 MON#5",
        "0 0 L-28 2 *",
        "* * ? * ?",
        "H(0-59)/9999 * * * *",
        "H H H H H",
        *WHITE_SPACE,
    ]
    assert len(BY_HAND) > 150


WHITE_SPACE = [
    "\t*\t*\t*\t*\t*\t",
    "\r\n* * * * *\r\n",
    "  0   0   *   *   *  ",
    "0\u00a00\u00a0*\u00a0*\u00a0*",
    "0\x1f0\x1e*\x1d*\x1c*",
]
"""Whatever separates, separates: people paste from web pages."""


@pytest.mark.parametrize("text", WHITE_SPACE, ids=repr)
def test_white_space_is_no_part_of_an_expression(text: str) -> None:
    cron = Cron.parse(text)
    assert cron.text in ("* * * * *", "0 0 * * *")
    assert cron == Cron.parse(cron.text)
