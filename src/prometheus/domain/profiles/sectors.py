"""In which sector an issuer was, as far as it was known on a session.

1. Each statement on a sector is of a day (`metadata.stated.sector` of the issuer); it is known from the end
   of that day, so the sessions after it are the first to use it. The latest one known holds.
2. Before the first statement nothing is known. The setting `assume_first_sector` lets the first one stand for
   that time too; what rests on it says ``assumed``.
3. A value without a day (``as_of`` null) is known on no session; it can be assumed alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

Basis = Literal["stated", "assumed", "not known"]


@dataclass(frozen=True, slots=True)
class SectorStatement:
    """That an issuer was in a sector on a day, and who said so."""

    sector: str
    as_of: date | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class KnownSector:
    """The sector that counts on a session, and on which basis; None where none is known."""

    statement: SectorStatement | None = None
    basis: Basis = "not known"

    @property
    def sector(self) -> str | None:
        """The sector."""
        return None if self.statement is None else self.statement.sector

    def as_json(self) -> dict[str, str | None]:
        """Return it as it stands in the basis of risk flags."""
        said = self.statement
        return {
            "sector": self.sector,
            "sector_basis": self.basis,
            "sector_as_of": None if said is None or said.as_of is None else str(said.as_of),
            "sector_source": None if said is None else said.source,
        }


UNKNOWN = KnownSector()


class Sectors:
    """The sectors of issuers as they are known so far; `advance` must be called with days in their order.

    Parameters
    ----------
    stated : mapping of str to sequence of SectorStatement
        By issuer, oldest first.
    assume_first : bool
        Whether the first statement stands for the time before it.

    Examples
    --------
    >>> said = SectorStatement("Energy", date(2015, 1, 2)), SectorStatement("Utilities", date(2016, 1, 4))
    >>> sectors = Sectors({"I1": said})
    >>> for day in (date(2015, 1, 2), date(2015, 1, 5), date(2016, 6, 1)):
    ...     _ = sectors.advance(day)
    ...     print(sectors.of("I1").sector)
    None
    Energy
    Utilities
    """

    def __init__(
        self, stated: Mapping[str, Sequence[SectorStatement]], *, assume_first: bool = False
    ) -> None:
        self._now: dict[str, KnownSector] = {}
        changes: list[tuple[date, str, SectorStatement]] = []
        for issuer_id, own in stated.items():
            if assume_first and own:
                self._now[issuer_id] = KnownSector(own[0], "assumed")
            changes += [(one.as_of, issuer_id, one) for one in own if one.as_of is not None]
        # Sorted by day alone: of two statements of one day the later word holds.
        self._changes = sorted(changes, key=lambda change: change[0])[::-1]

    def advance(self, day: date) -> dict[str, tuple[KnownSector, KnownSector]]:
        """Take in what was stated before a day; return which sectors changed, from and to."""
        changed: dict[str, tuple[KnownSector, KnownSector]] = {}
        while self._changes and self._changes[-1][0] < day:
            _, issuer_id, statement = self._changes.pop()
            before = changed[issuer_id][0] if issuer_id in changed else self.of(issuer_id)
            self._now[issuer_id] = KnownSector(statement, "stated")
            changed[issuer_id] = (before, self._now[issuer_id])
        return changed

    def of(self, issuer_id: str) -> KnownSector:
        """Return what is known of an issuer's sector."""
        return self._now.get(issuer_id, UNKNOWN)
