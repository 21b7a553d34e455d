"""The rows of one file of prices under their canonical names, and what was taken as what."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

import polars as pl

from prometheus.adapters.delimited_lines import DELIMITERS
from prometheus.adapters.delivered_files import DeliveredFile
from prometheus.adapters.lean_actions import LeanFolders
from prometheus.adapters.parquet_tables import parquet_chunks, parquet_schema
from prometheus.adapters.price_headings import Headings
from prometheus.adapters.price_levels import levels_of
from prometheus.adapters.price_mapping import PriceMapping, preset, seen_preset
from prometheus.adapters.price_rejects import LAST_SYMBOL, TOLD, as_told, is_of_rejects
from prometheus.adapters.price_side_by_side import SideBySide
from prometheus.adapters.price_sniff import require_table
from prometheus.adapters.price_symbols import symbol_in
from prometheus.adapters.price_unread_dates import with_unread_dates
from prometheus.adapters.text_tables import BLOCK, TextLayout, text_chunks, text_layout
from prometheus.domain.market.columns import CANONICAL, NUMBERS, canonical_columns, n_known, squeezed
from prometheus.domain.market.dates import certain_ways, dates_in, read_dates, without_local_times
from prometheus.domain.market.numbers import Decimal, certain_decimal, is_plain, plain
from prometheus.domain.reference.symbols import Naming
from prometheus.kernel.errors import InputFileError
from prometheus.kernel.violations import VIOLATIONS

_SCALED = ("open", "high", "low", "close", "adjusted_close", "dividend")


class PriceTable:
    """One file of prices.

    Parameters
    ----------
    file : DeliveredFile
    mapping : PriceMapping or None
        What it looks like; recognised or found by default.
    said : str or None
        Where that comes from.
    chunk_rows : int
    lean : LeanFolders
    block : int
        Bytes of text that are read at once.

    Attributes
    ----------
    n_read : int
        Rows that were seen so far, whatever became of them.

    Raises
    ------
    InputFileError
        If it is not a table of prices.
    """

    def __init__(
        self,
        file: DeliveredFile,
        mapping: PriceMapping | None,
        said: str | None,
        chunk_rows: int,
        lean: LeanFolders,
        *,
        block: int = BLOCK,
    ) -> None:
        self.n_read = 0
        self._file = file
        self._chunk_rows = chunk_rows
        self._lean = lean
        self._block = block
        self._formats: set[str] = set()
        self._decimal: Decimal | None = None
        self._certain: frozenset[str] | None = None
        self._n_without_row = 0
        self._actions: str | None = None
        self._layout: TextLayout | None = None
        self._beside: SideBySide | None = None
        self._types: Mapping[str, pl.DataType] = {}
        if file.suffix == ".parquet":
            self._types = parquet_schema(file)
            names = list(self._types)
            found = None if mapping else seen_preset(names, "")
            self._mapping = mapping or (preset(found) if found else PriceMapping())
        else:
            require_table(file, encoding="utf-8" if mapping is None else mapping.encoding)
            levels = levels_of(file, mapping)
            if levels is None:
                self._mapping, found = self._settled(mapping)
                self._layout = self._laid_out(self._mapping)
                names = list(self._layout.names)
            else:
                found, self._beside = None if mapping else "yfinance", SideBySide(file, levels)
                self._mapping = self._beside.settled(mapping or preset("yfinance"))
                self._layout, names = levels.layout, self._beside.names
        self._said = said or (f"recognised as preset {found}" if found else "found by headers")
        self._names: list[str] = names
        is_again = is_of_rejects(names)
        if is_again and LAST_SYMBOL in names and self._mapping.symbols is None:
            columns = {**self._mapping.columns, "symbol": LAST_SYMBOL}
            self._mapping = self._mapping.model_copy(update={"columns": columns, "symbols": "last"})
        self._columns = self._canonical(names)
        self._headings = Headings({name: given for given, name in self._columns.items()})
        self._rule = self._header("rule") if is_again else None
        self._told = TOLD if is_again and TOLD in names else None
        self._only = {self._header(header): value for header, value in self._mapping.only.items()}

    @property
    def has_many(self) -> bool:
        """Whether a line of the file is a row for each of several symbols."""
        return self._beside is not None and len(self._beside.tickers) > 1

    @property
    def naming(self) -> Naming | None:
        """By which of its symbols an instrument is named here, where its shape says so."""
        return self._mapping.symbols

    @property
    def choice(self) -> str:
        """What was taken as what, in a line."""
        taken = ", ".join(f"{given!r} → {name}" for given, name in self._columns.items())
        parts = [self._said]
        if self._layout is not None:
            delimiter = self._layout.delimiter
            parts.append(f"separated by {DELIMITERS.get(delimiter, repr(delimiter))}")
        parts.append(taken)
        if "symbol" not in self._columns.values():
            parts.append("symbol as given" if self._mapping.symbol else "symbol from the file's name")
        left_out = [
            name
            for name in self._names
            if name and name not in self._columns and name not in self._only and name != self._told
        ]
        if left_out:
            parts.append(f"left out {', '.join(map(repr, left_out))}")
        if self._only:
            parts.append("only rows with " + ", ".join(f"{n!r} = {v!r}" for n, v in self._only.items()))
        parts += self._beside.said if self._beside is not None else []
        if self._n_without_row:
            parts.append(f"lines of rejects that hold no row: {self._n_without_row:,}, left out")
        if self._formats:
            parts.append(f"dates {' and '.join(sorted(self._formats))}")
        if self._decimal == ",":
            parts.append("a comma before the decimals")
        if self._mapping.price_scale != 1.0:
            parts.append(f"prices divided by {self._mapping.price_scale:g}")
        if self._mapping.symbols is not None:
            is_last = self._mapping.symbols == "last"
            parts.append("symbols are the last ones" if is_last else "symbols are of the bar's date")
        if self._actions:
            parts.append(self._actions)
        return "; ".join(parts)

    def pieces(self) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Yield ``row``, ``symbol``, ``trade_date`` and what else there is, and what is no row at all.

        Rows that could not be read have a ``fault``, see `parsed_prices`.
        """
        if self._mapping.actions == "factor_files":
            yield from self._whole()
            return
        yield from self._pieces()

    def _whole(self) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Yield all rows of a file of one symbol with the actions that lie beside it."""
        frames = []
        for rows, broken in self._pieces():
            if "fault" in rows.columns:
                yield rows, broken
                continue
            frames.append(rows)
            yield rows.clear(), broken
        if frames:
            is_alike = all(frame.schema == frames[0].schema for frame in frames)
            bars = pl.concat(frames if is_alike else [frame.cast(pl.String) for frame in frames])
            ticker = symbol_in(self._file.member)
            bars, self._actions = self._lean.with_actions(bars, ticker=ticker, origin=self._file.origin)
            yield bars, VIOLATIONS

    def _pieces(self) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Yield rows, those that could not be read apart from the others so that these keep their types."""
        for raw, broken in self._raw():
            self.n_read += raw.height + broken.height
            raw = self._without_mere_faults(raw)
            for part in [raw] if self._told is None else as_told(raw, "said told"):
                rows = self._converted(part if self._layout is None else self._headings.marked(part))
                yield from self._apart(rows, broken)
                broken = VIOLATIONS

    def _apart(self, rows: pl.DataFrame, broken: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        if "fault" not in rows.columns:
            yield rows, broken
            return
        is_whole = rows["fault"].is_null()
        whole = rows.filter(is_whole).drop("fault")
        if whole["trade_date"].dtype == pl.String:
            dates = whole["trade_date"].str.to_date("%Y-%m-%d", strict=False)
            is_clean = dates.null_count() == whole["trade_date"].null_count()
            whole = whole.with_columns(dates if is_clean else whole["trade_date"])
        yield whole, broken
        yield rows.filter(~is_whole), VIOLATIONS

    def _raw(self, wanted: Collection[str] = CANONICAL) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Yield ``row``, the columns under their canonical names, and those that `only` looks at."""
        taken = [(given, name) for given, name in self._columns.items() if name in wanted]
        both = [*taken, *((header, f"only {header}") for header in self._only)]
        both += [] if self._rule is None else [(self._rule, "said rule")]
        both += [] if self._told is None else [(self._told, "said told")]
        names = dict.fromkeys(given for given, _ in both)
        if self._beside is not None:
            nulls = self._mapping.nulls
            for rows, broken in self._beside.chunks(names, nulls=nulls, block=self._block):
                present = (pl.col(given).alias(name) for given, name in both if given in rows.columns)
                beside = ["fault"] if "fault" in rows.columns else []
                yield rows.select("row", *present, *beside), broken
            return
        if self._layout is not None:
            places = [self._names.index(given) for given in names]
            for rows, broken in text_chunks(self._file, self._layout, places, block=self._block):
                columns = (pl.col(str(self._names.index(given))).alias(name) for given, name in both)
                beside = ["fault"] if "fault" in rows.columns else []
                yield rows.select("row", *columns, *beside), broken
            return
        for rows in parquet_chunks(self._file, list(names), chunk_rows=self._chunk_rows):
            yield rows.select("row", *(pl.col(given).alias(name) for given, name in both)), VIOLATIONS

    def _converted(self, rows: pl.DataFrame) -> pl.DataFrame:
        rows = self._wanted(rows)
        rows = rows.with_columns(self._symbol(rows))
        if self._mapping.currency is not None:
            rows = rows.with_columns(pl.lit(self._mapping.currency).alias("currency"))
        texts = [n for n in rows.columns if n in CANONICAL and rows.schema[n] == pl.String]
        if self._mapping.nulls and texts:
            blank = pl.col(texts).str.strip_chars().is_in(list(self._mapping.nulls))
            rows = rows.with_columns(pl.when(~blank).then(pl.col(texts)))
        rows = self._numbers(rows, [name for name in texts if name in NUMBERS])
        dtype = rows.schema["trade_date"]
        if isinstance(dtype, pl.Datetime) and dtype.time_zone and self._mapping.time_zone is not None:
            local = pl.col("trade_date").dt.convert_time_zone(self._mapping.time_zone)
            rows = rows.with_columns(local.dt.date().alias("trade_date"))
        if dtype.is_integer():
            rows = rows.with_columns(pl.col("trade_date").cast(pl.String))
        if rows.schema["trade_date"] == pl.String:
            rows = self._dated(rows)
        order = ("row", "symbol", "trade_date", *NUMBERS, "currency", "fault")
        return rows.select(name for name in order if name in rows.columns)

    def _wanted(self, rows: pl.DataFrame) -> pl.DataFrame:
        for header, value in self._only.items():
            rows = rows.filter(pl.col(f"only {header}").cast(pl.String).str.strip_chars() == value)
        return rows

    def _without_mere_faults(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows without the lines of a file of rejects that stand for a file or an unread line."""
        if self._rule is None:
            return rows
        present = [name for name in ("symbol", "trade_date", "close") if name in rows.columns]
        texts = pl.col("said rule", *present).cast(pl.String).str.strip_chars().fill_null("")
        is_blank = rows.select(texts == "")
        is_mere = ~is_blank["said rule"] & is_blank.select(pl.all_horizontal(present)).to_series()
        self._n_without_row += int(is_mere.sum())
        return rows.filter(~is_mere)

    def _symbol(self, rows: pl.DataFrame) -> pl.Expr:
        mapping = self._mapping
        name = (
            PurePosixPath(self._file.member).stem if mapping.symbol_pattern else symbol_in(self._file.member)
        )
        has_column = "symbol" in rows.columns and mapping.symbol is None
        symbol = pl.col("symbol").cast(pl.String) if has_column else pl.lit(mapping.symbol or name)
        if mapping.symbol_pattern is not None and mapping.symbol is None:
            symbol = symbol.str.extract(f"(?i){mapping.symbol_pattern}", _group(mapping.symbol_pattern))
        if mapping.symbol_case == "upper":
            symbol = symbol.str.to_uppercase()
        elif mapping.symbol_case == "lower":
            symbol = symbol.str.to_lowercase()
        return symbol.alias("symbol")

    def _numbers(self, rows: pl.DataFrame, texts: Sequence[str]) -> pl.DataFrame:
        mapping = self._mapping
        if texts and mapping.thousands:
            taken_out = f"[{re.escape(mapping.thousands)}]"
            rows = rows.with_columns(pl.col(texts).str.replace_all(taken_out, ""))
        if texts and mapping.decimal == ",":
            rows = rows.with_columns(pl.col(texts).str.replace(",", ".", literal=True))
        if not is_plain(rows, texts):
            if not mapping.thousands and mapping.decimal == ".":
                self._decimal = self._decimal or certain_decimal(rows, texts)
            rows = plain(rows, texts, self._decimal)
        if mapping.price_scale == 1.0:
            return rows
        scaled = []
        for name in (name for name in _SCALED if name in rows.columns):
            given = rows[name].str.strip_chars() if name in texts else rows[name]
            # By a number, polars multiplies with its inverse, which is off in the last digit.
            scale = pl.repeat(mapping.price_scale, rows.height, dtype=pl.Float64, eager=True)
            number = given.cast(pl.Float64, strict=False) / scale
            is_clean = number.null_count() == given.null_count()
            scaled.append(number if is_clean else number.cast(pl.String).fill_null(given.cast(pl.String)))
        return rows.with_columns(scaled)

    def _dated(self, rows: pl.DataFrame) -> pl.DataFrame:
        texts = rows["trade_date"]
        read = read_dates(texts, self._certain, date_format=self._mapping.date_format)
        if read.has_two_ways and self._certain is None:  # a later piece may say which way, or contradict
            self._certain = self._certain_in_file()
            read = read_dates(texts, self._certain)
        self._formats |= read.formats
        dates, n_given = read.dates, texts.null_count()
        if dates.null_count() > n_given and self._mapping.time_zone is not None:
            dates = dates_in(texts, self._mapping.time_zone).fill_null(dates)
        if dates.null_count() > n_given and self._mapping.date_format is None:
            dates = dates.fill_null(self._of_one_a_day(rows["symbol"], texts))
        if dates.null_count() == n_given:
            return rows.with_columns(dates.alias("trade_date"))
        return with_unread_dates(rows, dates, read.is_ambiguous)

    def _of_one_a_day(self, symbols: pl.Series, texts: pl.Series) -> pl.Series:
        """Return the dates of local times, where no symbol has two of a day: then they are daily bars'."""
        dates = read_dates(without_local_times(texts), self._certain).dates
        found = pl.DataFrame({"symbol": symbols, "date": dates}).filter(pl.col("date").is_not_null())
        return dates if not found.is_duplicated().any() else dates.clear().extend_constant(None, len(dates))

    def _certain_in_file(self) -> frozenset[str]:
        found: frozenset[str] = frozenset()
        for rows, _ in self._raw(("trade_date",)):
            wanted = self._wanted(rows)
            if "fault" in wanted.columns:
                wanted = wanted.filter(pl.col("fault").is_null())
            found |= certain_ways(wanted["trade_date"])
        return found

    def _settled(self, mapping: PriceMapping | None) -> tuple[PriceMapping, str | None]:
        if mapping is not None:
            return mapping, None
        layout = text_layout(self._file, n_known=n_known)
        with self._file.open() as stream:
            line = stream.read(1 << 10).split(b"\n")[0].decode("utf-8", "replace").strip("\ufeff\r\n ")
        found = seen_preset(layout.names, line)
        return (preset(found), found) if found else (PriceMapping(), None)

    def _laid_out(self, mapping: PriceMapping) -> TextLayout:
        return text_layout(
            self._file,
            n_known=lambda names: n_known(names) + sum(name in mapping.columns.values() for name in names),
            delimiter=mapping.delimiter,
            encoding=mapping.encoding,
            has_header=mapping.has_header,
            skip_lines=mapping.skip_lines,
            skip_rows=mapping.skip_rows,
        )

    def _canonical(self, names: Sequence[str]) -> Mapping[str, str]:
        given = {}
        for name, place in self._mapping.columns.items():
            if isinstance(place, int) and place > len(names):
                raise InputFileError(
                    f"{self._file.name} row 1: it has {len(names)} columns, and place {place} is {name}.",
                    remedy="Give the place of each column from 1, or another preset.",
                )
            given[name] = names[place - 1] if isinstance(place, int) else place
        present = {squeezed(name) for name in names}
        alone = (name for name, other in self._mapping.only_with.items() if squeezed(other) not in present)
        ignored = (*self._mapping.ignore, *alone)
        found = canonical_columns(names, file=self._file.name, given=given, ignored=ignored)
        odd = [given for given, meant in found.items() if not _is_taken(self._types.get(given), meant)]
        if odd:
            kinds = ", ".join(f"{given!r} of type {self._types[given]}" for given in odd)
            raise InputFileError(
                f"{self._file.name}: column {kinds}.", remedy="Expected texts, dates and numbers."
            )
        return found

    def _header(self, wanted: str) -> str:
        same = [name for name in self._names if squeezed(name) == squeezed(wanted)]
        if not same:
            raise InputFileError(
                f"{self._file.name}: no column {wanted!r} among {', '.join(map(repr, self._names))}.",
                remedy="`only` in the mapping names headers of the file.",
            )
        return same[0]


def _is_taken(dtype: pl.DataType | None, name: str) -> bool:
    if dtype is None or dtype in (pl.String, pl.Null):
        return True
    if name == "trade_date":
        return dtype in (pl.Date, pl.Datetime) or dtype.is_integer()  # 20180205
    return dtype.is_numeric() or (name in ("symbol", "currency") and dtype in (pl.Categorical, pl.Enum))


def _group(pattern: str) -> int:
    return re.compile(pattern).groupindex["symbol"]
