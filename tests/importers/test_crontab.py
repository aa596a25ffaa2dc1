"""Crontabs: what an entry becomes, what is refused, and that it fires when cronie would run it."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importers.definitions import Read, job, parameters
from rota import registry
from rota.domain.errors import InvalidInput
from rota.domain.instant import format_instant, parse_instant
from rota.importers.base import Found, Options, Source, source_tag
from rota.importers.comparison import compare


def only(found: list[Found]) -> Found:
    (one,) = found
    return one


def command(found: Found) -> str:
    return str(parameters(found)["command"][-1])


def cron(found: Found) -> object:
    (schedule,) = found.schedules
    return schedule["cron"]


@pytest.mark.parametrize(
    ("file", "entries"),
    [
        ("crontab", ["17 * * * *", "25 6 * * *", "47 6 * * 7", "52 6 1 * *"]),
        ("cron.d/anacron", ["30 7-23 * * *"]),
        ("cron.d/certbot", ["0 */12 * * *"]),
        ("cron.d/e2scrub_all", ["30 3 * * 0", "10 3 * * *"]),
        ("cron.d/mdadm", ["57 0 * * 0"]),
        ("cron.d/php", ["9,39 * * * *"]),
        ("cron.d/popularity-contest", ["55 12 * * *"]),
        ("cron.d/sysstat", ["5,15,25,35,45,55 * * * *", "59 23 * * *"]),
    ],
)
def test_a_file_of_debian_becomes_jobs_with_the_same_fire_times(
    read: Read, files: Path, now: int, file: str, entries: list[str]
) -> None:
    found = read("crontab", path=str(files / "etc" / file))
    assert [cron(one) for one in found] == entries
    for one in found:
        job(one)
        comparison = compare(one, now)
        assert comparison.same, comparison.words
        assert any("it ran as root" in note for note in one.notes)


def test_names_descriptions_and_variables(read: Read, files: Path) -> None:
    rotation = read("crontab", path=str(files / "etc/cron.d/sysstat"))[1]
    assert rotation.name == "sysstat.debian-sa1-2"
    assert job(rotation)["description"] == "Additional run at 23:59 to rotate the statistics file"
    assert parameters(rotation)["command"] == [
        "/usr/bin/env",
        "SHELL=/bin/sh",
        "PATH=/usr/lib/sysstat:/usr/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
        "/bin/sh",
        "-c",
        "cd\ncommand -v debian-sa1 > /dev/null && debian-sa1 60 2",
    ]
    names = [one.name for one in read("crontab", path=str(files / "etc/crontab"))]
    assert names == ["crontab.cron.hourly", "crontab.anacron", "crontab.anacron-2", "crontab.anacron-3"]
    first = read("crontab", path=str(files / "etc/crontab"))[0]
    assert job(first)["description"] == f"Imported from {files / 'etc/crontab'}"


def test_a_backslash_keeps_a_percent_and_a_bare_one_begins_the_input(read: Read, files: Path) -> None:
    assert "$(date +%d)" in command(only(read("crontab", path=str(files / "etc/cron.d/mdadm"))))
    mail = only(read("crontab", "5 4 * * sun mail -s 100\\% ada%Dear Ada,%%yours"))
    assert command(mail) == "cd\nmail -s 100% ada"
    assert parameters(mail)["stdin"] == "Dear Ada,\n\nyours\n"


def test_a_command_may_be_its_input_alone(read: Read) -> None:
    found = only(read("crontab", "0 5 * * * %what it reads", path="/home/ada/jobs"))
    assert (found.name, command(found), parameters(found)["stdin"]) == ("jobs", "cd\n", "what it reads\n")


def test_settings_reach_the_entries_below_them(read: Read) -> None:
    first, second = read(
        "crontab",
        """
MAILTO = ada@example.org
"GREETING" = "  hello "
SHELL=/bin/bash
0 1 * * * one
RANDOM_DELAY=45
CRON_TZ=America/New_York
0 2 * * * two
""",
    )
    assert parameters(first)["command"][1:4] == ["SHELL=/bin/bash", "PATH=/usr/bin:/bin", "MAILTO=ada@example.org"]
    assert parameters(first)["command"][4] == "GREETING=  hello "
    assert parameters(first)["command"][5] == "/bin/bash"
    assert first.schedules[0]["timeZone"] == "Europe/Madrid"
    assert second.schedules[0]["timeZone"] == "America/New_York"
    assert second.schedules[0]["jitter"] == "45m"
    assert not any("CRON_TZ" in word for word in parameters(second)["command"])


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("@hourly x", "0 * * * *"),
        ("CRON_TZ=\n0 5 * * * x", "0 5 * * *"),
        ("@daily x", "0 0 * * *"),
        ("@weekly x", "0 0 * * 0"),
        ("@monthly x", "0 0 1 * *"),
        ("@annually x", "0 0 1 1 *"),
        ("-*/15 * * * * x", "*/15 * * * *"),
        ("0 0 1-7 * Mon x", "0 0 1-7 * 1"),
        ("0 0 * jan-mar,DEC 5-7 x", "0 0 * 1-3,12 5-7"),
        ("10-50/20 2-4 * * * x", "10,30,50 2-4 * * *"),
        ("1,*/30 3 * * * x", "0-1,30 3 * * *"),
        ("~ 5~ * * * x", "H(0-59) H(5-23) * * *"),
        ("007 1 * * * x", "7 1 * * *"),
    ],
)
def test_an_entry_becomes_an_expression(read: Read, text: str, expression: str) -> None:
    assert cron(only(read("crontab", text))) == expression


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("@reboot x", "when the machine starts"),
        ("@fortnightly x", "unknown name '@fortnightly'"),
        ("60 * * * * x", "bad minute '60'"),
        ("* 5/2 * * * x", "a step belongs to a range or *"),
        ("*/0 * * * * x", "a step is at least 1"),
        ("* * 0 * * x", "bad day of month '0'"),
        ("* * * * sat-sun x", "0 comes before 6"),
        ("* * L * * x", "bad day of month 'L'"),
        ("* * * * *", "no command"),
        ("CRON_TZ=Mars/Olympus\n* * * * * x", "no IANA time zone"),
    ],
)
def test_what_cannot_be_imported_says_why(read: Read, text: str, reason: str) -> None:
    found = only(read("crontab", text))
    assert found.job is None
    assert found.problem is not None
    assert reason in found.problem


def test_every_kind_is_listed() -> None:
    kinds = registry.importers()
    assert sorted(kinds) == ["apscheduler", "celery", "crontab", "systemd"]
    assert all(importer.kind == kind for kind, importer in kinds.items())


def test_what_is_no_text_file_is_refused(read: Read) -> None:
    with pytest.raises(InvalidInput, match="NUL"):
        read("crontab", "\0ELF")
    with pytest.raises(InvalidInput, match="larger"):
        read("crontab", "#" * 1_100_000)


def test_a_path_or_a_flag_says_whether_there_is_a_user(read: Read) -> None:
    text = "0 5 * * * root backup\n"
    assert command(only(read("crontab", text, path="/etc/crontab"))) == "cd\nbackup"
    assert command(only(read("crontab", text, path="/etc/cron.d/backup"))) == "cd\nbackup"
    assert command(only(read("crontab", text, path="/var/spool/cron/crontabs/ada"))) == "cd\nroot backup"
    assert command(only(read("crontab", text, path="/tmp/copy", system=True))) == "cd\nbackup"
    assert only(read("crontab", "0 5 * * * root\n", system=True)).problem is not None


SPRING, AUTUMN = "2027-03-28T00:00:00Z", "2027-10-31T00:00:00Z"


@pytest.mark.parametrize(
    ("text", "day", "ran"),
    [
        # The wall clock of Madrid skips 02:00-03:00 at 01:00Z in spring and repeats it at 01:00Z in autumn.
        ("30 2 * * * x", SPRING, ["01:00"]),
        ("30 2 * * * x", AUTUMN, ["00:30"]),
        ("*/20 2 * * * x", SPRING, []),
        ("*/30 2 * * * x", AUTUMN, ["00:00", "00:30", "01:00", "01:30"]),
        ("10-50/20 2 * * * x", SPRING, ["01:00"]),
        ("10-50/20 2 * * * x", AUTUMN, ["00:10", "00:30", "00:50"]),
        ("CRON_TZ=Europe/Madrid\n30 2 * * * x", SPRING, []),
        ("CRON_TZ=Europe/Madrid\n30 2 * * * x", AUTUMN, ["00:30", "01:30"]),
    ],
)
def test_what_cronie_runs_when_the_clock_changes(read: Read, now: int, text: str, day: str, ran: list[str]) -> None:
    found = only(read("crontab", text))
    start = parse_instant(day)
    assert found.fires is not None
    fires = list(found.fires(start - 1, start + 2 * 3600 * 1_000_000))
    assert [format_instant(at)[11:16] for at in fires] == ran
    assert compare(found, now).same, compare(found, now).words


def test_a_rule_that_differs_is_told_with_its_first_difference(read: Read, now: int) -> None:
    found = only(read("crontab", "30 2 * * * x"))
    assert found.job is not None
    found.job["schedule"] = {"cron": "*/30 2 * * *", "timeZone": "Europe/Madrid"}
    comparison = compare(found, now)
    assert comparison.same is False
    assert comparison.words == "first difference: Rota fires at 2026-11-28T02:00:00+01:00, the source does not"
    found.job["schedule"] = {"cron": "30 2 28-31 * *", "timeZone": "Europe/Madrid"}
    assert "the source fires at 2026-12-01T02:30:00+01:00, Rota does not" in compare(found, now).words


def test_an_entry_keeps_its_tag_when_lines_move_and_schedules_change(read: Read) -> None:
    before = only(read("crontab", "0 5 * * * backup"))
    after = read("crontab", "# new\n0 4 * * * other\n30 6 * * * backup")[1]
    assert source_tag("crontab", before) == source_tag("crontab", after)
    twice = read("crontab", "0 5 * * * backup\n0 6 * * * backup")
    assert len({source_tag("crontab", one) for one in twice}) == 2
    assert source_tag("crontab", before) != source_tag("crontab", before, "web1.")


fields = st.lists(st.text("0123456789*-/,~", min_size=1, max_size=6), min_size=5, max_size=5).map(" ".join)
lines = st.one_of(
    st.text(), fields.map("{} echo %".format), st.from_regex(r"[A-Z_ ]{1,5}=.{0,9}"), st.just("@hourly x")
)


@settings(max_examples=200, deadline=None)
@given(text=st.lists(lines, max_size=6).map("\n".join), system=st.booleans())
def test_any_text_is_read_or_refused(text: str, system: bool) -> None:
    try:
        found = registry.importers()["crontab"].read(Source("/x", text), Options("UTC", 0, system))
    except InvalidInput:
        assert "\0" in text
        return
    for one in found:
        assert (one.job is None) != (one.problem is None)


@settings(max_examples=25, deadline=None)
@given(
    minute=st.from_regex(r"(\*(/[1-9]|/30)?|[0-5]?[0-9](-59(/[1-9][0-9]?)?)?)", fullmatch=True),
    hour=st.from_regex(r"(\*(/[2-9])?|[1-3]|0?[0-3](-(4|23)(/[1-5])?)?)", fullmatch=True),
    day=st.sampled_from(["*", "*/5", "1-7", "28,31"]),
    weekday=st.sampled_from(["*", "0", "1-5", "*/2", "7"]),
    zone=st.sampled_from(["Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_what_is_read_fires_as_cronie_runs_it(minute: str, hour: str, day: str, weekday: str, zone: str) -> None:
    importer = registry.importers()["crontab"]
    text = f"{minute} {hour} {day} * {weekday} x"
    found = only(importer.read(Source("/x", text), Options(zone, 0)))
    comparison = compare(found, parse_instant("2026-11-27T22:00:00Z"))
    assert comparison.same, f"{text}: {comparison.words}"
