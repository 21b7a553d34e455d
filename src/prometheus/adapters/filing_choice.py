"""Which file of a filing is the filing itself, and not one of its exhibits.

1. Files are of one filing if its accession stands in their names, in the index or in the header of EDGAR's
   submission.
2. The filing is the file that the index names; else one called as the accession and nothing more; else one
   that tells of itself, in EDGAR's header or inline XBRL; else the first by name. HTML goes before text.
3. The same file in another form (the same name, another ending) says nothing of its own and is passed over.
   Any other file of the filing is left out by name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from prometheus.adapters.delivered_files import DeliveredFile

ACCESSION = re.compile(r"(?<!\d)\d{10}-\d{2}-\d{6}(?!\d)")
LEFT_OUT = "other_document"
_HEADER = re.compile(rb"ACCESSION NUMBER:\s*(\S+)")
_N_HEAD = 100_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be a filing.

    Attributes
    ----------
    file : DeliveredFile
    accession : str or None
        Of the filing that it belongs to.
    is_named : bool
        Whether the index names it, or another form of it, as the filing.
    tells : bool
        Whether it says itself what it is.
    """

    file: DeliveredFile
    accession: str | None
    is_named: bool
    tells: bool

    @property
    def stem(self) -> str:
        """Its name without the ending."""
        return stem_of_name(self.file.member)

    @property
    def is_certain(self) -> bool:
        """Whether it is the filing whatever else is delivered: then no exhibit stands in for it."""
        return self.is_named or self.stem == self.accession


def stem_of_name(name: str) -> str:
    """Return the name of a file, as an index says it, without folders and endings.

    Examples
    --------
    >>> stem_of_name("2023/acme.txt.gz")
    'acme'
    """
    return PurePosixPath(PurePosixPath(name).name.removesuffix(".gz")).stem


def candidate(file: DeliveredFile, *, indexed: str | None, named: Collection[str]) -> Candidate:
    """Return what a file may be.

    Parameters
    ----------
    file : DeliveredFile
    indexed : str or None
        The accession that the index gives it.
    named : collection of str
        What the index names, as `stem_of_name` gives it: another form of a file counts as named with it.
    """
    with file.open() as stream:
        head = stream.read(_N_HEAD)
    header, in_name = _HEADER.search(head[:20_000]), ACCESSION.search(file.member)
    accession = header[1].decode("latin-1") if header else indexed or (in_name[0] if in_name else None)
    tells = header is not None or b"inlineXBRL" in head
    return Candidate(file, accession, stem_of_name(file.member) in named, tells)


def by_choice(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return files, of each filing the one to take first."""
    return sorted(
        candidates,
        key=lambda one: (
            not one.is_named, one.stem != one.accession, not one.tells, one.file.suffix == ".txt",
            one.file.name,
        ),
    )  # fmt: skip


def is_same(one: Candidate, taken: Candidate) -> bool:
    """Return whether a file is the one taken, another form of it, or the same once more."""
    is_form = one.stem == taken.stem and one.file.suffix != taken.file.suffix
    return one is taken or is_form or one.file.sha256 == taken.file.sha256


def remedy_of(taken: Candidate) -> str:
    """Return what to do about a file that is left out."""
    wrong = "if it is not, name the right one in the column file of an index.csv."
    return f"{taken.file.name} is the filing; {wrong}"
