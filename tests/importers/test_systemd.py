"""Timers of systemd: what they become, what is refused, and that they fire when systemd would let them elapse."""

import shutil
import subprocess
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importers.definitions import Read, job, parameters
from rota import registry
from rota.domain.errors import InvalidInput
from rota.domain.instant import DAY, format_instant, parse_instant
from rota.domain.zone import Zone
from rota.importers.base import Found, Options, Source
from rota.importers.comparison import compare
from rota.importers.systemd.calendar import calendar_fires, read_calendar

TIMERS = {
    "apt-daily": "0 6,18 * * *",
    "apt-daily-upgrade": "0 6 * * *",
    "dpkg-db-backup": "0 0 * * *",
    "e2scrub_all": "10 3 * * SUN",
    "fstrim": "0 0 * * MON",
    "logrotate": "0 0 * * *",
    "man-db": "0 0 * * *",
}
START = "2027-03-26T20:00:00Z"


def timer_of(*lines: str, service: str = "[Service]\nExecStart=/bin/true\n") -> Found:
    source = Source("/x/tick.timer", "\n".join(("[Timer]", *lines)))
    options = Options("Europe/Madrid", parse_instant(START), beside={"/x/tick.service": service})
    (found,) = registry.importers()["systemd"].read(source, options)
    return found


@pytest.mark.parametrize(("name", "expression"), TIMERS.items())
def test_a_timer_of_debian_becomes_a_job_with_the_same_fire_times(
    read: Read, files: Path, now: int, name: str, expression: str
) -> None:
    (found,) = read("systemd", path=str(files / "systemd" / f"{name}.timer"))
    job(found)
    assert found.name == name
    assert [schedule["cron"] for schedule in found.schedules] == [expression]
    assert compare(found, now).same, compare(found, now).words


def test_delays_persistence_and_the_service(read: Read, files: Path) -> None:
    (fstrim,) = read("systemd", path=str(files / "systemd/fstrim.timer"))
    assert job(fstrim)["description"] == "Discard unused blocks on filesystems from /etc/fstab"
    assert fstrim.schedules[0]["jitter"] == "2h40m"
    assert fstrim.schedules[0]["missed"] == "runLatest"
    assert parameters(fstrim)["command"][0] == "/sbin/fstrim"
    (man,) = read("systemd", path=str(files / "systemd/man-db.timer"))
    assert any("it ran as man" in note for note in man.notes)
    assert "-name '*.gz' -atime +6 -delete\n/usr/bin/mandb --quiet\n" in parameters(man)["script"]
    (backup,) = read("systemd", path=str(files / "systemd/dpkg-db-backup.timer"))
    assert backup.schedules[0]["missed"] == "skip"
    (tmpfiles,) = read("systemd", path=str(files / "systemd/systemd-tmpfiles-clean.timer"))
    assert tmpfiles.schedules[0]["every"] == "1d"
    assert tmpfiles.not_compared is not None
    assert any("no longer starts after a boot" in note for note in tmpfiles.notes)


@pytest.mark.parametrize(
    ("event", "cron"),
    [
        ("hourly", ["0 0-23 * * *"]),
        ("minutely", ["0-59 0-23 * * *"]),
        ("Mon..Fri 8..17:0/30", ["0,30 8-17 * * MON,TUE,WED,THU,FRI"]),
        ("*-*~1..3 6:00", ["0 6 L,L-1,L-2 * *"]),
        ("Mon *-05~07/1", ["0 0 ? 5 MONL"]),
        ("Tue *-*-8..14 4:05:06", ["6 5 4 ? * TUE#2"]),
        ("Fri *-*-1,15 0:00", ["0 0 */31,1,15 * FRI"]),
        ("*-1/3-1 12:00", ["0 12 1 1,4,7,10 *"]),
        ("*:*:0/20", ["0,20,40 0-59 0-23 * * *"]),
        ("2028-02-29 23:59 UTC", ["59 23 29 2 *"]),
        ("2027,2029-06-01", ["0 0 1 6 *", "0 0 1 6 *"]),
    ],
)
def test_a_calendar_event_becomes_schedules(now: int, event: str, cron: list[str]) -> None:
    found = timer_of(f"OnCalendar={event}")
    assert [schedule["cron"] for schedule in found.schedules] == cron, found.problem
    assert compare(found, now).same, compare(found, now).words


def test_several_events_are_several_schedules_and_an_empty_one_takes_them_back() -> None:
    found = timer_of("OnCalendar=Mon 6:00", "OnCalendar=", "OnCalendar=daily", "OnCalendar=Sat 12:00 America/New_York")
    assert [(one["cron"], one["timeZone"]) for one in found.schedules] == [
        ("0 0 * * *", "Europe/Madrid"),
        ("0 12 * * SAT", "America/New_York"),
    ]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["OnBootSec=5min"], "once after the start of the machine"),
        ([], "once after the start of the machine"),
        (["OnCalendar=Fri *-*-13"], "has no cron expression"),
        (["OnCalendar=2001-01-01"], "its years are over"),
        (["OnCalendar=1970/2-01-01"], "more than 20 separate years"),
        (["OnCalendar=Fri..Mon 3:00"], "comes before"),
        (["OnCalendar=25:00"], "bad part '25'"),
        (["OnCalendar=*:*:0.5"], "fractions of a second"),
        (["OnCalendar=daily Mars/Olympus"], "no IANA time zone"),
        (["OnUnitActiveSec=soon"], "no time span"),
        (["OnCalendar=daily", "Persistent=maybe"], "neither yes nor no"),
        (["OnCalendar=daily", "Unit=other.service"], "give that file too"),
    ],
)
def test_what_cannot_be_imported_says_why(lines: list[str], reason: str) -> None:
    found = timer_of(*lines)
    assert found.job is None
    assert found.problem is not None
    assert reason in found.problem


@pytest.mark.parametrize(
    ("service", "script"),
    [
        ("ExecStart=-/bin/a 'b c'", "/bin/a 'b c' || :\n"),
        ("Environment=A=1 'B=two words'\nExecStart=/bin/a $A ${B}/x $$", "export A=1\nexport B='two words'\n/bin/a $A \"${B}\"/x '$'"),
        ("ExecStartPre=/bin/pre %n\nExecStart=+/bin/a \\\n  100%%", "/bin/pre tick.service\n/bin/a 100%\n"),
    ],
)  # fmt: skip
def test_a_command_keeps_its_words(service: str, script: str) -> None:
    found = timer_of("OnCalendar=daily", service=f"[Service]\nType=oneshot\n{service}\n")
    assert script in parameters(found)["script"]


@pytest.mark.parametrize(
    ("service", "reason"),
    [
        ("Type=notify\nExecStart=/bin/a", "goes on after its command has ended"),
        ("Type=oneshot", "starts nothing"),
        ("ExecStart=@/bin/a b", "argv[0]"),
        ("ExecStart=/bin/a 'b", "No closing quotation"),
        ("ExecStart=/bin/a %H", "specifier %H"),
    ],
)
def test_a_service_that_no_script_can_be_says_why(service: str, reason: str) -> None:
    problem = timer_of("OnCalendar=daily", service=f"[Service]\n{service}\n").problem
    assert problem is not None
    assert reason in problem


def test_an_instance_is_read_from_its_template() -> None:
    source = Source("/x/dump@16-main.timer", "[Timer]\nOnCalendar=weekly\n")
    template = "[Unit]\nDescription=Dump of %i\n[Service]\nExecStart=/bin/dump %i\n"
    options = Options("UTC", 0, beside={"/x/dump@.service": template})
    (found,) = registry.importers()["systemd"].read(source, options)
    assert parameters(found)["command"] == ["/bin/dump", "16-main"]
    assert job(found)["description"] == "Dump of 16-main"


@pytest.mark.parametrize(
    "event",
    [
        "Thu,Fri 2027-*-1,5 11:12:13",
        "*-02~03",
        "Mon *-05~07/1",
        "*-*~10..14/2",
        "Sat,Thu,Mon..Wed,Sat..Sun",
        "Mon,Sun 27-*-* 2,1:23",
        "Wed, 17:48",
        "mon,fri *-1/2-1,3 *:30:45",
        "12..14:10,20,30",
        "*-*-1..7/2 4:00",
        "*-*-* 02:30",
        "*:0/15",
        "quarterly",
        "Fri-Sun 4:00",
    ],
)
def test_an_event_elapses_when_systemd_says_so(event: str) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze")
    base = START.replace("T", " ").replace("Z", " UTC")
    asked = ["systemd-analyze", "calendar", "--base-time", base, "--iterations", "150", f"{event} Europe/Madrid"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=30).stdout
    theirs = [
        "T".join(line.split(": ", 1)[1].split()[1:3])
        for line in said.splitlines()
        if "Next elapse" in line or "Iter." in line
    ]
    start = parse_instant(START)
    ours = calendar_fires(read_calendar(event), Zone.named("Europe/Madrid"))(start, start + 3000 * DAY)
    told = [format_instant(at)[:19] for at in islice(ours, 150)]
    assert told == theirs[: len(told)]
    assert len(told) >= min(3, len(theirs))


@settings(max_examples=300, deadline=None)
@given(st.text("*-~:/,.0123456789 MonFri", max_size=25) | st.text(max_size=20))
def test_any_event_is_read_or_refused(text: str) -> None:
    try:
        event = read_calendar(text)
    except InvalidInput:
        return
    assert event.sets.days
    assert event.sets.seconds


@settings(max_examples=200, deadline=None)
@given(timer=st.text(), service=st.text() | st.text().map("[Service]\nExecStart={}".format))
def test_any_unit_is_read_or_refused(timer: str, service: str) -> None:
    source = Source("/x/tick.timer", timer + "\n[Timer]\nOnCalendar=daily\n")
    options = Options("UTC", 0, beside={"/x/tick.service": service})
    try:
        (found,) = registry.importers()["systemd"].read(source, options)
    except InvalidInput:
        assert "\0" in timer
        return
    assert (found.job is None) != (found.problem is None)
