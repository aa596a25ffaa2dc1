"""The holidays of countries and markets, as the `holidays` library knows them (docs/adr/0027).

The library is imported when the first source is used: it takes longer than the rest of a command's start.
"""

import warnings
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from types import MappingProxyType, ModuleType
from typing import Any

from rota.domain.errors import InvalidInput

_ENGLISH = ("en_US", "en_GB")
_MOST_NEAR = 3
_MOST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class HolidayYear:
    """What a source says of the days of one year.

    `names` are its holidays; `weekend` its days of rest, whatever becomes of them; `worked` those of them that are
    worked all the same, such as a Saturday in exchange for a bridge day.
    """

    names: MappingProxyType[date, str]
    weekend: frozenset[date]
    worked: frozenset[date]


@dataclass(frozen=True, slots=True)
class HolidaySource:
    """A country (ISO 3166 alpha-2) or a market (ISO 10383), each with a subdivision where it has any."""

    country: str | None = None
    subdivision: str | None = None
    market: str | None = None

    @property
    def label(self) -> str:
        """Such as `DE-BY` or `XNYS`."""
        return "-".join(code for code in (self.country or self.market, self.subdivision) if code)

    def document(self) -> dict[str, object]:
        """Such as `{"country": "DE", "subdivision": "BY"}`."""
        codes = {"country": self.country, "market": self.market, "subdivision": self.subdivision}
        return {name: code for name, code in codes.items() if code is not None}

    def in_year(self, year: int) -> HolidayYear:
        """Its days of one year. There are none before and after the years that the library knows."""
        return _in_year(self, year)

    def require(self) -> None:
        """InvalidInput when the data of this version does not hold the source any more."""
        try:
            found = _canonical(self)
        except InvalidInput as error:
            why = error.errors[0][1]
            raise InvalidInput.field("holidays", msg=f"{self.label}: {why} in {data_name()}") from None
        if found != self:
            raise InvalidInput.field("holidays", msg=f"{self.label}: it is {found.label} in {data_name()}")


def data_name() -> str:
    """What the holidays come from, with its version, such as `holidays 0.109`."""
    return f"holidays {_library().__version__}"


def _library() -> ModuleType:
    import holidays

    # India warns of years before and after its data: they have no holidays here, as with every other country.
    warnings.filterwarnings("ignore", message="Requested Holidays are available only", category=UserWarning)
    return holidays


@lru_cache(maxsize=1024)
def _canonical(source: HolidaySource) -> HolidaySource:
    if source.country is not None:
        return country_source(source.country, source.subdivision)
    return market_source(source.market or "", source.subdivision)


def country_source(country: str, subdivision: str | None) -> HolidaySource:
    """The holidays of a country. InvalidInput, located at what the library does not know, with near names."""
    from holidays.registry import COUNTRIES

    known = {code: codes[1] for codes in COUNTRIES.values() for code in codes[1:] if code.isupper() and len(code) <= 3}
    names = {module.replace("_", " "): codes[1] for module, codes in COUNTRIES.items()}
    code = known.get(country.upper())
    if code is None:
        raise InvalidInput.field("country", msg=f"no country {country!r}{_near(country, known, names)}")
    return HolidaySource(country=code, subdivision=_subdivision(code, subdivision))


def market_source(market: str, subdivision: str | None) -> HolidaySource:
    """The trading holidays of a market. InvalidInput, located at what the library does not know, with near names."""
    from holidays.registry import FINANCIAL

    known = {code: codes[1] for codes in FINANCIAL.values() for code in codes[1:] if code.isupper()}
    names = {module.replace("_", " "): codes[1] for module, codes in FINANCIAL.items()}
    wanted = market.upper()
    code = known.get(wanted)
    if code is None:
        raise InvalidInput.field("market", msg=f"no market {market!r}{_near(market, known, names)}")
    if subdivision is None and wanted in _entity(code).subdivisions:
        subdivision = wanted
    return HolidaySource(market=code, subdivision=_subdivision(code, subdivision))


def _subdivision(code: str, subdivision: str | None) -> str | None:
    """The code of a subdivision that is given by its code or by its name."""
    if subdivision is None:
        return None
    entity = _entity(code)
    known: dict[str, str] = {own.upper(): own for own in entity.subdivisions}
    names: dict[str, str] = {name.lower(): own for name, own in entity.subdivisions_aliases.items()}
    found: str | None = known.get(subdivision.upper()) or names.get(subdivision.lower())
    if found is None:
        shown = ", ".join(sorted(entity.subdivisions)[:_MOST_SHOWN]) + (" …" if len(known) > _MOST_SHOWN else "")
        hint = _near(subdivision, known, names) or f"; {code} has {shown or 'none'}"
        raise InvalidInput.field("subdivision", msg=f"no subdivision {subdivision!r} of {code}{hint}")
    return found


def _entity(code: str) -> Any:
    return getattr(_library(), code)


def _near(wanted: str, codes: dict[str, str], names: dict[str, str]) -> str:
    """What a person may have meant: by the name of the thing first, by its code second."""
    by_name = [f"{names[name]} ({name.title()})" for name in get_close_matches(wanted.lower(), names, _MOST_NEAR, 0.75)]
    near = by_name or sorted({codes[code] for code in get_close_matches(wanted.upper(), codes, _MOST_NEAR, 0.5)})
    return f"; did you mean {', '.join(near)}?" if near else ""


@lru_cache(maxsize=4096)
def _in_year(source: HolidaySource, year: int) -> HolidayYear:
    library = _library()
    code = source.country or source.market or ""
    found: Any = getattr(library, code)(
        # Days are moved across the end of a year by the year that they are moved to.
        years=(year - 1, year, year + 1),
        subdiv=source.subdivision,
        expand=False,
        language=_language(code),
    )
    first, after = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1
    days = [date.fromordinal(ordinal) for ordinal in range(first, after)]
    weekend = frozenset(day for day in days if found.is_weekend(day))
    worked = frozenset(day for day in weekend if day in found.weekend_workdays)
    names = {day: str(found[day]) for day in days if day in found and day not in worked}
    return HolidayYear(MappingProxyType(names), weekend, worked)


def _language(code: str) -> str | None:
    """English where there is English: else the library would take the language of the machine."""
    entity = _entity(code)
    default: str | None = entity.default_language
    return next((language for language in _ENGLISH if language in entity.supported_languages), default)
