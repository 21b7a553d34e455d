"""What to do about what ``db check`` finds, by rule."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_REGISTER = (
    "Register it with `prometheus ingest instruments`, or restore the runtime database from its backup."
)
_DELIVER_AGAIN = (
    "Take the same files in again: a crash between the two databases is healed by that; else restore both"
    " databases from backups of one moment."
)
_DERIVE = "Run `prometheus derive --from DATE --to DATE` over these dates: what differs is written anew."
_RESTORE = "Restore the database from a backup; the row was changed by something else than Prometheus."
_BY_HAND = (
    "Nothing in Prometheus writes this: look into the row with `prometheus db psql`, and restore a backup."
)

REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "schema_has_what_is_read": "Run `prometheus db upgrade`; `prometheus db init` on an empty database.",
        "schema_is_the_ddl": "Run `prometheus db upgrade`, or undo what was changed by hand.",
        "instruments_are_known": _REGISTER,
        "issuers_are_known": _REGISTER,
        "models_are_known": "Register the model that made the embeddings, or restore a backup.",
        "panels_name_known_instruments": _REGISTER,
        "universes_name_known_instruments": _REGISTER,
        "targets_name_known_instruments": _REGISTER,
        "outputs_belong_to_a_decision": _RESTORE,
        "price_batches_belong_to_an_ingest": _DELIVER_AGAIN,
        "price_batches_are_whole": _DELIVER_AGAIN,
        "batches_belong_to_an_ingest": _DELIVER_AGAIN,
        "batches_are_whole": _DELIVER_AGAIN,
        "profiles_belong_to_a_decision": _RESTORE,
        "profiles_are_as_many_as_decided": _RESTORE,
        "instruments_are_as_many_as_registered": "Take the reference files in again, or restore a backup.",
        "derived_rows_have_prices": _DERIVE,
        "derived_rows_belong_to_a_derivation": _DERIVE,
        "derivations_are_whole": _DERIVE,
        "prices_lie_within_the_listing": (
            "Mend the instrument's listed or delisted date with `prometheus ingest instruments`; prices of"
            " another firm with its symbol need an instrument of their own."
        ),
        "price_revisions_are_well_formed": _BY_HAND,
        "factor_revisions_are_well_formed": _BY_HAND,
        "revisions_follow_each_other": _BY_HAND,
        "revisions_name_known_batches": _DELIVER_AGAIN,
        "links_point_to_articles": _RESTORE,
        "profiles_name_filings_of_their_issuers": (
            "Take the filings in again, then run `prometheus profiles`: profiles that say something else by"
            " now are written beside the old ones."
        ),
        "artifacts_are_whole": (
            "Check PROMETHEUS_ARTIFACTS_URL, or restore the artifact from a backup; a correlation matrix is"
            " made again by `prometheus derive`."
        ),
        "fills_add_up_to_what_the_status_says": _BY_HAND,
        "executed_actions_say_what_the_fills_say": _BY_HAND,
        "components_add_up_to_the_score": _BY_HAND,
        "reported_value_is_cash_and_positions": _BY_HAND,
        "positions_are_a_fold_over_fills": _BY_HAND,
    }
)
"""One for each rule."""
