"""What a file of prices looks like, where its headers don't say: mapping files, and the presets we ship."""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from fnmatch import fnmatch
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl
from polars.exceptions import PolarsError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from prometheus.domain.market.columns import CANONICAL, squeezed
from prometheus.domain.market.dates import EXCEL
from prometheus.kernel.config import config_error
from prometheus.kernel.errors import ConfigError

PRESETS = (
    "yahoo",
    "yfinance",
    "stooq",
    "stooq-old",
    "wiki",
    "lean",
    "pystock",
    "kaggle",
    "nasdaq",
    "investing",
    "generic",
)
"""Names of the presets, each the name of a file in ``price_presets``."""


class PriceMapping(BaseModel):
    """What a file of prices looks like; whatever is left out is found in the file itself.

    Attributes
    ----------
    description : str
        For whom it is.
    columns : mapping of str to str or int
        A column of ours to the header it comes from, or to its place from 1.
    ignore : tuple of str
        Headers to leave out, though their names are known.
    only_with : mapping of str to str
        A header to another without which it is left out.
    only : mapping of str to str
        A header to the one value that rows must have; others are left out and counted.
    files : tuple of str
        Patterns of the names to take in folders and archives, such as ``prices.csv``.
    delimiter : str or None
        One character, or ``tab``.
    has_header : bool
    skip_lines, skip_rows : int
        Lines before the header, and between it and the first row.
    encoding : str
    decimal : {".", ","}
    thousands : str
        Characters that are taken out of numbers: what groups digits, a sign of a currency.
    nulls : tuple of str
        What stands where there is no value.
    date_format : str or None
        As in ``strftime``, e.g. ``%d.%m.%Y``; ``excel`` for days counted as workbooks count them.
    time_zone : str or None
        The market's, e.g. ``America/New_York``, where dates are moments: times since 1970, or in UTC.
    price_scale : float
        How many times the true prices those in the file are; 100 for prices in cents.
    symbol : str or None
        The symbol of all rows.
    symbol_pattern : str or None
        A pattern with a group ``symbol``, for the symbol column or else the file's name without its ending.
    symbol_case : {"keep", "upper", "lower"}
    symbols : {"then", "last"} or None
        Whether an instrument is named by the symbol of the bar's date, or by the one it had last; the first
        unless the caller says so.
    currency : str or None
        The currency of all rows.
    actions : {"columns", "factor_files"}
        Where splits and dividends are: in columns, or in QuantConnect Lean's files beside the prices.
    headers : tuple of tuple of str
        Headers that no other shape has, in any order: files with all of one of these, and no others, are
        recognised.
    first_line : str or None
        A pattern of the first line, likewise.
    archive : str or None
        A pattern of the names of archives, likewise.
    beside : tuple of str
        Patterns of the names of files that belong to the shape and hold no prices.
    sample, sample_name : str or None
        A few lines as the vendor sends them, and the name of their file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str = ""
    columns: Mapping[str, str | int] = Field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    only_with: Mapping[str, str] = Field(default_factory=dict)
    only: Mapping[str, str] = Field(default_factory=dict)
    files: tuple[str, ...] = ()
    delimiter: str | None = None
    has_header: bool = True
    skip_lines: int = Field(default=0, ge=0)
    skip_rows: int = Field(default=0, ge=0)
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    thousands: str = ""
    nulls: tuple[str, ...] = ()
    date_format: str | None = None
    time_zone: str | None = None
    price_scale: float = Field(default=1.0, gt=0.0, allow_inf_nan=False)
    symbol: str | None = None
    symbol_pattern: str | None = None
    symbol_case: Literal["keep", "upper", "lower"] = "keep"
    symbols: Literal["then", "last"] | None = None
    currency: str | None = None
    actions: Literal["columns", "factor_files"] = "columns"
    headers: tuple[tuple[str, ...], ...] = ()
    first_line: str | None = None
    archive: str | None = None
    beside: tuple[str, ...] = ()
    sample: str | None = None
    sample_name: str | None = None

    @field_validator("columns")
    @classmethod
    def _known(cls, given: Mapping[str, str | int]) -> Mapping[str, str | int]:
        names = {"date": "trade_date", **{name: name for name in CANONICAL}}
        unknown = [name for name in given if name not in names]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no column of ours; they are {', '.join(names)}")
        if any(isinstance(place, int) and place < 1 for place in given.values()):
            raise ValueError("places count from 1")
        return {names[name]: place for name, place in given.items()}

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, given: str | None) -> str | None:
        found = "\t" if given == "tab" else given
        if found is not None and (len(found) != 1 or not found.isascii() or found in '"\r\n'):
            raise ValueError("one character, or 'tab'")
        return found

    @field_validator("encoding")
    @classmethod
    def _codec(cls, given: str) -> str:
        try:
            name = codecs.lookup(given).name
        except LookupError as error:
            raise ValueError("no such encoding; Western Europe's is 'cp1252'") from error
        return "utf-8" if name == "utf-8-sig" else name

    @field_validator("symbol_pattern")
    @classmethod
    def _named_group(cls, given: str | None) -> str | None:
        try:
            is_named = given is None or "symbol" in re.compile(given).groupindex
        except re.error as error:
            raise ValueError(f"no pattern: {error}") from error
        if not is_named:
            raise ValueError("a group (?P<symbol>...) says what of it is the symbol")
        try:
            pl.Series([""]).str.extract(f"(?i){given}")
        except PolarsError as error:  # its patterns know neither lookaround nor back references
            raise ValueError(f"no pattern: {error}") from error
        return given

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, given: str | None) -> str | None:
        try:
            return given if given is None else ZoneInfo(given).key
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("no such time zone; New York's is 'America/New_York'") from error

    @field_validator("date_format")
    @classmethod
    def _readable(cls, given: str | None) -> str | None:
        if given is not None and given != EXCEL:
            day = date(2018, 2, 13)
            if pl.Series([day.strftime(given)]).str.to_date(given, strict=False)[0] != day:
                raise ValueError("no format of a whole date, such as %d.%m.%Y")
        return given

    def takes(self, name: str) -> bool:
        """Return whether a file of this name is one of prices.

        Parameters
        ----------
        name : str
            Below its folder, ``archive!member`` in an archive. Patterns are for all of it or its end.
        """
        return not self.files or _is_like(name, self.files)

    def is_seen_in(self, fields: Sequence[str], line: str) -> bool:
        """Return whether a file that begins with this line, of these fields, can be nothing else."""
        if self.first_line is not None:
            return re.match(self.first_line, line) is not None
        present = sorted(squeezed(name) for name in fields)
        return any(sorted(map(squeezed, names)) == present for names in self.headers)


@cache
def preset(name: str) -> PriceMapping:
    """Return one of `PRESETS`.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if name not in PRESETS:
        raise ConfigError(f"There is no preset {name!r}.", remedy=f"There are {', '.join(PRESETS)}.")
    text = resources.files("prometheus.adapters.price_presets").joinpath(f"{name}.toml").read_text("utf-8")
    return _parsed(tomllib.loads(text), f"preset {name}")


def mapping_from_file(path: Path) -> PriceMapping:
    """Return a user's own mapping.

    Raises
    ------
    ConfigError
        If the file can't be read, is not TOML, or has a key or value that means nothing.
    """
    try:
        body = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}.", remedy="Check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path.name} is not TOML: {error}.", remedy="docs/how-to/price-presets.md shows one."
        ) from error
    return _parsed(body, path.name)


def seen_preset(fields: Sequence[str], line: str) -> str | None:
    """Return the preset whose files alone begin like this, None if there is no such one."""
    return next((name for name in PRESETS if preset(name).is_seen_in(fields, line)), None)


def archive_preset(name: str) -> str | None:
    """Return the preset whose archives are named like this file's, None if there is no such one."""
    outer = re.split(r"/", name.split("!")[0])[-1]
    patterns = ((known, preset(known).archive) for known in PRESETS)
    return next((known for known, pattern in patterns if pattern and re.match(pattern, outer)), None)


def is_beside(name: str) -> bool:
    """Return whether a file of this name lies beside those of a preset and holds no prices."""
    return any(_is_like(name, preset(known).beside) for known in PRESETS)


def _is_like(name: str, patterns: Sequence[str]) -> bool:
    lowered = name.lower()
    ends = (lowered, lowered.split("!")[-1].split("/")[-1])
    return any(fnmatch(end, pattern.lower()) for end in ends for pattern in patterns)


def _parsed(body: dict[str, Any], where: str) -> PriceMapping:
    try:
        return PriceMapping.model_validate(body)
    except ValidationError as error:
        found = config_error(error, where=where, model=PriceMapping)
        raise ConfigError(found.message, remedy="docs/how-to/price-presets.md has all keys.") from error
