"""Cron expressions as the documents of other schedulers write them: every one is compared, none is dropped."""

from collections import Counter
from datetime import UTC, datetime
from itertools import islice

import pytest
from cronsim import CronSim, CronSimError

from domain.cron_corpus import Line, beyond, corpus
from domain.cron_in_words import words
from rota.domain.cron import Cron
from rota.domain.errors import InvalidInput
from rota.domain.instant import from_datetime, to_datetime
from rota.domain.planning import upcoming
from rota.domain.schedule import Schedule

INSTANTS = 50
STARTS = (datetime(2026, 2, 27, 22, 59, 30, tzinfo=UTC), datetime(2023, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
NEW_YEAR = datetime(2026, 1, 1)  # noqa: DTZ001 - a wall-clock time
"""A Thursday."""
SPREAD = "corpus"


def test_the_next_fifty_instants_are_those_of_cronsim() -> None:
    compared, instants = Counter[str](), 0
    for line in corpus():
        for start in STARTS:
            ours = instants_of_rota(line.text, start)
            theirs = list(islice(CronSim(line.text, start), INSTANTS))
            assert len(ours) == INSTANTS, str(line)
            assert ours == theirs, str(line)
            instants += len(ours)
        compared[line.source] += 1
    for source, count in compared.items():
        print(f"{count:4} {source}")
    print(f"{compared.total()} expressions of {len(compared)} pages compared with cronsim, {instants} instants")
    assert compared.total() >= 300


def instants_of_rota(text: str, start: datetime) -> list[datetime]:
    """The next fifty in UTC."""
    schedule = Schedule.parse({"cron": text}, now=from_datetime(start), spread=SPREAD)
    preview = upcoming(schedule, from_datetime(start), count=INSTANTS)
    assert not preview.skipped
    assert all(fire.notes == () for fire in preview.items)
    return [to_datetime(fire.at) for fire in preview.items]


def test_no_expression_stands_in_two_places() -> None:
    texts = Counter(line.text for line in corpus()) + Counter({line.text for line in beyond()})
    assert [text for text, count in texts.items() if count > 1] == []


@pytest.mark.parametrize("line", beyond(), ids=str)
def test_what_cronsim_cannot_read(line: Line) -> None:
    with pytest.raises((CronSimError, StopIteration)):
        next(CronSim(line.text, NEW_YEAR))
    kind, _, rest = line.expected.partition(": " if line.expected.startswith("refused") else " as ")
    if kind == "refused":
        with pytest.raises(InvalidInput) as refused:
            Cron.parse(line.text, spread=SPREAD)
        assert rest in refused.value.detail
        return
    ours = list(islice(Cron.parse(line.text, spread=SPREAD).after(NEW_YEAR), INSTANTS))
    assert ours == list(islice(words(line.text, SPREAD).after(NEW_YEAR), INSTANTS))
    if kind == "same":
        assert ours == list(islice(Cron.parse(rest).after(NEW_YEAR), INSTANTS))
    elif kind != "hashed":
        by_hand = line.expected.split(", ")
        assert [f"{moment:%a %Y-%m-%d %H:%M:%S}" for moment in ours[: len(by_hand)]] == by_hand


@pytest.mark.parametrize(
    ("text", "minutes", "hours"),
    [
        ("H * * * *", range(60), range(24)),
        ("H/15 * * * *", range(60), range(24)),
        ("H/20 * * * *", range(60), range(24)),
        ("H(0-29)/10 * * * *", range(30), range(24)),
        ("H H * * *", range(60), range(24)),
        ("H H(0-7) * * *", range(60), range(8)),
        ("H H(8-15)/2 * * 1-5", range(60), range(8, 16)),
        ("H(0-30) 17 * * *", range(31), range(17, 18)),
    ],
)
def test_a_hash_keeps_to_the_range_that_jenkins_documents(text: str, minutes: range, hours: range) -> None:
    minute, hour = text.split()[:2]
    for job in range(200):
        cron = Cron.parse(text, spread=f"job-{job}")
        assert set(cron.minutes) <= set(minutes)
        assert set(cron.hours) <= set(hours)
        assert len(cron.minutes) == (len(minutes) // int(minute.split("/")[1]) if "/" in minute else 1)
        assert len(cron.hours) == (24 if hour == "*" else len(hours) // int(hour.split("/")[1]) if "/" in hour else 1)


PUBLISHED = [
    # gorhill/cronexpr, cronexpr_test.go
    ("0 0 14W * *", "2013-03-31 00:00:00", "2013-04-15 00:00:00"),
    ("0 0 14W * *", "2013-08-31 00:00:00", "2013-09-13 00:00:00"),
    ("0 0 30W * *", "2013-03-02 00:00:00", "2013-03-29 00:00:00"),
    ("0 0 30W * *", "2013-06-02 00:00:00", "2013-06-28 00:00:00"),
    ("0 0 30W * *", "2013-09-02 00:00:00", "2013-09-30 00:00:00"),
    ("0 0 30W * *", "2013-11-02 00:00:00", "2013-11-29 00:00:00"),
    ("0 0 LW * *", "2013-09-02 00:00:00", "2013-09-30 00:00:00"),
    ("0 0 LW * *", "2013-11-02 00:00:00", "2013-11-29 00:00:00"),
    ("0 0 LW * *", "2014-08-15 00:00:00", "2014-08-29 00:00:00"),
    ("0 0 L * *", "2016-02-15 00:00:00", "2016-02-29 00:00:00"),
    ("0 0 * * 6#5", "2013-09-02 00:00:00", "2013-11-30 00:00:00"),
    ("15-30/4,55 * * * *", "2013-01-01 00:30:00", "2013-01-01 00:55:00"),
    # robfig/cron, spec_test.go
    ("15/35 20-35/15 1/2 */2 * *", "2012-07-09 23:35:51", "2012-07-11 01:20:15"),
    ("15/35 20-35/15 * 9-20 Jul *", "2012-07-09 23:35:51", "2012-07-10 00:20:15"),
    ("0 0 0 9 Apr-Oct ?", "2012-07-09 23:35:00", "2012-08-09 00:00:00"),
    ("0 0 0 */5 Apr,Aug,Oct Mon", "2012-07-09 23:35:00", "2012-08-06 00:00:00"),
    ("0 0 0 */5 Oct Mon", "2012-07-09 23:35:00", "2012-10-01 00:00:00"),
    ("0 0 0 * Feb Mon/2", "2012-07-09 23:35:00", "2013-02-01 00:00:00"),
    ("0 0 0 29 Feb ?", "2012-07-09 23:35:00", "2016-02-29 00:00:00"),
    # croniter, test_croniter.py
    ("0 0 * * wed#5", "2010-01-25 00:00:00", "2010-03-31 00:00:00"),
    ("0 0 1 * wed", "2010-01-25 00:00:00", "2010-01-27 00:00:00"),
    ("0 0 1 3,6,9,12 *", "2016-12-03 10:00:00", "2017-03-01 00:00:00"),
    # fugit, README.md
    ("59 6 1-7 * 2", "2020-03-15 00:00:00", "2020-03-17 06:59:00"),
    ("0 0 */2 * 1-5", "2022-08-09 00:00:00", "2022-08-11 00:00:00"),  # fugit joins by "or" here; Vixie's star by "and"
    # cronsim, README.md
    ("0 0 * 2 MON#5", "2021-01-01 00:00:00", "2044-02-29 00:00:00"),
]


@pytest.mark.parametrize(("text", "start", "following"), PUBLISHED)
def test_the_answers_that_others_publish(text: str, start: str, following: str) -> None:
    first = next(Cron.parse(text).after(datetime.fromisoformat(start)))
    assert first == datetime.fromisoformat(following)


def test_how_many_there_are() -> None:
    kinds = Counter(line.expected.split(":")[0].split()[0] for line in beyond())
    times = len(beyond()) - kinds["refused"] - kinds["same"] - kinds["hashed"]
    print(
        f"{len(corpus())} expressions are compared with cronsim; of {len(beyond())} that it cannot read,"
        f" {times} have times by hand, {kinds['same']} are nicknames, {kinds['hashed']} hashed, {kinds['refused']} refused"
    )
    assert len(corpus()) + len(beyond()) >= 500
