"""The rows of a delivery of prices that were set aside, in a file that can be mended and fed again.

A line of the file is a row of the delivery: where it stood, every rule that it broke with the field, what was
found there and what to do, and then the row's own columns as they came. Mend these and hand the file to
`prometheus ingest prices`; the columns before them are not read. How the delivery was read stands there
too: ``told`` says which of splits, dividends and adjusted closes the row's file had a word for, and where
instruments are named by the symbol that they had last the column is ``last_symbol``. Rows go to the file as
they are found, so that a delivery of which nothing is right takes no memory either.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import polars as pl

from prometheus.adapters.ingest_report import N_EXAMPLES, N_NAMED, examples_of
from prometheus.adapters.mendable import SAID, kept_file
from prometheus.domain.market.columns import NUMBERS, squeezed
from prometheus.domain.reference.symbols import Naming
from prometheus.kernel.errors import RejectedBatchError, UnknownInstrumentError
from prometheus.kernel.violations import VIOLATIONS, n_by_rule

KEPT = ("symbol", "trade_date", *NUMBERS, "currency")
HEADINGS = {"row": "line", "trade_date": "date"}
"""The names of the file's columns, where they are others than those of the rows."""
UNKNOWN = "unknown_instrument"
REGISTER = "Register them with `prometheus ingest instruments`, or add --create."
ACTIONS = ("adjusted_close", "split", "dividend")
TOLD = "told"
NONE_TOLD = "none"
LAST_SYMBOL = "last_symbol"
_MARKS = frozenset(("file", HEADINGS["row"], *SAID))


class PriceRejects:
    """Takes rejected rows. Use as a context manager."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._examples = VIOLATIONS
        self._by_rule: Counter[str] = Counter()
        self._unknown: set[str] = set()
        self._first_remedy = ""
        self._told: dict[str, str] = {}
        self._naming: Naming = "then"
        self.n_rows = 0

    def __enter__(self) -> PriceRejects:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def by_rule(self) -> Mapping[str, int]:
        """How many rows broke each rule, by its name."""
        return dict(sorted(self._by_rule.items()))

    @property
    def examples(self) -> tuple[str, ...]:
        """The first row of each of the first rules that were broken, one line each."""
        return examples_of(self._examples)

    def add(self, rows: pl.DataFrame, violations: pl.DataFrame) -> None:
        """Take the rows that violations point at.

        Parameters
        ----------
        rows : polars.DataFrame
            ``file``, ``row`` and the columns of a delivery, as text or typed. A violation that points at
            none of them stands by itself. What comes first of a file says which columns it has.
        violations : polars.DataFrame
        """
        told = " ".join(name for name in ACTIONS if name in rows.columns) or NONE_TOLD
        for file in rows["file"].unique().to_list():
            self._told.setdefault(str(file), told)
        if violations.is_empty():
            return
        rejected = _rejected(rows, violations)
        self.n_rows += rejected.height
        self._by_rule.update(n_by_rule(violations))
        self._first_remedy = self._first_remedy or str(violations["remedy"][0])
        known = self._examples["rule"].unique().to_list()
        fresh = violations.filter(~pl.col("rule").is_in(known))
        self._examples = _first_of(
            pl.concat([self._examples, fresh.unique("rule", keep="first", maintain_order=True)])
        )
        strangers = violations.filter(pl.col("rule") == UNKNOWN)["symbol"]
        if strangers.len():
            self._unknown |= set(strangers.drop_nulls().unique().to_list())
        is_first = self._file is None
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="prometheus-")  # noqa: SIM115  closed by __exit__
        told_of_file = pl.col("file").replace_strict(self._told, default="", return_dtype=pl.String)
        rejected.with_columns(told_of_file.alias(TOLD)).rename(HEADINGS).write_csv(
            self._file, include_header=is_first
        )

    def follow(self, naming: Naming) -> None:
        """Take by which of its symbols the delivery names an instrument."""
        self._naming = naming

    def keep(self, folder: Path | None, *, name: str) -> Path | None:
        """Keep the file of the rejected rows in a folder; return it, None without either. See `kept_file`.

        Raises
        ------
        InputFileError
            If it can't be written.
        """
        if self._file is None or folder is None:
            return None
        if self._naming == "then":
            return kept_file(self._file, folder, name)
        with tempfile.TemporaryFile(prefix="prometheus-") as renamed:
            self._file.seek(0)
            renamed.write(self._file.readline().replace(b",symbol,", f",{LAST_SYMBOL},".encode(), 1))
            shutil.copyfileobj(self._file, renamed)
            self._file.seek(0, io.SEEK_END)
            return kept_file(renamed, folder, name)

    def refusal(self, kept: Path | None) -> RejectedBatchError | UnknownInstrumentError:
        """Return the error for a delivery of which no row is left."""
        place = f" All are in {kept}." if kept else ""
        if set(self._by_rule) == {UNKNOWN}:
            names = sorted(self._unknown)
            more = f" and {len(names) - N_NAMED} more" if len(names) > N_NAMED else ""
            return UnknownInstrumentError(
                f"No instrument of the market has the symbol {', '.join(names[:N_NAMED])}{more}.{place}",
                remedy=REGISTER,
            )
        rules = ", ".join(f"{rule} {n}" for rule, n in self.by_rule.items())
        return RejectedBatchError(
            f"All {self.n_rows} rows were rejected ({rules}), e.g. {' '.join(self.examples[:2])}{place}",
            remedy=f"{self._first_remedy} Symbols that are not known: {REGISTER[0].lower()}{REGISTER[1:]}"
            if UNKNOWN in self._by_rule
            else self._first_remedy,
        )


def is_of_rejects(names: Sequence[str]) -> bool:
    """Return whether the columns of a file are those of rejected prices."""
    return {squeezed(name) for name in names} >= _MARKS


def as_told(raw: pl.DataFrame, told: str) -> list[pl.DataFrame]:
    """Return rows of a file of rejects in parts, each without the columns that its deliveries didn't have.

    Parameters
    ----------
    raw : polars.DataFrame
        Rows under their canonical names.
    told : str
        The column of what was told. Where it is blank nobody knows, and every column stays; so does one
        that somebody has filled in.
    """
    parts = []
    for (words,), part in raw.with_columns(pl.col(told).fill_null("")).group_by(told, maintain_order=True):
        known = str(words).split()
        silent = [name for name in ACTIONS if known and name in part.columns and name not in known]
        blank = [
            n for n in silent if not part[n].cast(pl.String).fill_null("").str.strip_chars().ne("").any()
        ]
        parts.append(part.drop(blank))
    return parts or [raw]


def _first_of(examples: pl.DataFrame) -> pl.DataFrame:
    """Return the first examples; that of an unknown symbol is among them, for a word of the call mends it."""
    is_unknown = examples["rule"] == UNKNOWN
    n_others = N_EXAMPLES - int(is_unknown.any())
    is_kept = is_unknown | ((~is_unknown).cum_sum() <= n_others)
    return examples.filter(is_kept)


def _rejected(rows: pl.DataFrame, violations: pl.DataFrame) -> pl.DataFrame:
    """Return one line a row: what was said of it, and its columns as texts."""
    said = violations.group_by("file", "row", maintain_order=True).agg(
        *(pl.col(name).fill_null("").str.join("; ") for name in SAID),
        *(pl.col(name).first().alias(f"said_{name}") for name in ("symbol", "trade_date")),
    )
    present = [name for name in KEPT if name in rows.columns]
    keys = said.select(pl.col(name).cast(rows.schema[name]) for name in ("file", "row"))
    texts = rows.join(keys, on=["file", "row"], how="semi").select(
        pl.col("file").cast(pl.String),
        pl.col("row").cast(pl.Int64),
        *(pl.col(name).cast(pl.String) for name in present),
    )
    joined = said.join(texts, on=["file", "row"], how="left", maintain_order="left").with_columns(
        pl.lit(None, dtype=pl.String).alias(name) for name in KEPT if name not in present
    )
    return joined.select(
        "file",
        "row",
        *SAID,
        pl.coalesce("symbol", "said_symbol").alias("symbol"),
        pl.coalesce("trade_date", "said_trade_date").alias("trade_date"),
        *KEPT[2:],
    )
