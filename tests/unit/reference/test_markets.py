"""The markets that are known, and ids at first sight."""

from zoneinfo import ZoneInfo

import pytest

from prometheus.domain.reference.markets import MARKETS, known_market
from prometheus.domain.reference.specs import Instrument, cash_instrument, instrument_id_of
from prometheus.kernel.errors import ConfigError
from prometheus.kernel.sessions import sessions_of
from prometheus.schema.tables.reference import INSTRUMENTS
from prometheus.schema.tables.reference import MARKETS as SPEC


# Some calendars of exchange_calendars use names that pandas will drop.
@pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")
@pytest.mark.parametrize("market", MARKETS, ids=lambda market: market.market_id)
def test_a_known_market_has_a_calendar_a_zone_and_a_currency(market) -> None:
    assert len(sessions_of(market.calendar_spec).dates) > 9_000
    assert ZoneInfo(market.timezone)
    assert len(market.currency) == 3
    assert known_market(market.market_id) is market


def test_an_unknown_market_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'MOON'.*US_EQ"):
        known_market("MOON")


def test_rows_have_the_columns_of_their_tables() -> None:
    assert set(MARKETS[0].row()) <= set(SPEC.column_names)
    assert set(Instrument("a", "b", "c").row()) <= set(INSTRUMENTS.column_names)


def test_ids_at_first_sight() -> None:
    assert instrument_id_of("US_EQ", "BRK.B") == "US_EQ:BRK.B"
    assert cash_instrument("EUR").instrument_id == "CASH:EUR"
