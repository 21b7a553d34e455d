"""Rows of news that were set aside, in a file that can be mended and fed again."""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from prometheus.adapters.ingest_report import N_EXAMPLES
from prometheus.adapters.mendable import kept_file
from prometheus.domain.text.news import SPELLINGS, Fault, Row
from prometheus.kernel.errors import RejectedBatchError

SAID = ("file", "line", "rule", "field", "found", "remedy")


class NewsRejects:
    """Takes rejected rows; they go to a temporary file as they are found. Use as a context manager."""

    def __init__(self) -> None:
        self._file: IO[str] = tempfile.TemporaryFile(  # noqa: SIM115 - closed by __exit__
            "w+", newline="", encoding="utf-8"
        )
        self._writer = csv.writer(self._file)
        self._writer.writerow((*SAID, *SPELLINGS))
        self._by_rule: Counter[str] = Counter()
        self._examples: dict[str, str] = {}
        self._remedy = ""

    def __enter__(self) -> NewsRejects:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def n_rows(self) -> int:
        """How many rows were set aside."""
        return self._by_rule.total()

    @property
    def by_rule(self) -> Mapping[str, int]:
        """How many rows broke each rule, by its name."""
        return dict(sorted(self._by_rule.items()))

    @property
    def examples(self) -> tuple[str, ...]:
        """The first row of each of the first rules that were broken, one line each."""
        return tuple(self._examples.values())[:N_EXAMPLES]

    def add(self, file: str, line: int, fault: Fault, row: Row | None) -> None:
        """Take a row that broke a rule."""
        self._by_rule[fault.rule] += 1
        self._remedy = self._remedy or fault.remedy
        found = fault.found.encode("utf-8", "backslashreplace").decode()
        self._examples.setdefault(fault.rule, f"{file} line {line}: {fault.rule}: {fault.field} = {found}")
        values = [((row or {}).get(name) or "") for name in SPELLINGS]
        said = [value.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\0") for value in values]
        self._writer.writerow((file, line, fault.rule, fault.field, found, fault.remedy, *said))

    def kept_in(self, folder: Path | None, name: str) -> Path | None:
        """Write them to a file in a folder and return it, see `kept_file`; None without either.

        Raises
        ------
        InputFileError
            If the file can't be written.
        """
        if folder is None or not self.n_rows:
            return None
        self._file.seek(0)
        with tempfile.TemporaryFile() as raw:
            raw.writelines(line.encode() for line in self._file)
            return kept_file(raw, folder, name)

    def refusal(self, n_rows: int, path: Path | None) -> RejectedBatchError:
        """Return the error for a delivery of which no row is left."""
        rules = ", ".join(f"{rule} {n}" for rule, n in self.by_rule.items())
        place = f" All are in {path}." if path else ""
        if not rules:
            return RejectedBatchError(f"All {n_rows} rows are blank.", remedy="Give rows with news.")
        return RejectedBatchError(
            f"No article is left of {n_rows} rows ({rules}), e.g. {'; '.join(self.examples[:2])}.{place}",
            remedy=self._remedy,
        )
