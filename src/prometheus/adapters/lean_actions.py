"""Splits and dividends from QuantConnect Lean's factor files, by its map files.

1. A map file says which ticker a security had until which date; the file of bars is named after the ticker of
   each date, the factor file after the security.
2. A factor file says (date, price factor, split factor, reference price): the factors of all bars up to and
   with the date, and the close of that date. They change on the first session after it, the ex-date.
3. There, split = next split factor / split factor: new shares for each old one; and dividend = reference
   price * (1 - price factor / next price factor): the cash that was paid for each share held before.

Lean adjusts as if the dividend were reinvested before the open, at the reference price less the dividend.
With y = dividend / reference price, the return that the cash gives, (close * split + dividend) / former
close - 1, is Lean's times 1 - y. Elsewhere both are the same.
Source: QuantConnect Lean, ``CorporateFactorRow``: price factor *= 1 - distribution / reference price.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl

from prometheus.domain.market.corporate_actions import split_ratio
from prometheus.kernel.errors import InputFileError

_REMEDY = "Lines are date as yyyyMMdd, price factor, split factor and reference price."
_HALF_DIGIT = 5e-8
"""Factors have seven decimals: half of the last of them."""
_DECIMALS = range(2, 7)


@dataclass(frozen=True, slots=True)
class _Span:
    """From when to when a ticker was that of a security."""

    first: date
    last: date
    security: str
    is_renamed: bool = False


class LeanFolders:
    """The folders ``factor_files`` and ``map_files`` beside files of bars, each read once."""

    def __init__(self) -> None:
        self._spans: dict[Path, dict[str, list[_Span]]] = {}
        self._factors: dict[Path, pl.DataFrame] = {}

    def with_actions(self, bars: pl.DataFrame, *, ticker: str, origin: Path) -> tuple[pl.DataFrame, str]:
        """Return the bars of a file with ``split`` and ``dividend``, and where they come from.

        Without a factor file of theirs they get no such columns: nothing is said of either.

        Parameters
        ----------
        bars : polars.DataFrame
            ``trade_date`` and ``close`` as traded, numbers; rows without either get no action.
        ticker : str
            Name of their file.
        origin : Path
            Where it lies.

        Raises
        ------
        InputFileError
            If a map or factor file can't be read.
        """
        factors = _folder(origin, "factor_files")
        if factors is None or bars.schema["trade_date"] != pl.Date or not bars.schema["close"].is_numeric():
            said = "no factor_files beside them" if factors is None else "bars that are no numbers"
            return bars, f"no splits and dividends: {said}"
        parts, used = [], []
        place = bars.with_row_index("place").drop_nulls(["trade_date", "close"]).sort("trade_date", "place")
        for span in self._spans_of(ticker, origin):
            path = factors / f"{span.security}.csv"
            of_span = place.filter(pl.col("trade_date").is_between(span.first, span.last))
            if of_span.is_empty() or not path.exists():
                continue
            used.append(path.name)
            before = span.first - timedelta(days=1) if span.is_renamed else None
            parts.append(_actions(of_span, self._factors_in(path), before=before))
        if not parts:
            return bars, "no splits and dividends: no factor file of theirs"
        actions = pl.concat(parts).select("place", "split", "dividend").unique("place", keep="first")
        joined = bars.with_row_index("place").join(actions, on="place", how="left", maintain_order="left")
        return joined.drop("place"), "splits and dividends from factor_files"

    def _spans_of(self, ticker: str, origin: Path) -> Sequence[_Span]:
        folder = _folder(origin, "map_files")
        if folder is None:
            return [_Span(date.min, date.max, ticker.lower())]
        if folder not in self._spans:
            self._spans[folder] = _spans(sorted(folder.glob("*.csv")))
        own = _Span(date.min, date.max, ticker.lower())
        return self._spans[folder].get(ticker.lower(), [own])

    def _factors_in(self, path: Path) -> pl.DataFrame:
        if path not in self._factors:
            self._factors[path] = factor_rows(path)
        return self._factors[path]


def factor_rows(path: Path) -> pl.DataFrame:
    """Return a factor file as ``until``, ``price_factor``, ``split_factor`` and ``reference``, by date.

    Raises
    ------
    InputFileError
        If it can't be read, or a line is none of theirs.
    """
    rows = []
    for number, fields in _lines(path):
        try:
            until = _day(fields[0])
            price, split = float(fields[1]), float(fields[2])
            reference = float(fields[3]) if len(fields) > 3 else None
        except (ValueError, IndexError) as error:
            raise InputFileError(
                f"{path.name} row {number}: {','.join(fields)!r}.", remedy=_REMEDY
            ) from error
        if not (price > 0.0 and split > 0.0):
            raise InputFileError(f"{path.name} row {number}: a factor is not above 0.", remedy=_REMEDY)
        rows.append((until, price, split, reference))
    numbers = {"price_factor": pl.Float64, "split_factor": pl.Float64, "reference": pl.Float64}
    return pl.DataFrame(rows, schema={"until": pl.Date, **numbers}, orient="row").sort("until")


def _actions(bars: pl.DataFrame, factors: pl.DataFrame, *, before: date | None) -> pl.DataFrame:
    """Return the bars of one ticker with their actions.

    Until ``before`` the security traded under another ticker, whose bars lie in another file: a split on the
    day of the renaming changes the factors between the two.
    """
    joined = bars.select("place", "trade_date", "close").join_asof(
        factors, left_on="trade_date", right_on="until", strategy="forward", coalesce=False
    )
    former = joined.select(
        pl.col("close", "until", "trade_date", "price_factor", "split_factor", "reference").shift(1)
    )
    if before is not None:
        past = factors.filter(pl.col("until") >= before).head(1)
        ends = past.with_columns(pl.lit(before).alias("trade_date"), pl.lit(None, pl.Float64).alias("close"))
        former = pl.concat([ends.select(former.columns), former.slice(1)]) if past.height else former
    split, dividend = [], []
    for now, was in zip(joined.iter_rows(named=True), former.iter_rows(named=True), strict=True):
        split.append(_split(now, was))
        dividend.append(_dividend(now, was))
    return joined.with_columns(
        pl.Series("split", split, dtype=pl.Float64), pl.Series("dividend", dividend, dtype=pl.Float64)
    )


def _split(now: dict[str, float], was: dict[str, float]) -> float | None:
    if not now["split_factor"] or not was["split_factor"] or now["split_factor"] == was["split_factor"]:
        return None
    ratio = now["split_factor"] / was["split_factor"]
    return split_ratio(ratio) or float(f"{ratio:.6g}")


def _dividend(now: dict[str, float], was: dict[str, float]) -> float | None:
    if not now["price_factor"] or not was["price_factor"] or now["price_factor"] == was["price_factor"]:
        return None
    # The reference is the close of its date; between bars that are further apart, the former close is.
    has_reference = was["until"] == was["trade_date"] and bool(was["reference"])
    paid_on = was["reference"] if has_reference else was["close"]
    if not paid_on:
        return None
    kept = was["price_factor"] / now["price_factor"]
    error = paid_on * _HALF_DIGIT * (1.0 + kept) / now["price_factor"]
    return _simplest(paid_on * (1.0 - kept), error)


def _simplest(amount: float, error: float) -> float | None:
    """Return the amount of fewest decimals that the digits of the factors allow; None for what they round."""
    if amount <= error:
        return None
    return next((round(amount, n) for n in _DECIMALS if abs(round(amount, n) - amount) <= error), amount)


def _spans(paths: Iterable[Path]) -> dict[str, list[_Span]]:
    """Return, by ticker, from when to when it was whose."""
    found: dict[str, list[_Span]] = {}
    for path in paths:
        since: date | None = None
        n_spans = 0
        for number, fields in _lines(path):
            try:
                until, ticker = _day(fields[0]), fields[1].strip().lower()
            except (ValueError, IndexError) as error:
                raise InputFileError(
                    f"{path.name} row {number}: {','.join(fields)!r}.",
                    remedy="Lines are date as yyyyMMdd, ticker and exchange.",
                ) from error
            if since is not None:
                span = _Span(since, until, path.stem.lower(), is_renamed=n_spans > 0)
                found.setdefault(ticker, []).append(span)
                n_spans += 1
            # The first line is the first day itself; later ones are the last day of what came before.
            since = until if since is None else _next(until)
    return found


def _next(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1) if day < date.max else day


def _day(text: str) -> date:
    return datetime.strptime(text.strip(), "%Y%m%d").date()  # noqa: DTZ007, a session has no zone


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return [(n, fields) for n, fields in enumerate(csv.reader(stream), 1) if fields]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputFileError(f"{path.name} can't be read: {error}.", remedy=_REMEDY) from error


def _folder(origin: Path, name: str) -> Path | None:
    places = (origin.parent / name, origin.parent.parent / name)
    return next((place for place in places if place.is_dir()), None)
