"""Prices of several tickers side by side, as yfinance's download writes them: a row for each date and ticker.

1. Each line becomes a row for each ticker. Where a ticker has nothing in a line it wasn't listed: no row.
2. Tickers may differ in their fields: one that could not be fetched has others. Each keeps its own.
3. Headers in the midst of the lines are no rows; where they name other columns, nothing below is taken.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import polars as pl

from prometheus.adapters.delivered_files import DeliveredFile
from prometheus.adapters.price_headings import OTHER, REPEATED
from prometheus.adapters.price_levels import Levels, is_blank, is_of_headers
from prometheus.adapters.price_mapping import PriceMapping
from prometheus.adapters.text_tables import BLOCK, text_chunks
from prometheus.domain.market.columns import squeezed
from prometheus.domain.market.numbers import BLANKS
from prometheus.domain.market.parsing import FAULT
from prometheus.kernel.errors import InputFileError
from prometheus.kernel.violations import VIOLATIONS

N_NAMED = 3
N_SHOWN = 160
_NOTHING = (*BLANKS, "", "nan", "<na>")


class SideBySide:
    """A file whose tickers stand side by side, row by row.

    Parameters
    ----------
    file : DeliveredFile
    levels : Levels
        What its headers say.

    Attributes
    ----------
    tickers, fields : tuple of str
        All of them, in their order.
    n_absent : int
        How often a ticker had nothing on a date, of the lines that were read so far.
    """

    def __init__(self, file: DeliveredFile, levels: Levels) -> None:
        self.layout = levels.layout
        self.fields = tuple(dict.fromkeys(field for _, field in levels.cells))
        self.tickers = tuple(dict.fromkeys(ticker for ticker, _ in levels.cells))
        self.n_absent = 0
        self._file = file
        self._levels = levels
        own: dict[str, dict[str, int]] = {}
        for (ticker, field), place in levels.cells.items():
            own.setdefault(ticker, {})[field] = place
        self._own: Mapping[str, Mapping[str, int]] = own

    @property
    def names(self) -> list[str]:
        """The headers of the rows that it becomes."""
        return [self._levels.date, self._levels.symbol, *self.fields]

    @property
    def said(self) -> list[str]:
        """What is worth saying of it, once it has been read."""
        named = ", ".join(self.tickers[:N_NAMED])
        more = f" and {len(self.tickers) - N_NAMED:,} more" if len(self.tickers) > N_NAMED else ""
        beside = f"{len(self.tickers):,} tickers side by side: {named}{more}"
        absent = f"dates without a bar of a ticker: {self.n_absent:,}"
        return [beside] * (len(self.tickers) > 1) + [absent] * (self.n_absent > 0)

    def settled(self, mapping: PriceMapping) -> PriceMapping:
        """Return a mapping that takes dates and symbols from the headers; keep what it takes of each ticker.

        Raises
        ------
        InputFileError
            If it has one symbol for all rows, and there are several.
        """
        if mapping.symbol is not None and len(self.tickers) > 1:
            raise InputFileError(
                f"{self._file.name} row 1: {len(self.tickers)} tickers stand side by side, "
                f"and the mapping says {mapping.symbol!r} for all.",
                remedy="Take `symbol` out of the mapping.",
            )
        partners = {squeezed(name): squeezed(other) for name, other in mapping.only_with.items()}
        own = {}
        for ticker, places in self._own.items():
            present = {squeezed(field) for field in places}
            own[ticker] = {
                f: place for f, place in places.items() if partners.get(squeezed(f), squeezed(f)) in present
            }
        self._own = own
        taken = {field for places in own.values() for field in places}
        columns = {"symbol": self._levels.symbol, **mapping.columns, "trade_date": self._levels.date}
        lone = (field for field in self.fields if field not in taken)
        return mapping.model_copy(update={"columns": columns, "ignore": (*mapping.ignore, *lone)})

    def chunks(
        self, headers: Collection[str], *, nulls: Sequence[str] = (), block: int = BLOCK
    ) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Yield the rows, and the lines that are none.

        Parameters
        ----------
        headers : collection of str
            The fields to take. Without any, lines stay lines, with their dates alone.
        nulls : sequence of str
            What else stands where there is no value.
        block : int
            Bytes that are read at once.

        Yields
        ------
        rows : polars.DataFrame
            ``row``, dates and tickers under their headers, the fields that these tickers have as texts, and
            ``fault`` where lines are of another width. Frames differ in their fields.
        violations : polars.DataFrame
            As of `text_chunks`, and ``repeated_header`` and ``another_header``.
        """
        alike: dict[tuple[str, ...], list[str]] = {}
        for ticker, own in self._own.items():
            alike.setdefault(tuple(field for field in self.fields if field in own), []).append(ticker)
        wanted = [name for name in self.fields if name in headers]
        groups = [(tickers, [f for f in wanted if f in fields]) for fields, tickers in alike.items()]
        cells = (
            self._own[ticker][field] for tickers, fields in groups for ticker in tickers for field in fields
        )
        places = [self._levels.place, *dict.fromkeys(cells)]
        is_other = False
        for lines, broken in text_chunks(self._file, self.layout, places, block=block):
            lines, headings, is_other = self._without_headings(lines, is_other=is_other)
            broken = pl.concat([broken, headings])
            if not wanted:
                yield self._dated(lines), broken
                continue
            for tickers, fields in groups:
                rows = self._rows(lines, tickers, fields)
                present = rows.filter(~_is_absent(rows, fields, nulls))
                self.n_absent += rows.height - present.height
                yield present, broken
                broken = VIOLATIONS

    def _dated(self, lines: pl.DataFrame) -> pl.DataFrame:
        date = pl.col(str(self._levels.place)).alias(self._levels.date)
        return lines.select("row", date, *(["fault"] if "fault" in lines.columns else []))

    def _rows(self, lines: pl.DataFrame, tickers: Sequence[str], fields: Sequence[str]) -> pl.DataFrame:
        """Return a row for each line and ticker, ticker after ticker."""
        dated = self._dated(lines)
        if "fault" in dated.columns:
            short = pl.col("fault").struct.field("found").str.head(N_SHOWN)
            dated = dated.with_columns(pl.col("fault").struct.with_fields(found=short).cast(FAULT))
        data = {name: pl.concat([dated[name]] * len(tickers), rechunk=True) for name in dated.columns}
        names = [ticker for ticker in tickers for _ in range(lines.height)]
        data[self._levels.symbol] = pl.Series(names, dtype=pl.String)
        columns = dict(zip(lines.columns, lines.get_columns(), strict=True))
        for field in fields:
            own = [columns[str(self._own[ticker][field])] for ticker in tickers]
            data[field] = pl.concat(own, rechunk=True)
        return pl.DataFrame(data)

    def _without_headings(
        self, lines: pl.DataFrame, *, is_other: bool
    ) -> tuple[pl.DataFrame, pl.DataFrame, bool]:
        """Return lines that are no headers nor below others, those that are, and whether others came."""
        dates = lines[str(self._levels.place)]
        suspects = dates.is_in([t for t in dates.unique().to_list() if is_of_headers(t)], nulls_equal=True)
        if not suspects.any() and not is_other:
            return lines, VIOLATIONS, False
        places = [int(name) for name in lines.columns if name.isdigit()]
        texts = lines.select(map(str, places))
        of_file = [[level[place] for place in places] for level in self._levels.lines]
        is_same, first_other = [False] * lines.height, 0 if is_other else lines.height
        for at in suspects.arg_true().to_list():
            cells = [(cell or "").strip() for cell in texts.row(at)]
            is_same[at] = cells in of_file or (cells[0] != "" and all(map(is_blank, cells[1:])))
            if not is_same[at] and _is_heading(cells):
                first_other = min(first_other, at)
        is_below = pl.int_range(lines.height, eager=True) >= first_other
        is_none = is_below | pl.Series(is_same, dtype=pl.Boolean)
        headings = lines.with_columns(is_below.alias("is_below")).filter(is_none)
        found = headings.select(
            pl.lit(self._file.name).alias("file"),
            pl.col("row").cast(pl.Int64),
            pl.lit(None, dtype=pl.String).alias("symbol"),
            pl.lit(None, dtype=pl.String).alias("trade_date"),
            pl.lit("trade_date").alias("field"),
            pl.col(str(self._levels.place)).alias("found"),
            pl.when("is_below")
            .then(pl.lit("another_header"))
            .otherwise(pl.lit("repeated_header"))
            .alias("rule"),
            pl.when("is_below").then(pl.lit(OTHER)).otherwise(pl.lit(REPEATED)).alias("remedy"),
        )
        return lines.filter(~is_none), found, is_other or first_other < lines.height


def _is_absent(rows: pl.DataFrame, fields: Sequence[str], nulls: Sequence[str]) -> pl.Series:
    """Return where a ticker has nothing at all; in a line of another width nobody knows."""
    if not fields:
        return pl.repeat(True, rows.height, dtype=pl.Boolean, eager=True)
    maybe = ~rows[fields[0]].str.contains(r"\d").fill_null(False)  # few rows are looked at closely
    if "fault" in rows.columns:
        maybe = maybe & rows["fault"].is_null()
    words = [*_NOTHING, *(word.lower() for word in nulls)]
    texts = pl.col(list(fields)).fill_null("").str.strip_chars().str.to_lowercase()
    is_absent = rows.filter(maybe).select(pl.all_horizontal(texts.is_in(words))).to_series()
    nowhere = pl.repeat(False, rows.height, dtype=pl.Boolean, eager=True)
    return nowhere.scatter(maybe.arg_true().filter(is_absent), True)


def _is_heading(cells: Sequence[str]) -> bool:
    """Return whether most of a line's cells that aren't blank are names."""
    given = [cell for cell in cells[1:] if cell.lower() not in _NOTHING]
    return 2 * sum(any(c.isalpha() for c in cell) for cell in given) > len(given)
