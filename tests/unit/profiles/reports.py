"""Reports of an imaginary issuer, for the tests of profiles."""

from datetime import UTC, date, datetime

from prometheus.domain.profiles.books import Books
from prometheus.domain.profiles.steps import KnownFiling
from prometheus.kernel.ids import digest

LEVELS = frozenset({"assets", "equity", "liabilities", "cur_assets", "cur_liab", "cash", "long_term_debt"})


def fact(name, value, end, months=None, unit="USD"):
    if months is None:
        months = 0
    return {"name": name, "value": value, "unit": unit, "end": end, "months": months}


def report(end, months, **values):
    """Return the facts of a report: levels at its end, flows over its months."""
    return [fact(name, value, end, 0 if name in LEVELS else months) for name, value in values.items()]


def books_of(*reports):
    books = Books()
    for number, facts in enumerate(reports, start=1):
        books.learn(number, facts)
    return books


def filing(number, accepted_at, facts, issuer="ACME"):
    """Return a filing; the moment is in UTC."""
    moment = datetime.fromisoformat(accepted_at).replace(tzinfo=UTC)
    content = digest(repr(facts)).hex()
    name = {"filing_type": "10-K", "accepted_at": f"{accepted_at}Z", "content": content}
    return KnownFiling(number, issuer, moment, content, name, facts)


def day(text):
    return date.fromisoformat(text)
