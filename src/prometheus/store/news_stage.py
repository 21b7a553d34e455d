"""News: staged, compared with what is stored, written once, and linked.

1. A delivery is staged in temporary tables, piece by piece, with the links that were found.
2. Of the rows of one article the earliest stands for it; those that say something else under its id, here or
   as stored, are handed back.
3. New articles are inserted with the evidence of their links in ``metadata.links``; the first one carries the
   INGEST decision, see `unrecorded`.
4. Of articles that were stored before, links that are found now and weren't are added, and links that can't
   be found any more are withdrawn: see ``news_changes``. A delivery that comes again changes nothing, one
   that comes after reference data changed says what changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from psycopg import sql
from psycopg.types.json import Jsonb

from prometheus.flow.storage import Decision
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.ids import DIGEST_SIZE, short_id
from prometheus.store.copying import Connection, copy_frame, frame_of
from prometheus.store.news_changes import LinkChange, changes_as_rows
from prometheus.store.unrecorded import carried

if TYPE_CHECKING:
    import polars as pl

STAGED = (
    "seq", "file", "row", "key", "content", "ext", "timestamp", "source", "language", "headline", "body",
    "metadata",
)  # fmt: skip
"""The columns of a staged row: ``ext`` is its id or url, ``key`` and ``content`` are digests."""
KEPT = ("external_id", "url", "tickers", "author")
STAGED_LINKS = ("seq", "issuer_id", "instrument_id", "how", "found", "sign")
_IDENTITY = "coalesce(metadata ->> 'external_id', metadata ->> 'url')"


@dataclass(frozen=True, slots=True)
class NewsCounts:
    """What became of the articles of a delivery.

    Attributes
    ----------
    n_new, n_unchanged : int
        Articles.
    n_links_new : int
        Links that nobody knew: of new articles, and added to those that were stored.
    n_links, n_linked : int
        Links that the delivery says, stored before or now, and its articles that have one.
    by_how : mapping of str to int
        The links by how they were found.
    added, withdrawn : tuple of LinkChange
        Of articles that were stored before.
    """

    n_new: int
    n_unchanged: int
    n_links_new: int
    n_links: int
    n_linked: int
    by_how: Mapping[str, int]
    added: tuple[LinkChange, ...] = ()
    withdrawn: tuple[LinkChange, ...] = ()

    @property
    def has_changed(self) -> bool:
        """Whether anything was written."""
        return self.n_new + self.n_links_new + len(self.withdrawn) > 0


def open_stage(connection: Connection) -> datetime:
    """Make the temporary tables of a delivery and return the server's time.

    They go with the transaction; news is locked meanwhile.
    """
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('news_articles', 0))")
    connection.execute(
        'CREATE TEMP TABLE news_staged (seq bigint, file text, row bigint, key text COLLATE "C",'
        ' content text COLLATE "C", ext text COLLATE "C", timestamp timestamptz, source text COLLATE "C",'
        " language text, headline text, body text, metadata jsonb) ON COMMIT DROP"
    )
    connection.execute(
        "CREATE TEMP TABLE news_staged_links (seq bigint, issuer_id text, instrument_id text, how text,"
        " found text, sign text) ON COMMIT DROP"
    )
    found = connection.execute("SELECT now()").fetchone()
    assert found is not None
    moment: datetime = found[0]
    return moment


def stage_news(connection: Connection, articles: pl.DataFrame, links: pl.DataFrame) -> None:
    """Stage a piece of a delivery: frames with the columns `STAGED` and `STAGED_LINKS`."""
    copy_frame(connection, "news_staged", articles, columns=STAGED)
    copy_frame(connection, "news_staged_links", links, columns=STAGED_LINKS)


def staged_digest(connection: Connection) -> bytes:
    """Return the digest of what the staged articles say, whatever order or file they came in."""
    found = hashlib.blake2b(digest_size=DIGEST_SIZE)
    statement = "COPY (SELECT DISTINCT content FROM news_staged ORDER BY content) TO STDOUT"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for piece in copy:
            found.update(piece)
    return found.digest()


def settle_stage(connection: Connection) -> pl.DataFrame:
    """Choose a row for each staged article; return those that say something else under the same id.

    Returns
    -------
    polars.DataFrame
        ``file``, ``row`` and what the row says, by the columns of a file of news. They are no longer staged.
    """
    import polars as pl

    connection.execute("ANALYZE news_staged")
    connection.execute(
        "CREATE TEMP TABLE news_chosen ON COMMIT DROP AS"
        " SELECT DISTINCT ON (key) *, NULL::bigint AS article_id"
        ' FROM news_staged ORDER BY key, timestamp, headline COLLATE "C", (body IS NULL), content, seq'
    )
    connection.execute("ANALYZE news_chosen")
    _find_stored(connection)
    # A row without a body says less, not something else.
    changed = (
        "SELECT s.seq FROM news_staged s JOIN news_chosen c USING (key)"
        " LEFT JOIN news_articles a ON a.article_id = c.article_id WHERE (s.headline, s.timestamp)"
        " IS DISTINCT FROM (coalesce(a.headline, c.headline), coalesce(a.timestamp, c.timestamp))"
        " OR s.body <> CASE WHEN a.article_id IS NULL THEN c.body ELSE coalesce(a.body, '') END"
    )
    kept = ", ".join(f"metadata ->> '{name}' AS {name}" for name in KEPT)
    query = sql.SQL(
        "SELECT file, row, headline, to_char(timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SSZ') AS time,"
        f" body, source, language, {kept} FROM news_staged WHERE seq IN ({changed}) ORDER BY seq"
    )
    said = ("headline", "time", "body", "source", "language", *KEPT)
    found = frame_of(
        connection, query, [], {"file": pl.String, "row": pl.Int64} | dict.fromkeys(said, pl.String)
    )
    if found.height:
        connection.execute(f"DELETE FROM news_staged WHERE seq IN ({changed})")
        connection.execute(
            "DELETE FROM news_chosen c WHERE NOT EXISTS (SELECT 1 FROM news_staged s WHERE s.key = c.key)"
        )
    return found


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link of a stored article that its delivery doesn't find now, with what it is to be judged by.

    ``tickers`` are those that any delivery named for it.
    """

    article_id: int
    issuer_id: str | None
    instrument_id: str | None
    headline: str
    body: str | None
    timestamp: datetime
    tickers: str
    is_explained: bool


def link_staged(connection: Connection, changes: Sequence[LinkChange]) -> list[OpenLink]:
    """Settle the links of a delivery; return those of stored articles that are not among them.

    Parameters
    ----------
    connection : Connection
        To the historical database.
    changes : sequence of LinkChange
        What was changed so far: `news_changes.link_changes`.
    """
    linked = (
        "SELECT DISTINCT s.key, l.issuer_id, l.instrument_id, l.how, l.found, l.sign"
        " FROM news_staged_links l JOIN news_staged s USING (seq)"
    )
    connection.execute(
        f"CREATE TEMP TABLE news_linked ON COMMIT DROP AS"
        f" SELECT DISTINCT ON (key, issuer_id, instrument_id) * FROM ({linked}) l"
        f" ORDER BY key, issuer_id, instrument_id,"
        f" position(how in 'ticker cashtag exchange parentheses name'), found"
    )
    rows, parameters = changes_as_rows(changes)
    connection.execute(
        "CREATE TEMP TABLE news_changed (article_id bigint, issuer_id text, instrument_id text,"
        " is_added boolean, evidence jsonb) ON COMMIT DROP"
    )
    connection.execute(f"INSERT INTO news_changed {rows}".encode(), parameters)
    connection.execute("ANALYZE news_linked")
    connection.execute("ANALYZE news_changed")
    same = (
        "{0}.issuer_id IS NOT DISTINCT FROM n.issuer_id"
        " AND {0}.instrument_id IS NOT DISTINCT FROM n.instrument_id"
    )
    evidence = (
        "SELECT e FROM jsonb_array_elements(coalesce(a.metadata -> 'links', '[]')) e"
        " UNION ALL SELECT g.evidence FROM news_changed g WHERE g.article_id = a.article_id AND g.is_added"
    )
    found = connection.execute(
        "SELECT n.article_id, n.issuer_id, n.instrument_id, a.headline, a.body, a.timestamp,"
        " concat_ws(' ', a.metadata ->> 'tickers',"
        f"  (SELECT string_agg(e ->> 'found', ' ') FROM ({evidence}) v (e) WHERE e ->> 'how' = 'ticker')),"
        f" EXISTS (SELECT FROM ({evidence}) v (e) WHERE e ->> 'issuer_id' IS NOT DISTINCT FROM n.issuer_id"
        "  AND e ->> 'instrument_id' IS NOT DISTINCT FROM n.instrument_id)"
        " FROM news_links n JOIN news_chosen c USING (article_id) JOIN news_articles a USING (article_id)"
        f" WHERE NOT EXISTS (SELECT FROM news_linked l WHERE l.key = c.key AND {same.format('l')})"
        " AND NOT EXISTS (SELECT FROM news_changed g WHERE g.article_id = n.article_id AND NOT g.is_added"
        f"  AND {same.format('g')}) ORDER BY 1, 2, 3"
    )
    return [OpenLink(*row) for row in found]


def staged_counts(connection: Connection, *, withdrawn: Sequence[LinkChange] = ()) -> NewsCounts:
    """Return what the settled articles and their links are beside those that are stored.

    Parameters
    ----------
    connection : Connection
        To the historical database.
    withdrawn : sequence of LinkChange
        Links of stored articles that don't hold any more; they are counted.
    """
    n_articles = _number(connection, "SELECT count(*) FROM news_chosen")
    n_known = _number(connection, "SELECT count(article_id) FROM news_chosen")
    added = _added(connection)
    n_links_of_new = _number(
        connection,
        "SELECT count(*) FROM news_linked JOIN news_chosen USING (key) WHERE article_id IS NULL",
    )
    by_how = connection.execute("SELECT how, count(*) FROM news_linked GROUP BY how ORDER BY how").fetchall()
    return NewsCounts(
        n_new=n_articles - n_known,
        n_unchanged=n_known,
        n_links_new=n_links_of_new + len(added),
        n_links=sum(count for _, count in by_how),
        n_linked=_number(connection, "SELECT count(DISTINCT key) FROM news_linked"),
        by_how=dict(by_how),
        added=added,
        withdrawn=tuple(withdrawn),
    )


def write_staged(
    connection: Connection, decision: Decision, config: EngineConfig, *, known_at: datetime | None
) -> None:
    """Write the settled articles that are not stored yet, and all links that are not.

    Parameters
    ----------
    connection : Connection
        To the historical database; the transaction is the caller's.
    decision : Decision
        The INGEST decision; the first new article carries it.
    config : EngineConfig
    known_at : datetime or None
        When they became known; None: each when it was published.
    """
    _insert(connection, decision, config, known_at)
    _find_stored(connection)
    connection.execute(
        "INSERT INTO news_links (article_id, issuer_id, instrument_id)"
        " SELECT c.article_id, l.issuer_id, l.instrument_id"
        " FROM news_linked l JOIN news_chosen c USING (key) WHERE NOT EXISTS (SELECT 1 FROM news_links n"
        " WHERE n.article_id = c.article_id AND n.issuer_id IS NOT DISTINCT FROM l.issuer_id"
        " AND n.instrument_id IS NOT DISTINCT FROM l.instrument_id) ORDER BY 1, 2, 3"
    )


def _added(connection: Connection) -> tuple[LinkChange, ...]:
    """Return the links of the delivery that articles stored before didn't have."""
    found = connection.execute(
        "SELECT c.article_id, l.issuer_id, l.instrument_id, true,"
        " jsonb_strip_nulls(jsonb_build_object('how', l.how, 'found', l.found, 'sign', nullif(l.sign, '')))"
        " FROM news_linked l JOIN news_chosen c USING (key) JOIN news_articles a USING (article_id)"
        " WHERE NOT coalesce((SELECT g.is_added FROM news_changed g WHERE g.article_id = c.article_id"
        "   AND g.issuer_id IS NOT DISTINCT FROM l.issuer_id"
        "   AND g.instrument_id IS NOT DISTINCT FROM l.instrument_id),"
        "  EXISTS (SELECT FROM jsonb_array_elements(coalesce(a.metadata -> 'links', '[]')) e"
        "   WHERE e ->> 'issuer_id' IS NOT DISTINCT FROM l.issuer_id"
        "   AND e ->> 'instrument_id' IS NOT DISTINCT FROM l.instrument_id)) ORDER BY 1, 2, 3"
    )
    return tuple(LinkChange(*row) for row in found)


def staged_span(connection: Connection) -> tuple[datetime, datetime] | None:
    """Return the first and the last publication of the settled articles; None without any."""
    found = connection.execute("SELECT min(timestamp), max(timestamp) FROM news_chosen").fetchone()
    assert found is not None
    return None if found[0] is None else (found[0], found[1])


def _find_stored(connection: Connection) -> None:
    """Give the chosen rows that are stored the number of their article."""
    connection.execute(
        "UPDATE news_chosen c SET article_id = a.article_id FROM news_articles a"
        " WHERE c.article_id IS NULL AND c.ext IS NOT NULL AND a.source = c.source"
        f" AND {_IDENTITY.replace('metadata', 'a.metadata')} = c.ext"
        f" AND {_IDENTITY.replace('metadata', 'a.metadata')} IS NOT NULL"
    )
    connection.execute(
        "UPDATE news_chosen c SET article_id = a.article_id FROM news_articles a"
        " WHERE c.article_id IS NULL AND c.ext IS NULL AND a.source = c.source"
        " AND md5(a.headline) = md5(c.headline) AND a.headline = c.headline AND a.timestamp = c.timestamp"
        f" AND {_IDENTITY.replace('metadata', 'a.metadata')} IS NULL"
    )


def _insert(
    connection: Connection, decision: Decision, config: EngineConfig, known_at: datetime | None
) -> None:
    stamp = '\'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\''
    connection.execute(
        "INSERT INTO news_articles (timestamp, source, language, headline, body, metadata)"
        " SELECT c.timestamp, c.source, c.language, c.headline, c.body, c.metadata || jsonb_build_object("
        "  'batch', %s::text, 'first_seen',"
        f"  to_char(coalesce(%s::timestamptz, c.timestamp) AT TIME ZONE 'UTC', {stamp}))"
        "  || CASE WHEN %s THEN '{\"first_seen_is\": \"published\"}'::jsonb ELSE '{}' END"
        "  || coalesce(l.links, '{}')"
        "  || CASE WHEN row_number() OVER (ORDER BY c.timestamp, c.key) = 1"
        "   THEN jsonb_build_object('decision', %s::jsonb) ELSE '{}' END"
        " FROM news_chosen c LEFT JOIN (SELECT key, jsonb_build_object('links', jsonb_agg("
        "   jsonb_strip_nulls(jsonb_build_object('issuer_id', issuer_id, 'instrument_id', instrument_id,"
        "    'how', how, 'found', found, 'sign', nullif(sign, '')))"
        "   ORDER BY issuer_id, instrument_id)) AS links FROM news_linked GROUP BY key) l USING (key)"
        " WHERE c.article_id IS NULL ORDER BY c.timestamp, c.key",
        [short_id(decision.decision_id), known_at, known_at is None, Jsonb(carried(decision, config))],
    )


def _number(connection: Connection, statement: str) -> int:
    found = connection.execute(statement.encode()).fetchone()
    assert found is not None
    return int(found[0])
