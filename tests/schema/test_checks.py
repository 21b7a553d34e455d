"""A sound world is clean; each planted fault is found under its rule, at its row."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from prometheus.store.artifacts import Artifacts
from prometheus.store.check_remedies import REMEDIES
from prometheus.store.checks import CHECKS, check_databases
from tests.schema.seed import BOUGHT, DERIVED, EXECUTION, INGEST, SECOND

RETENTION = "set local prometheus.retention = 'on';"
NO_TRIGGERS = "set local session_replication_role = 'replica';"
NOBODY = "00000000-0000-0000-0000-00000000dead"
BATCH = '{"batch": "aaaaaaaaaaaa"}'
CONFIG = "engine_name, config_id, context_id, as_of_date"

FAULTS = {
    "instruments_are_known": (
        "historical",
        (
            "insert into prices_daily (instrument_id, trade_date, close, adjusted_close, currency, metadata) "
            f"values ('US_EQ:GHOST', '2024-01-04', 50, 50, 'USD', '{BATCH}')"
        ),
        ("prices_daily", "US_EQ:GHOST"),
    ),
    "issuers_are_known": (
        "historical",
        (
            "insert into filings (issuer_id, filing_type, filing_date, metadata) "
            f"values ('GHOST', '8-K', '2024-01-03', '{BATCH}')"
        ),
        ("filings", "GHOST"),
    ),
    "models_are_known": (
        "historical",
        (
            "insert into text_embeddings (source_type, source_id, model_id, vector) "
            "values ('NEWS', '1', 'ghost', '\\x00000000')"
        ),
        ("text_embeddings", "ghost"),
    ),
    "outputs_belong_to_a_decision": (
        "runtime",
        (
            "insert into regimes (regime_record_id, as_of_date, region, regime_label, confidence, metadata) "
            f"values ('{NOBODY}', '2024-01-03', 'US', 'CALM', 0.5, '{{\"decision_id\": \"{NOBODY}\"}}')"
        ),
        ("regimes", NOBODY),
    ),
    "price_batches_belong_to_an_ingest": (
        "historical",
        (
            "insert into prices_daily (instrument_id, trade_date, close, adjusted_close, currency, metadata) "
            "values ('US_EQ:IBM', '2024-01-04', 50, 50, 'USD', '{\"batch\": \"000000000000\"}')"
        ),
        ("prices_daily", "US_EQ:IBM 2024-01-04"),
    ),
    "price_batches_are_whole": (
        "runtime",
        (
            f"{NO_TRIGGERS} update engine_decisions set proposed_action = "
            f'\'{{"table": "prices_daily", "n_new": 999}}\' where decision_id = \'{INGEST}\''
        ),
        ("engine_decisions", str(INGEST)),
    ),
    "batches_belong_to_an_ingest": (
        "historical",
        (
            "insert into macro_events (event_id, event_type, timestamp, description, metadata) "
            "overriding system value values (7, 'FOMC', '2024-01-03', 'x', '{\"batch\": \"bbbbbbbbbbbb\"}')"
        ),
        ("macro_events", "7"),
    ),
    "batches_are_whole": (
        "runtime",
        (
            f"insert into engine_decisions (decision_id, {CONFIG}, proposed_action) values ('{NOBODY}', "
            "'INGEST', 'C', 'US_EQ', '2024-01-03', '{\"table\": \"earnings_calls\", \"n_new\": 2}')"
        ),
        ("engine_decisions", NOBODY),
    ),
    "profiles_belong_to_a_decision": (
        "runtime",
        (
            "insert into profiles (issuer_id, as_of_date, structured) "
            f"values ('AAPL', '2024-01-04', '{{\"decision_id\": \"{NOBODY}\"}}')"
        ),
        ("profiles", "AAPL 2024-01-04"),
    ),
    "profiles_are_as_many_as_decided": (
        "runtime",
        (
            f"insert into engine_decisions (decision_id, {CONFIG}, proposed_action) values ('{NOBODY}', "
            "'PROFILE', 'C', 'US_EQ', '2024-01-05', '{\"profiles\": 1}')"
        ),
        ("engine_decisions", NOBODY),
    ),
    "instruments_are_as_many_as_registered": (
        "runtime",
        (
            f"insert into engine_decisions (decision_id, {CONFIG}, proposed_action) values ('{NOBODY}', "
            "'INGEST', 'C', 'US_EQ/instruments', '2024-01-05', '{\"written\": {\"instruments\": 3}}')"
        ),
        ("engine_decisions", NOBODY),
    ),
    "derived_rows_have_prices": (
        "historical",
        "insert into returns_daily (instrument_id, trade_date, ret_1d) values ('US_EQ:IBM', '2024-01-04', 0)",
        ("returns_daily", "US_EQ:IBM 2024-01-04"),
    ),
    "derived_rows_belong_to_a_derivation": (
        "historical",
        "insert into volatility_daily (instrument_id, trade_date) values ('US_EQ:IBM', '2024-01-03')",
        ("volatility_daily", "US_EQ:IBM 2024-01-03"),
    ),
    "derivations_are_whole": (
        "historical",
        "insert into returns_daily values ('US_EQ:AAPL', '2024-01-03', 0)",
        ("engine_decisions", str(DERIVED)),
    ),
    "prices_lie_within_the_listing": (
        "runtime",
        (
            'update instruments set metadata = \'{"delisted": "2024-01-03"}\' '
            "where instrument_id = 'US_EQ:IBM'"
        ),
        ("prices_daily", "US_EQ:IBM 2024-01-03"),
    ),
    "revisions_name_known_batches": (
        "historical",
        (
            f"{NO_TRIGGERS} update prices_daily set metadata = metadata || "
            '\'{"revisions": [{"close": 1, "adjusted_close": 1, "until": "2024-01-03T00:00:00Z", '
            '"batch": "cccccccccccc", "replaced_by": "aaaaaaaaaaaa"}]}\' where instrument_id = \'US_EQ:IBM\''
        ),
        ("prices_daily", "US_EQ:IBM 2024-01-03"),
    ),
    "revisions_follow_each_other": (
        "historical",
        (
            f"{NO_TRIGGERS} insert into factors_daily values ('MACRO:X', '2024-01-03', 2, "
            '\'{"batch": "aaaaaaaaaaaa", "revisions": ['
            '{"value": 1, "until": "2024-01-03T00:00:00Z", "batch": "aaaaaaaaaaaa", "replaced_by": '
            '"aaaaaaaaaaaa"}, {"value": 1, "until": "2024-01-04T00:00:00Z", "batch": "aaaaaaaaaaaa", '
            f'"replaced_by": "{str(SECOND)[-12:]}"}}]}}\')'
        ),
        ("factors_daily", "MACRO:X 2024-01-03"),
    ),
    "factor_revisions_are_well_formed": (
        "historical",
        (
            f"{NO_TRIGGERS} insert into factors_daily values ('MACRO:X', '2024-01-03', 2, "
            '\'{"batch": "aaaaaaaaaaaa", "revisions": [{"value": 1, "until": "2024-01-04T00:00:00Z"}, '
            '{"value": 2, "until": "2024-01-03T00:00:00Z"}]}\')'
        ),
        ("factors_daily", "MACRO:X 2024-01-03"),
    ),
    "links_point_to_articles": (
        "historical",
        f"{NO_TRIGGERS} insert into news_links (article_id, instrument_id) values (77, 'US_EQ:AAPL')",
        ("news_links", "77"),
    ),
    "profiles_name_filings_of_their_issuers": (
        "runtime",
        (
            f"{NO_TRIGGERS} update profiles set structured = "
            "jsonb_set(structured, '{filings,0,content}', '\"another\"')"
        ),
        ("profiles", "AAPL 2024-01-03"),
    ),
    "panels_name_known_instruments": (
        "historical",
        (
            "insert into correlation_panels (panel_id, start_date, end_date, universe_spec, matrix_ref) "
            "values ('p', '2023-01-03', '2024-01-03', '{\"instruments\": [\"US_EQ:GHOST\"]}', 'sha256:0')"
        ),
        ("correlation_panels", "p"),
    ),
    "fills_add_up_to_what_the_status_says": (
        "runtime",
        f"{NO_TRIGGERS} update orders set quantity = 11 where order_id = '{BOUGHT}'",
        ("orders", str(BOUGHT)),
    ),
    "executed_actions_say_what_the_fills_say": (
        "runtime",
        f"{NO_TRIGGERS} update executed_actions set price = 99 where instrument_id = 'US_EQ:AAPL'",
        ("executed_actions", f"{EXECUTION} P US_EQ:AAPL BUY"),
    ),
    "components_add_up_to_the_score": (
        "runtime",
        f"{NO_TRIGGERS} update instrument_scores set score = 0.31, score_id = '{NOBODY}'",
        ("instrument_scores", NOBODY),
    ),
    "universes_name_known_instruments": (
        "runtime",
        f"{NO_TRIGGERS} update universes set universe_id = '{NOBODY}', instrument_ids = '{{US_EQ:GHOST}}'",
        ("universes", NOBODY),
    ),
    "targets_name_known_instruments": (
        "runtime",
        (
            f"{NO_TRIGGERS} update target_portfolios set target_id = '{NOBODY}', "
            "target_positions = '{\"US_EQ:GHOST\": {}}'"
        ),
        ("target_portfolios", NOBODY),
    ),
    "reported_value_is_cash_and_positions": (
        "runtime",
        f"{NO_TRIGGERS} update portfolio_risk_reports set report_id = '{NOBODY}', portfolio_value = 10007",
        ("portfolio_risk_reports", NOBODY),
    ),
    "price_revisions_are_well_formed": (
        "historical",
        (
            f"{NO_TRIGGERS} update prices_daily set metadata = metadata || "
            '\'{"revisions": [{"close": 1, "adjusted_close": 1}]}\' where instrument_id = \'US_EQ:IBM\''
        ),
        ("prices_daily", "US_EQ:IBM 2024-01-03"),
    ),
    "positions_are_a_fold_over_fills": (
        "runtime",
        (
            f"{NO_TRIGGERS} update positions_snapshots set quantity = 5 "
            "where instrument_id = 'US_EQ:IBM' and as_of_date = '2024-01-04'"
        ),
        ("positions_snapshots", "P BACKTEST 2024-01-04 US_EQ:IBM"),
    ),
}


@pytest.fixture
def both(world: psycopg.Connection, prices: psycopg.Connection) -> dict[str, psycopg.Connection]:
    return {"runtime": world, "historical": prices}


def test_a_sound_world_is_clean(both: dict[str, psycopg.Connection]) -> None:
    assert check_databases(both["runtime"], both["historical"]) == []


def test_empty_databases_are_clean(runtime: psycopg.Connection, historical: psycopg.Connection) -> None:
    assert check_databases(runtime, historical) == []


def test_every_rule_has_a_planted_fault() -> None:
    assert [check.__name__ for check in CHECKS] == [check.__name__ for check in CHECKS if check.__doc__]
    assert {check.__name__ for check in CHECKS} == FAULTS.keys()


@pytest.mark.parametrize("rule", FAULTS)
def test_a_planted_fault_is_found_at_its_row(both: dict[str, psycopg.Connection], rule: str) -> None:
    database, statement, (table, key) = FAULTS[rule]
    both[database].execute(statement.encode())
    found = check_databases(both["runtime"], both["historical"])
    assert [(violation.rule, violation.table, violation.key) for violation in found] == [(rule, table, key)]
    assert found[0].detail
    assert found[0].remedy == REMEDIES[rule]


def test_a_position_that_vanishes_without_a_fill_is_found(both: dict[str, psycopg.Connection]) -> None:
    both["runtime"].execute(
        f"{RETENTION} delete from positions_snapshots where instrument_id = 'US_EQ:AAPL' "
        "and as_of_date = '2024-01-04'".encode()
    )
    found = check_databases(both["runtime"], both["historical"])
    assert [violation.key for violation in found] == ["P BACKTEST 2024-01-04 US_EQ:AAPL"]


def test_drift_of_the_schema_is_found(both: dict[str, psycopg.Connection]) -> None:
    both["runtime"].execute("alter table orders disable trigger orders_forward_only")
    both["historical"].execute("create table scratch (i integer)")
    found = check_databases(both["runtime"], both["historical"])
    assert [(violation.rule, violation.key) for violation in found] == [
        ("schema_is_the_ddl", "tables.orders.triggers.orders_forward_only"),
        ("schema_is_the_ddl", "tables.scratch"),
    ]


def test_rules_about_rows_wait_until_the_schema_is_there(both: dict[str, psycopg.Connection]) -> None:
    both["historical"].execute("drop table volatility_daily")
    found = check_databases(both["runtime"], both["historical"])
    assert [(violation.rule, violation.table) for violation in found] == [
        ("schema_has_what_is_read", "historical.volatility_daily")
    ]


@pytest.mark.parametrize("place", ["1", "-1", "0.5", "99999999999", '"0"', "[0]"])
def test_a_measure_that_names_no_filing_of_its_profile_is_found(
    both: dict[str, psycopg.Connection], place: str
) -> None:
    changed = f"jsonb_set(structured, '{{assets,filing}}', '{place}')"
    both["runtime"].execute(f"{NO_TRIGGERS} update profiles set structured = {changed}".encode())
    found = check_databases(both["runtime"], both["historical"])
    assert [(one.rule, one.key) for one in found] == [
        ("profiles_name_filings_of_their_issuers", "AAPL 2024-01-03")
    ]
    assert "assets names filing" in found[0].detail


def test_a_rule_broken_by_many_rows_is_shown_by_a_hundred(both: dict[str, psycopg.Connection]) -> None:
    both["runtime"].execute(
        "insert into regimes (regime_record_id, as_of_date, region, regime_label, confidence, metadata) "
        "select gen_random_uuid(), '2024-01-03', 'US', 'CALM', 0.5, "
        "jsonb_build_object('decision_id', %s::text) from generate_series(1, 150)",
        [NOBODY],
    )
    assert len(check_databases(both["runtime"], both["historical"])) == 100


def test_missing_and_altered_artifacts_are_found(both: dict[str, psycopg.Connection], tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path.as_uri())
    whole, altered, gone = (artifacts.put(text) for text in (b"whole", b"altered", b"gone"))
    for uri, text in ((altered, b"another"), (gone, None)):
        digest = uri.removeprefix("sha256:")
        path = tmp_path / digest[:2] / digest
        path.unlink() if text is None else path.write_bytes(text)
    both["historical"].execute(
        "insert into filings (filing_id, issuer_id, filing_type, filing_date, text_ref, metadata)"
        " overriding system value select 100 + place, 'AAPL', '10-K', '2024-01-03', uri, %s"
        " from unnest(%s::text[]) with ordinality t (uri, place)",
        [BATCH, [whole, altered, gone, gone]],
    )
    found = check_databases(both["runtime"], both["historical"], artifacts)
    assert {(one.rule, one.table, one.key) for one in found} == {
        ("artifacts_are_whole", "filings", "102"),
        ("artifacts_are_whole", "filings", "103"),
    }
    assert all(one.remedy == REMEDIES["artifacts_are_whole"] for one in found)
    assert any("another content" in one.detail for one in found)
    assert any("is not in" in one.detail and "1 other rows" in one.detail for one in found)


def test_a_later_derivation_takes_the_place_of_an_earlier_one(both: dict[str, psycopg.Connection]) -> None:
    both["runtime"].execute(
        f"insert into engine_decisions (decision_id, timestamp, {CONFIG}, input_refs, raw_input_summary, "
        f"proposed_action) values ('{NOBODY}', now() + interval '1 hour', 'DERIVE', 'C', 'US_EQ', "
        "'2024-01-04', '{\"instruments\": [\"US_EQ:AAPL\"]}', "
        '\'{"first": "2024-01-04", "last": "2024-01-04"}\', \'{"returns_daily": 0}\')'.encode()
    )
    found = check_databases(both["runtime"], both["historical"])
    assert [(one.rule, one.key) for one in found] == [("derivations_are_whole", NOBODY)]
