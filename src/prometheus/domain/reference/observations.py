"""What reference files say, whatever they look like: rows on instruments, lives of symbols, memberships."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a statement stands, and of which day it is.

    Attributes
    ----------
    file : str
    row : int
        Line of the file, its header included.
    source : str
        Who says so.
    as_of : datetime.date
        The day that the file describes; the day of delivery where it doesn't say.
    is_dated : bool
        Whether it does.
    """

    file: str
    row: int
    source: str
    as_of: date
    is_dated: bool


@dataclass(frozen=True, slots=True)
class Observation:
    """What one row says of one instrument.

    Attributes
    ----------
    origin : Origin
    symbol : str
    issuer_facts, instrument_facts : mapping of str to str
        Values by field: a column, a member of the metadata, or ``identifiers.<NAME>``.
    instrument_id, issuer_id : str, optional
        Where the file names them.
    first, last : datetime.date, optional
        Days under the symbol, where the file gives them.
    index : str, optional
        The index that the row says it belongs to.
    added : datetime.date, optional
        The day on which it was added to the index.
    """

    origin: Origin
    symbol: str
    issuer_facts: Mapping[str, str] = field(default_factory=dict)
    instrument_facts: Mapping[str, str] = field(default_factory=dict)
    instrument_id: str | None = None
    issuer_id: str | None = None
    first: date | None = None
    last: date | None = None
    index: str | None = None
    added: date | None = None

    @property
    def cik(self) -> str | None:
        """The identifier of the issuer at the SEC, ten digits."""
        return self.issuer_facts.get("identifiers.CIK")

    @property
    def begins(self) -> date:
        """The first day on which the row tells of the instrument."""
        listed = self.instrument_facts.get("listed")
        return self.first or (date.fromisoformat(listed) if listed else self.origin.as_of)

    @property
    def day(self) -> date:
        """A day on which the instrument had the symbol, the last one that the row tells of."""
        delisted = self.instrument_facts.get("delisted")
        return self.last or (date.fromisoformat(delisted) - DAY if delisted else self.origin.as_of)


@dataclass(frozen=True, slots=True)
class SymbolSpan:
    """A symbol and the days on which an instrument had it, both included; None where unknown or open."""

    symbol: str
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class Life:
    """All symbols of one instrument, oldest first.

    Attributes
    ----------
    origin : Origin
    key : str
        What the source calls the instrument.
    spans : tuple of SymbolSpan
    is_former : bool
        Whether the source says that another instrument has had its last symbol since.
    facts : mapping of str to str
        As of an `Observation`'s instrument.
    """

    origin: Origin
    key: str
    spans: tuple[SymbolSpan, ...]
    is_former: bool
    facts: Mapping[str, str]

    @property
    def symbol(self) -> str:
        """The symbol it had last."""
        return self.spans[-1].symbol


@dataclass(frozen=True, slots=True)
class IndexSpan:
    """A membership of an index, by the symbol that the instrument had last in it.

    Attributes
    ----------
    origin : Origin
    index, symbol : str
    first : datetime.date
        First day as a member; of a file that begins with it only the first known one.
    last : datetime.date or None
        Last day as a member; None while it is one.
    is_censored : bool
        Whether ``first`` is just where the file begins.
    gone : datetime.date, optional
        The day by which its firm had left, where the file says so: who has the symbol later is another.
    """

    origin: Origin
    index: str
    symbol: str
    first: date
    last: date | None
    is_censored: bool = False
    gone: date | None = None
