"""A copy of the table and column lists of the schema document, kept by hand.

The DDL, the table specs and this list must agree; none of them is generated from another when tests run.
"""

RUNTIME = {
    "markets": "market_id name region timezone calendar_spec metadata created_at updated_at",
    "issuers": "issuer_id issuer_type name country sector industry metadata created_at updated_at",
    "instruments": (
        "instrument_id issuer_id market_id asset_class symbol exchange currency multiplier "
        "maturity_date underlying_instrument_id status metadata created_at updated_at"
    ),
    "portfolios": "portfolio_id name description base_currency metadata created_at updated_at",
    "strategies": "strategy_id name description metadata created_at updated_at",
    "profiles": "profile_id issuer_id as_of_date structured embedding_vector_ref risk_flags created_at",
    "engine_decisions": (
        "decision_id timestamp engine_name config_id context_id as_of_date input_refs "
        "raw_input_summary proposed_action"
    ),
    "executed_actions": (
        "action_id decision_id timestamp portfolio_id instrument_id side quantity price metadata"
    ),
    "decision_outcomes": "decision_id horizon_days eval_date pnl return drawdown risk_metrics label",
    "engine_configs": "config_id engine_name version config_body created_at created_by",
    "models": "model_id engine_name type artifact_ref training_data_spec metrics created_at created_by",
    "orders": (
        "order_id timestamp instrument_id side order_type quantity limit_price stop_price status mode "
        "portfolio_id decision_id metadata"
    ),
    "fills": "fill_id order_id timestamp instrument_id side quantity price commission mode metadata",
    "positions_snapshots": (
        "snapshot_id portfolio_id timestamp as_of_date instrument_id quantity avg_cost market_value "
        "unrealized_pnl mode"
    ),
    "regimes": (
        "regime_record_id as_of_date region regime_label regime_embedding embedding_ref confidence "
        "metadata created_at"
    ),
    "stability_vectors": (
        "stability_id entity_type entity_id as_of_date vector_components overall_score metadata created_at"
    ),
    "fragility_measures": (
        "fragility_id entity_type entity_id as_of_date fragility_score scenario_losses metadata created_at"
    ),
    "soft_target_classes": (
        "soft_target_id entity_type entity_id as_of_date soft_target_class soft_target_score "
        "weak_profile instability high_fragility complacent_pricing metadata created_at"
    ),
    "instrument_scores": (
        "score_id strategy_id market_id instrument_id as_of_date horizon_days expected_return score "
        "confidence signal_label alpha_components metadata created_at"
    ),
    "universes": "universe_id strategy_id market_id as_of_date tier instrument_ids metadata created_at",
    "target_portfolios": "target_id strategy_id portfolio_id as_of_date target_positions metadata created_at",
    "portfolio_risk_reports": (
        "report_id portfolio_id as_of_date portfolio_value cash net_exposure gross_exposure leverage "
        "risk_metrics scenario_pnl exposures_by_sector exposures_by_factor metadata created_at"
    ),
    "scenario_sets": (
        "scenario_set_id set_type generated_date generation_params num_scenarios metadata created_at"
    ),
    "scenario_paths": (
        "path_id scenario_set_id scenario_index instrument_id start_date end_date returns_series metadata"
    ),
}

HISTORICAL = {
    "prices_daily": "instrument_id trade_date open high low close adjusted_close volume currency metadata",
    "returns_daily": "instrument_id trade_date ret_1d ret_5d ret_21d metadata",
    "factors_daily": "factor_id trade_date value metadata",
    "instrument_factors_daily": "instrument_id trade_date factor_id exposure",
    "volatility_daily": "instrument_id trade_date vol_21d vol_63d metadata",
    "correlation_panels": "panel_id start_date end_date universe_spec matrix_ref created_at",
    "news_articles": "article_id timestamp source language headline body metadata",
    "news_links": "article_id issuer_id instrument_id",
    "filings": "filing_id issuer_id filing_type filing_date text_ref metadata",
    "earnings_calls": "call_id issuer_id call_date transcript_ref metadata",
    "macro_events": "event_id event_type timestamp country description text_ref metadata",
    "text_embeddings": "embedding_id source_type source_id model_id vector vector_ref created_at",
    "numeric_window_embeddings": (
        "embedding_id entity_type entity_id window_spec as_of_date model_id vector vector_ref created_at"
    ),
    "joint_embeddings": "joint_id joint_type as_of_date entity_scope model_id vector vector_ref created_at",
}

COLUMNS = {
    "runtime": {name: columns.split() for name, columns in RUNTIME.items()},
    "historical": {name: columns.split() for name, columns in HISTORICAL.items()},
}

NAMED_INDEXES = {
    "idx_instruments_issuer": ("instruments", "issuer_id"),
    "idx_instruments_market": ("instruments", "market_id"),
    "idx_instruments_status": ("instruments", "status"),
    "idx_decisions_context": ("engine_decisions", "context_id"),
    "idx_decisions_as_of": ("engine_decisions", "as_of_date"),
    "idx_decisions_engine": ("engine_decisions", "engine_name"),
    "idx_orders_timestamp": ("orders", "timestamp"),
    "idx_orders_portfolio": ("orders", "portfolio_id"),
    "idx_fills_timestamp": ("fills", "timestamp"),
    "idx_scores_strategy_date": ("instrument_scores", "strategy_id, as_of_date"),
    "idx_prices_date": ("prices_daily", "trade_date"),
    "idx_returns_date": ("returns_daily", "trade_date"),
}
