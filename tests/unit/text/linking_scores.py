"""The linker over the reference data of January 2018, and how it scores on labelled headlines."""

import csv
from dataclasses import dataclass
from pathlib import Path

from prometheus.domain.text.linking import Linker, Listing

FIXTURES = Path(__file__).parents[2] / "fixtures" / "news"
# Two lines of one company in the reference; a label names one of them.
CLASSES = {"GOOG": "GOOGL", "UAA": "UA", "DISCK": "DISCA", "FOX": "FOXA", "NWS": "NWSA"}


@dataclass(frozen=True)
class Scores:
    """What was found: right, wrong, missed."""

    n_right: int
    wrong: list
    missed: list

    @property
    def precision(self):
        return self.n_right / (self.n_right + len(self.wrong))

    @property
    def recall(self):
        return self.n_right / (self.n_right + len(self.missed))


def linker_of_2018():
    """Return the linker of the S&P 500 as of 2018-01-08 (datasets/s-and-p-500-companies, ODC-PDDL)."""
    with (FIXTURES / "sp500_constituents_2018-01-08.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return Linker(
        Listing(f"I:{row['Symbol']}", f"US_EQ:{row['Symbol']}", "US_EQ", row["Symbol"], row["Name"])
        for row in rows
    )


def scores(linker, labelled, *, on):
    """Return the scores on pairs of a headline and its tickers."""
    n_right, wrong, missed = 0, [], []
    for headline, wanted in labelled:
        symbols = {link.instrument_id.partition(":")[2] for link in linker.links(headline, on=on)}
        found = {CLASSES.get(symbol, symbol) for symbol in symbols}
        n_right += len(found & wanted)
        wrong += [(symbol, headline) for symbol in sorted(found - wanted)]
        missed += [(symbol, headline) for symbol in sorted(wanted - found)]
    return Scores(n_right, wrong, missed)
