"""The simulation alone: the same twice, never above a bound, and nothing but the planner's own instants."""

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rota.domain.instant import DAY, HOUR, MINUTE, SECOND, parse_instant
from rota.domain.job import Defaults, Job, JobState
from rota.domain.limits import FLEET
from rota.domain.occurrence import Decision
from rota.domain.planning import upcoming
from rota.domain.queue import QueueSettings
from rota.domain.schedule import Schedule
from rota.domain.simulation import Outage, Setting, SimulatedJob, SimulatedSchedule, simulate

START = parse_instant("2026-03-28T00:00:00Z")
DEV = Setting("DEV")


def one(
    document: dict[str, Any], duration: int = 0, id: str = "s", runs: int = 0, job: str = "j", **standing: Any
) -> SimulatedSchedule:
    fields = {key: standing.pop(key) for key in list(standing) if key not in ("state", "note", "resume_at")}
    definition = Job.parse({"name": job, "jobType": "echo", **fields}, defaults=Defaults())
    rule = Schedule.parse(document, now=START, spread=id)
    return SimulatedSchedule(id, SimulatedJob(job, definition, duration, **standing), rule, runs=runs)


def decisions(found: Any) -> list[str]:
    return [occurrence.decision.value for occurrence in found.occurrences]


def test_a_run_that_takes_longer_than_the_interval_skips_the_next() -> None:
    found = simulate([one({"every": "1h"}, 90 * MINUTE)], DEV, start=START, until=START + 4 * HOUR)
    assert decisions(found) == ["fired", "skippedOverlap", "fired", "skippedOverlap"]
    assert found.occurrences[1].reason == "the run of schedule s at 2026-03-28T01:00:00.000Z still runs"
    assert found.decisions == {Decision.FIRED: 2, Decision.SKIPPED_OVERLAP: 2}


def test_what_waits_for_a_slot_says_how_long() -> None:
    pair = [one({"every": "1h"}, 10 * MINUTE, id, job=id) for id in "ab"]
    found = simulate(pair, Setting("DEV", slots=1), start=START, until=START + HOUR + 30 * MINUTE)
    assert [(o.schedule_id, o.run and o.run.wait) for o in found.occurrences] == [("a", 0), ("b", 10 * MINUTE)]
    assert [(hour.fires, hour.busy, hour.longest_wait) for hour in found.load()] == [(2, 20 * MINUTE, 10 * MINUTE)]


def test_the_load_of_a_long_run_is_told_in_every_hour_that_it_touches() -> None:
    found = simulate([one({"once": "2026-03-28T00:30:00Z"}, 2 * HOUR)], DEV, start=START, until=START + DAY)
    assert [hour.busy for hour in found.load()] == [30 * MINUTE, HOUR, 30 * MINUTE]


def test_a_paused_job_and_a_paused_queue_are_told() -> None:
    paused = one({"every": "1h"}, state=JobState.PAUSED, note="audit", resume_at=START + 2 * HOUR)
    assert decisions(simulate([paused], DEV, start=START, until=START + 2 * HOUR)) == ["skippedPaused", "fired"]
    resting = Setting("DEV", queues=[QueueSettings(FLEET, paused=True)])
    found = simulate([one({"every": "1h", "overlap": "allow"})], resting, start=START, until=START + 2 * HOUR)
    assert [occurrence.run and occurrence.run.starts_at for occurrence in found.occurrences] == [None, None]


def test_a_rate_holds_runs_back_until_it_opens() -> None:
    job = one({"every": "1m", "overlap": "allow"}, rateLimit="1/10m")
    found = simulate([job], DEV, start=START, until=START + 25 * MINUTE)
    starts = [occurrence.run.starts_at for occurrence in found.occurrences if occurrence.run]
    assert [at and (at - START) // MINUTE for at in starts[:4]] == [1, 11, 21, None]


def test_an_outage_is_caught_up_as_the_policy_says() -> None:
    out = Setting("DEV", outages=[Outage(START + 90 * MINUTE, START + 5 * HOUR + 30 * MINUTE)])
    for policy, wanted in (
        ("skip", "missed missed missed missed"),
        ("runLatest", "coalesced coalesced coalesced fired"),
    ):
        found = simulate([one({"every": "1h", "missed": policy})], out, start=START, until=START + 6 * HOUR)
        assert decisions(found) == ["fired", *wanted.split(), "fired"]
        assert {o.decided_at for o in found.occurrences[1:5]} == {START + 5 * HOUR + 30 * MINUTE}


def test_too_much_to_tell_ends_early_and_says_where() -> None:
    found = simulate(
        [one({"every": "1s"}, id=id, job=id) for id in "ab"], DEV, start=START, until=START + DAY, most=1000
    )
    assert (len(found.occurrences), found.stopped_at) == (1000, START + 500 * SECOND)
    assert simulate([one({"every": "1h"})], DEV, start=START, until=START + DAY).stopped_at is None


def test_runs_before_count_against_max_runs() -> None:
    limited = {"every": "1h", "maxRuns": 3}
    assert decisions(simulate([one(limited, runs=1)], DEV, start=START, until=START + DAY)) == ["fired"] * 2
    assert decisions(simulate([one(limited, runs=3)], DEV, start=START, until=START + DAY)) == []


RULES = st.sampled_from(
    [
        {"every": "20m"}, {"every": "7h"}, {"daily": {"at": "02:30"}}, {"cron": "*/30 1-4 * * *"},
        {"weekly": {"on": ["SUN"], "at": "02:00"}}, {"cron": "15 2 * * *"},
    ]
)  # fmt: skip
SCHEDULES = st.builds(
    lambda rule, zone, overlap, key, jitter: (
        rule
        | {"timeZone": zone, "overlap": overlap}
        | ({"overlapKey": key} if key else {})
        | ({"jitter": jitter} if jitter else {})
    ),
    RULES,
    st.sampled_from(["UTC", "Europe/Madrid", "America/New_York"]),
    st.sampled_from(["skip", "queueOne", "queueAll", "cancelPrevious", "killPrevious", "allow"]),
    st.sampled_from([None, None, "k"]),
    st.sampled_from([None, "5m"]),
)
SETS = st.lists(st.tuples(SCHEDULES, st.sampled_from([0, 1, 900, 7200])), min_size=1, max_size=6)


@given(SETS, st.sampled_from([None, 1, 2]))
@settings(max_examples=60, deadline=None)
def test_nothing_is_above_its_bound_and_every_instant_is_the_planners(drawn: Any, slots: int | None) -> None:
    made = [one(document, length * SECOND, f"s{n}", job=f"j{n}") for n, (document, length) in enumerate(drawn)]
    until = START + 3 * DAY
    found = simulate(made, Setting("DEV", slots), start=START, until=until)
    assert found == simulate(made, Setting("DEV", slots), start=START, until=until)
    for item in made:
        preview = upcoming(item.schedule, START, until, 1000)
        told = [o.nominal for o in found.occurrences if o.schedule_id == item.id and o.decision != "suppressedDst"]
        assert told == [fire.at for fire in preview.items]
    runs = [o.run for o in found.occurrences if o.run is not None and o.run.starts_at is not None]
    changes = sorted(
        [(run.ends_at, 0, -1, run) for run in runs if run.ends_at is not None and run.ends_at > (run.starts_at or 0)]
        + [(run.starts_at, 1, 1, run) for run in runs if run.ends_at is None or run.ends_at > (run.starts_at or 0)],
        key=lambda change: change[:3],
    )
    names: Counter[str] = Counter()
    for _, _, step, run in changes:
        names["all"] += step
        assert slots is None or names["all"] <= slots
        for name, most in run.limits.caps:
            names[name] += step
            assert names[name] <= most
