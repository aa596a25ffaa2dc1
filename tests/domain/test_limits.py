"""Rates, keys and limits as people write them and as they are stored; queues as operators set them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.domain.errors import InvalidInput
from rota.domain.instant import HOUR, MILLISECOND, MINUTE, SECOND
from rota.domain.limits import UNLIMITED, Limits, Rate, key_name, parse_rate, problem_with_key
from rota.domain.queue import QueueSettings

RATES = st.builds(Rate, st.integers(1, 1_000_000), st.integers(1, 31_622_400_000).map(lambda n: n * MILLISECOND))
NAMES = st.text(min_size=1, max_size=30)
LIMITS = st.builds(
    Limits,
    st.lists(st.tuples(NAMES, st.integers(1, 1_000_000)), max_size=3).map(tuple),
    st.lists(st.tuples(NAMES, RATES), max_size=3).map(tuple),
)


@pytest.mark.parametrize(
    ("written", "rate"),
    [
        ("100/1m", Rate(100, MINUTE)),
        (" 5 / s ", Rate(5, SECOND)),
        ("1/h", Rate(1, HOUR)),
        ("3/PT15M", Rate(3, 15 * MINUTE)),
        ({"count": 100, "per": "1m"}, Rate(100, MINUTE)),
        ({"count": 2, "per": 0.5}, Rate(2, SECOND // 2)),
    ],
)
def test_rates_are_read(written: object, rate: Rate) -> None:
    assert parse_rate(written) == rate


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("100", "such as"),
        ("fast", "such as"),
        (100, "such as"),
        ({"count": 1}, "such as"),
        ({"count": 1, "per": "1m", "burst": 2}, "such as"),
        ("0/1m", "from 1 to"),
        ("1000001/1m", "from 1 to"),
        ({"count": True, "per": "1m"}, "from 1 to"),
        ("1/0s", "milliseconds"),
        ("1/400d", "366 days"),
        ("1/soon", "period of a rate"),
        ({"count": 1, "per": 0.0001}, "milliseconds"),
    ],
)
def test_what_is_no_rate_is_refused(written: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_rate(written)


@given(RATES)
def test_a_rate_reads_as_it_is_written(rate: Rate) -> None:
    assert parse_rate(str(rate)) == rate


@given(LIMITS)
def test_limits_come_back_as_they_were_stored(limits: Limits) -> None:
    assert Limits.from_json(limits.to_json()) == limits
    assert (limits.to_json() is None) == (limits == UNLIMITED)


class TestKeys:
    @pytest.mark.parametrize(
        ("template", "parameters", "name"),
        [
            ("reports", None, "key:reports"),
            ("customer:{id}", {"id": "a b"}, "key:customer:a b"),
            ("{a}/{b}/{a}", {"a": 1, "b": True}, "key:1/true/1"),
            ("{a}", {"a": {"y": 2, "x": [1]}}, 'key:{"x": [1], "y": 2}'),
            ("{a}", {}, "key:null"),
            ("{a}", [1], "key:null"),
        ],
    )
    def test_a_template_takes_the_parameters(self, template: str, parameters: object, name: str) -> None:
        assert key_name(template, parameters) == name

    def test_long_keys_stay_apart_and_short(self) -> None:
        one, other = (key_name("{a}", {"a": "x" * 1000 + end}) for end in "yz")
        assert one != other
        assert len(one) < 250

    @pytest.mark.parametrize("template", ["{", "}", "a{}b", "{a b}", "{1}", "{{a}}", "{a", "a}"])
    def test_broken_templates_are_refused(self, template: str) -> None:
        assert problem_with_key(template) is not None

    @pytest.mark.parametrize("template", ["a", "{a}", "{customer-id}:{b_2}", "kunde:{größe}"])
    def test_others_are_not(self, template: str) -> None:
        assert problem_with_key(template) is None


class TestQueues:
    def test_settings_read_as_they_are_written(self) -> None:
        document = {"priority": -3, "paused": True, "note": "why", "maxRunning": 2, "rateLimit": "5/1s"}
        settings = QueueSettings.parse("mail", document)
        assert settings == QueueSettings("mail", -3, True, "why", 2, Rate(5, SECOND))
        assert settings.document() == document
        assert settings.limits == Limits((("queue:mail", 2),), (("queue:mail", Rate(5, SECOND)),))
        assert QueueSettings("mail").limits == UNLIMITED

    @pytest.mark.parametrize(
        ("document", "field"),
        [
            ({"priority": 1001}, "priority"),
            ({"paused": 1}, "paused"),
            ({"maxRunning": 0}, "maxRunning"),
            ({"rateLimit": "often"}, "rateLimit"),
            ({"note": "\x00"}, "note"),
            ({"speed": 1}, "speed"),
        ],
    )
    def test_each_problem_is_told_with_its_field(self, document: dict[str, object], field: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            QueueSettings.parse("mail", document)
        assert [loc for loc, _ in caught.value.errors] == [(field,)]

    def test_the_fleet_has_no_priority_and_names_have_bounds(self) -> None:
        assert QueueSettings.parse("*", {"maxRunning": 3}).max_running == 3
        with pytest.raises(InvalidInput, match="priority"):
            QueueSettings.parse("*", {"priority": 1})
        with pytest.raises(InvalidInput, match="name"):
            QueueSettings.parse("a b", {})
