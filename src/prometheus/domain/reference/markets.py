"""The markets that this program knows, as commented data.

A market that is not here can be registered just as well: a row of ``markets`` is all it takes.
"""

from __future__ import annotations

from prometheus.domain.reference.specs import CASH_MARKET, Market
from prometheus.kernel.errors import ConfigError

MARKETS = (
    # Common stocks and funds of NYSE, Nasdaq and NYSE American; all keep the hours of the NYSE.
    Market("US_EQ", "US equities", "US", "America/New_York", {"calendar": "XNYS"}, {"currency": "USD"}),
    # The same market, delivered as closes that are adjusted already and nothing else. A market of its
    # own, because one instrument must not mix prices as traded with adjusted ones.
    Market(
        "US_EQ_ADJ",
        "US equities, adjusted closes only",
        "US",
        "America/New_York",
        {"calendar": "XNYS"},
        {"currency": "USD", "prices": "adjusted closes"},
    ),
    # Levels that can be watched and compared with, not bought.
    Market(
        "US_INDEX",
        "US indices",
        "US",
        "America/New_York",
        {"calendar": "XNYS"},
        {"currency": "USD", "asset_class": "INDEX"},
    ),
    # XETRA: continuous trading until 17:30 Frankfurt, closed on a handful of days only.
    Market("EU_EQ", "Euro area equities", "EU", "Europe/Berlin", {"calendar": "XETR"}, {"currency": "EUR"}),
    # London trades in pence; prices are expected in pounds.
    Market("UK_EQ", "UK equities", "EU", "Europe/London", {"calendar": "XLON"}, {"currency": "GBP"}),
    # Tokyo, with its break at noon; the close moved from 15:00 to 15:30 in November 2024.
    Market("JP_EQ", "Japanese equities", "JP", "Asia/Tokyo", {"calendar": "XTKS"}, {"currency": "JPY"}),
    Market(
        "HK_EQ", "Hong Kong equities", "ASIA", "Asia/Hong_Kong", {"calendar": "XHKG"}, {"currency": "HKD"}
    ),
    # Currencies, and cash as a position. Open around the clock from Monday to Friday.
    Market(CASH_MARKET, "Currencies", "GLOBAL", "UTC", {"calendar": "24/5"}, {"currency": "USD"}),
)


def known_market(market_id: str) -> Market:
    """Return a market of the list above.

    Raises
    ------
    ConfigError
        If it is none of them.
    """
    for market in MARKETS:
        if market.market_id == market_id:
            return market
    names = ", ".join(market.market_id for market in MARKETS)
    raise ConfigError(
        f"No market is called {market_id!r}.", remedy=f"Known are {names}; others need a row in markets."
    )
