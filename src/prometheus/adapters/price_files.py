"""Daily prices in files, as their vendors sent them, piece by piece.

1. `delivered_files` finds the files; each is text or Parquet.
2. What it looks like is given (a preset, a mapping file), recognised, or found by its headers, and said.
3. Its rows come in pieces under their canonical names; dates are read, numbers stay as they stand there.
4. Small files are put together to a piece. A file or row that can't be read is a violation; others land.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import polars as pl

from prometheus.adapters.delivered_files import DeliveredFile, FileFault, delivered_files
from prometheus.adapters.lean_actions import LeanFolders
from prometheus.adapters.price_mapping import PriceMapping, archive_preset, is_beside, mapping_from_file
from prometheus.adapters.price_mapping import preset as preset_named
from prometheus.adapters.price_symbols import symbol_in
from prometheus.adapters.price_tables import PriceTable
from prometheus.domain.market.delivery import FileReference
from prometheus.domain.reference.symbols import Naming
from prometheus.kernel.errors import ConfigError, InputFileError
from prometheus.kernel.violations import VIOLATIONS, WHOLE_FILE

SUFFIXES = (".csv", ".txt", ".tsv", ".psv", ".parquet")
CHUNK_ROWS = 250_000
N_NAMED = 5

__all__ = ["CHUNK_ROWS", "SUFFIXES", "FilePrices", "price_delivery", "symbol_in"]


def price_delivery(
    paths: Sequence[Path],
    *,
    source: str,
    preset: str | None = None,
    mapping: PriceMapping | Path | None = None,
    chunk_rows: int = CHUNK_ROWS,
) -> FilePrices:
    """Return the rows of files as one delivery; nothing is read yet.

    Parameters
    ----------
    paths : sequence of Path
        Files, folders and archives of CSV and Parquet files.
    source : str
        Who the prices come from.
    preset : str, optional
        A vendor's shape by its name, see `PRESETS`; recognised or found by the headers by default.
    mapping : PriceMapping or Path, optional
        The shape itself, or the TOML file that says it.
    chunk_rows : int
        How many rows come at once, about.

    Raises
    ------
    ConfigError
        For a preset or mapping that there is not, or both.
    """
    if preset is not None and mapping is not None:
        raise ConfigError("A preset and a mapping at once.", remedy="Copy the preset into the mapping file.")
    if preset is not None:
        return FilePrices(paths, source, preset_named(preset), f"preset {preset}", chunk_rows)
    if isinstance(mapping, Path):
        return FilePrices(paths, source, mapping_from_file(mapping), f"mapping {mapping.name}", chunk_rows)
    return FilePrices(paths, source, mapping, "mapping" if mapping else None, chunk_rows)


class FilePrices:
    """Daily prices in files: a `PriceDelivery`.

    Attributes
    ----------
    source : str
        Who they come from.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        source: str,
        mapping: PriceMapping | None,
        said: str | None,
        chunk_rows: int,
    ) -> None:
        self.source = source
        self._paths = tuple(paths)
        self._mapping = mapping
        self._said = said
        self._chunk_rows = chunk_rows
        self._begin()

    def _begin(self) -> None:
        self._files: list[FileReference] = []
        self._violations: list[pl.DataFrame] = []
        self._errors: list[InputFileError] = []
        self._choices: dict[str, list[str]] = {}
        self._skipped: list[str] = []
        self._lean = LeanFolders()
        self._namings: set[Naming | None] = set()

    @property
    def files(self) -> tuple[FileReference, ...]:
        """What has been read: name, SHA-256, rows."""
        return tuple(self._files)

    @property
    def violations(self) -> pl.DataFrame:
        """Files and rows that could not be read at all; complete once all chunks have been taken."""
        return pl.concat([VIOLATIONS, *self._violations])

    @property
    def choice(self) -> tuple[str, ...]:
        """What was taken as what, a line for each kind of file; complete once all chunks have been taken."""
        lines = [
            f"{names[0]}{f' and {len(names) - 1:,} more' if len(names) > 1 else ''}: {said}"
            for said, names in self._choices.items()
        ]
        if self._skipped:
            more = f" and {len(self._skipped) - N_NAMED:,} more" if len(self._skipped) > N_NAMED else ""
            lines.append(f"left out by their names: {', '.join(self._skipped[:N_NAMED])}{more}")
        return tuple(lines)

    @property
    def naming(self) -> Naming | None:
        """By which of its symbols an instrument is named, where all files that were read say the same."""
        return next(iter(self._namings)) if len(self._namings) == 1 else None

    @cached_property
    def rows(self) -> pl.DataFrame:
        """All rows at once, for those that fit into memory."""
        frames = list(self.chunks())
        return frames[0] if len(frames) == 1 else _together(frames)

    def chunks(self) -> Iterator[pl.DataFrame]:
        """Yield the rows: ``file``, ``row`` (line of the file), ``symbol``, ``trade_date`` and the numbers.

        Dates are of type Date where all of a piece could be read; numbers may be texts. Pieces may differ in
        columns and types. May be called again: everything is read anew.

        Raises
        ------
        InputFileError
            If no file could be read; otherwise what is wrong is in ``violations``.
        """
        self._begin()
        held: list[pl.DataFrame] = []
        n_held = n_rows = 0
        for file in self._taken():
            for piece in self._pieces(file):
                if held and (n_held + piece.height > self._chunk_rows or not _is_alike(held[0], piece)):
                    yield _together(held)
                    held, n_held = [], 0
                held.append(piece)
                n_held += piece.height
                n_rows += piece.height
        if held:
            yield _together(held)
        if n_rows == 0:
            raise self._refusal()

    def _taken(self) -> Iterator[DeliveredFile]:
        faults: list[FileFault] = []
        for file in delivered_files(self._paths, suffixes=SUFFIXES, faults=faults):
            self._blame(faults)
            is_named = file.origin in self._paths and "!" not in file.name
            if is_named or self._is_wanted(file.name):
                yield file
            else:
                self._skipped.append(file.name)
        self._blame(faults)

    def _shape(self, name: str) -> tuple[PriceMapping | None, str | None]:
        """Return what a file looks like, as far as it is given or its archive's name says."""
        if self._mapping is not None or "!" not in name:
            return self._mapping, self._said
        found = archive_preset(name)
        return (None, None) if found is None else (preset_named(found), f"recognised as preset {found}")

    def _is_wanted(self, name: str) -> bool:
        mapping, _ = self._shape(name)
        return not is_beside(name) if mapping is None else mapping.takes(name)

    def _blame(self, faults: list[FileFault]) -> None:
        for fault in faults:
            if "!" not in fault.name or self._is_wanted(fault.name):
                self._fail(fault.name, fault.error, "unreadable_file")
        faults.clear()

    def _pieces(self, file: DeliveredFile) -> Iterator[pl.DataFrame]:
        """Yield the rows of a file; write down what became of it."""
        table = None
        n_rows = 0
        try:
            table = PriceTable(file, *self._shape(file.name), self._chunk_rows, self._lean)
            for piece, violations in table.pieces():
                if violations.height:
                    self._violations.append(violations)
                n_rows += piece.height
                if piece.height:
                    # A line holds a row for each ticker then, and rows are told apart by file and line.
                    part = f"{file.name}!" + pl.col("symbol").fill_null("")
                    name = part if table.has_many else pl.lit(file.name)
                    yield piece.select(name.alias("file"), pl.all())
            if table.n_read == 0:
                raise InputFileError(
                    f"{file.name} has no rows.", remedy="Ask for the file again, or leave it out."
                )
        except InputFileError as error:
            self._fail(file.name, error, "unreadable_file" if table else "wrong_header")
        if table is not None:
            self._namings.add(table.naming)
            self._choices.setdefault(table.choice, []).append(file.name)
            self._files.append(FileReference(file.name, file.sha256, table.n_read))

    def _fail(self, name: str, error: InputFileError, rule: str) -> None:
        self._errors.append(error)
        row = (name, 1, None, None, WHOLE_FILE, error.message, rule, error.remedy)
        self._violations.append(pl.DataFrame([row], schema=VIOLATIONS.schema, orient="row"))

    def _refusal(self) -> InputFileError:
        if len(self._errors) == 1:
            return self._errors[0]
        if self._errors:
            said = " ".join(error.message for error in self._errors[:N_NAMED])
            more = f" And {len(self._errors) - N_NAMED} more." if len(self._errors) > N_NAMED else ""
            return InputFileError(
                f"None of {len(self._errors)} files can be read. {said}{more}", remedy=self._errors[0].remedy
            )
        broken = self.violations
        if broken.height:
            first = broken.row(0, named=True)
            return InputFileError(
                f"No line of {broken.height} is a row, e.g. {first['file']} row {first['row']}, "
                f"{first['field']}: {first['found']!r}.",
                remedy=str(first["remedy"]),
            )
        named = ", ".join(path.name for path in self._paths)
        return InputFileError(
            f"No row of {named} is taken.", remedy=" ".join(self.choice) or "Name the files."
        )


def _is_alike(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    return one.schema == other.schema


def _together(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return frames as one; where their types differ, as texts."""
    types: dict[str, set[pl.DataType]] = {}
    for frame in frames:
        for name, dtype in frame.schema.items():
            types.setdefault(name, set()).add(dtype)
    apart: Mapping[str, pl.DataType] = {name: pl.String() for name, kinds in types.items() if len(kinds) > 1}
    if apart:
        frames = [f.cast({n: t for n, t in apart.items() if n in f.columns}) for f in frames]
    return pl.concat(frames, how="diagonal") if len(frames) > 1 else frames[0]
