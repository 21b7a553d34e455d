"""The files of a delivery of news, read and linked piece by piece into the stage of the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from prometheus.adapters.delivered_files import DeliveredFile, FileFault, delivered_files
from prometheus.adapters.news_files import SUFFIXES, NewsFile
from prometheus.adapters.news_rejects import NewsRejects
from prometheus.domain.text.linking import Linker
from prometheus.domain.text.news import Article, Fault, Reading, article_of
from prometheus.flow.progress import Progress
from prometheus.kernel.errors import InputFileError
from prometheus.store.copying import Connection
from prometheus.store.news_stage import STAGED, STAGED_LINKS, stage_news

N_PIECE = 20_000
"""Rows of a piece: what is held in memory."""
_MEGABYTE = 1_000_000


class Tally:
    """Counts rows that came, blank ones, and those that are articles."""

    def __init__(self) -> None:
        self.n_rows = 0
        self.n_blank = 0
        self.n_articles = 0


@dataclass(frozen=True, slots=True)
class StagedFiles:
    """What is said of each file, and why others could not be read."""

    files: tuple[Mapping[str, Any], ...]
    unread: tuple[str, ...]


def staged_files(
    historical: Connection,
    paths: Sequence[Path],
    reading: Reading,
    linker: Linker,
    rejects: NewsRejects,
    tally: Tally,
    progress: Progress,
) -> StagedFiles:
    """Read and stage all files that can be read; raise the first fault where none can."""
    files: list[Mapping[str, Any]] = []
    faults: list[FileFault] = []
    bytes_read = _BytesRead(progress, paths)
    try:
        for file in delivered_files(paths, suffixes=SUFFIXES, faults=faults):
            advance = bytes_read.reader_of(file)
            n_before = tally.n_rows
            try:
                news = NewsFile(file, advance)
            except InputFileError as error:
                faults.append(FileFault(file.name, error))
                continue
            for piece in _pieces(_articles(file, news, reading, rejects, tally)):
                _stage(historical, file.name, piece, linker, tally)
            columns = {name: " ".join(headers) for name, headers in news.columns.chosen.items()}
            files.append(
                {
                    "name": file.name,
                    "sha256": file.sha256,
                    "n_rows": tally.n_rows - n_before,
                    "columns": columns,
                    "unread": list(news.columns.unread),
                }
            )
    finally:
        bytes_read.finish()
    if faults and not files:
        raise faults[0].error
    return StagedFiles(tuple(files), tuple(str(fault.error) for fault in faults))


class _BytesRead:
    """Tells how much is read of what lies on disk: a plain file's bytes one by one, an archive's at once."""

    def __init__(self, progress: Progress, paths: Sequence[Path]) -> None:
        files = [inside for path in paths for inside in (path.rglob("*") if path.is_dir() else [path])]
        self._progress = progress
        self._n_bytes = 0
        self._archive: Path | None = None
        total = sum(file.stat().st_size for file in files if file.is_file())
        progress.start("MB of news", total // _MEGABYTE + 1)

    def reader_of(self, file: DeliveredFile) -> Callable[[int], None]:
        """Return who is to be told of the bytes that are read of a file."""
        self._close_archive(file.origin)
        if file.size == file.origin.stat().st_size:
            return self._advance
        self._archive = file.origin
        return lambda _: None

    def finish(self) -> None:
        """Say that all is read."""
        self._close_archive(None)
        self._progress.finish()

    def _close_archive(self, origin: Path | None) -> None:
        if self._archive is not None and self._archive != origin:
            self._advance(self._archive.stat().st_size)
            self._archive = None

    def _advance(self, n: int) -> None:
        before, self._n_bytes = self._n_bytes, self._n_bytes + n
        self._progress.advance(self._n_bytes // _MEGABYTE - before // _MEGABYTE)


def _articles(
    file: DeliveredFile, news: NewsFile, reading: Reading, rejects: NewsRejects, tally: Tally
) -> Iterator[tuple[int, Article]]:
    for line, row in news.rows():
        tally.n_rows += 1
        if row is None or (not isinstance(row, Fault) and not any(row.values())):
            tally.n_blank += 1
            continue
        if isinstance(row, Fault):
            rejects.add(file.name, line, row, None)
            continue
        article = article_of(row, reading)
        if isinstance(article, Fault):
            rejects.add(file.name, line, article, row)
        else:
            yield line, article


def _pieces(articles: Iterator[tuple[int, Article]]) -> Iterator[list[tuple[int, Article]]]:
    piece: list[tuple[int, Article]] = []
    for article in articles:
        piece.append(article)
        if len(piece) == N_PIECE:
            yield piece
            piece = []
    if piece:
        yield piece


def _stage(
    historical: Connection,
    file: str,
    piece: Sequence[tuple[int, Article]],
    linker: Linker,
    tally: Tally,
) -> None:
    rows: list[tuple[object, ...]] = []
    links: list[tuple[object, ...]] = []
    for line, article in piece:
        tally.n_articles += 1
        seq = tally.n_articles
        rows.append(
            (
                seq,
                file,
                line,
                article.key,
                article.content,
                article.identity,
                article.timestamp.isoformat(),
                article.source,
                article.language,
                article.headline,
                article.body,
                article.metadata,
            )
        )
        links += [
            (seq, link.issuer_id, link.instrument_id, link.how, link.found, link.sign)
            for link in linker.links(
                article.headline, on=article.timestamp.date(), body=article.body, tickers=article.tickers
            )
        ]
    numbers = {"seq": pl.Int64, "row": pl.Int64}
    stage_news(
        historical,
        pl.DataFrame(rows, schema={name: numbers.get(name, pl.String) for name in STAGED}, orient="row"),
        pl.DataFrame(
            links, schema={name: numbers.get(name, pl.String) for name in STAGED_LINKS}, orient="row"
        ),
    )
