"""An explanation on one page, for people: what happened, why, what was known, and whether it still holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from prometheus.reports.explanation import DecisionStory, Explanation, RowsRead
from prometheus.store.explain import Row
from prometheus.store.explain_inputs import InputRow

ALL_ROWS = -1
KEY_ROWS = 0
N_LINES = 20
"""Lines of a decision's own rows that are shown; ``--json`` has them all."""


def explanation_page(found: Explanation, *, n_rows: int = KEY_ROWS) -> Iterator[RenderableType]:
    """Yield the parts of the page.

    Parameters
    ----------
    found : Explanation
    n_rows : int
        How many price rows of each read are shown: `KEY_ROWS` for the first, the last and those that the
        alpha families used; a number for these and the last so many; `ALL_ROWS` for all.
    """
    yield Text(_headline(found), style="bold")
    yield _tree(found)
    if found.score is not None:
        yield _components(found)
    for table, rows in found.output.items():
        if rows:
            yield _output(table, rows)
    if found.rows:
        yield _rows_read(found.rows, n_rows)
    if found.outcomes:
        yield _outcomes(found.outcomes)
    yield _decisions(found.decisions)
    if found.deliveries or found.derivations:
        yield _sources([*found.deliveries, *found.derivations])
    if any(one.verdict == "changed" for story in found.decisions for one in story.inputs):
        yield _changed(found.decisions)
    yield Text(f"\n{_verdict(found.decisions)}", style="bold")


def _headline(found: Explanation) -> str:
    if found.fill is not None and found.order is not None:
        one = found.fill
        text = f"Fill {found.id}: {_trade(one)} at {_plain(one['price'])} on {_moment(one['timestamp'])}"
        return f"{text}, commission {_plain(one['commission'])}, {one['mode']}"
    if found.order is not None:
        return f"Order {found.id}: {_trade(found.order)}, {found.order['status']}, {found.order['mode']}"
    row = found.decisions[0].decision
    return f"Decision {found.id}: {row['engine_name']} about {row['context_id']} on {row['as_of_date']}"


def _tree(found: Explanation) -> Tree:
    if found.order is None:
        return _decision_tree(found)
    order = found.order
    root = Tree(
        f"order {order['order_id']}: {order['order_type']} {_trade(order)}, {order['status']}, "
        f"sent at the close of {_moment(order['timestamp'])}{_reason(order['metadata'])}"
    )
    if found.instrument is not None:
        one = found.instrument
        about = [one["symbol"], one["issuer_name"], one["sector"], one["asset_class"], one["currency"]]
        root.add(f"instrument {one['instrument_id']}: " + ", ".join(str(part) for part in about if part))
    for fill in found.fills:
        mark = "this fill" if str(fill["fill_id"]) == found.id else "fill"
        root.add(f"{mark} {fill['fill_id']}: {_plain(fill['quantity'])} at {_plain(fill['price'])}")
    for held in found.positions:
        root.add(
            f"held at the close of {held['as_of_date']}: {_plain(held['quantity'])} worth "
            f"{_plain(held['market_value'])}, average cost {_plain(held['avg_cost'])}"
        )
    why = root.add(_named("planned by", found.decisions, "orders"))
    if found.target is not None:
        _add_target(why, found)
    if found.risk is not None:
        risk, metrics = found.risk, found.risk["risk_metrics"]
        shown = ", ".join(f"{name} {_inline(metrics[name])}" for name in sorted(metrics))
        why.add(
            f"risk report of {risk['as_of_date']}: value {_plain(risk['portfolio_value'])}, cash "
            f"{_plain(risk['cash'])}, gross exposure {_inline(risk['gross_exposure'])}; {shown}"
        )
    return root


def _add_target(why: Tree, found: Explanation) -> None:
    assert found.target is not None
    assert found.order is not None
    wanted = found.target["target_positions"].get(found.order["instrument_id"])
    said = (
        "the name is not in it, so what was held is sold"
        if wanted is None
        else f"weight {wanted['weight']:.2%}, {_plain(wanted['quantity'])} shares"
    )
    branch = why.add(f"target portfolio of {found.target['as_of_date']}: {said}")
    branch.add(_named("decided by", found.decisions, "target_portfolios"))
    body = found.target["metadata"]
    branch.add("; ".join(f"{key} {_inline(body[key])}" for key in sorted(body) if key != "decision_id"))
    if found.score is not None:
        score = found.score
        branch.add(
            f"score {score['score']:.6f}, rank {score['rank']} of {score['n_scored']}, "
            f"{score['signal_label']}, confidence {score['confidence']:.3f}, "
            f"expected return {score['expected_return']:.4%} over {score['horizon_days']} sessions"
        ).add(_named("decided by", found.decisions, "instrument_scores"))
    if found.universe is not None:
        tier = found.universe
        why_in = (
            f"because of {_inline(tier['reason'])}" if tier["reason"] else f"it kept {_inline(tier['rules'])}"
        )
        branch.add(f"universe: {tier['tier']}, one of {tier['n_instruments']}; {why_in}").add(
            _named("decided by", found.decisions, "universes")
        )


def _decision_tree(found: Explanation) -> Tree:
    row = found.decisions[0].decision
    root = Tree(f"decided {_moment(row['timestamp'])} with {row['config_id']}")
    root.add(f"read: {_inline(row['raw_input_summary'])}")
    root.add(f"came to: {_inline(row['proposed_action'])}")
    for key, value in row["input_refs"].items():
        if key not in ("reads", "upstream", "fingerprint", "step"):
            root.add(f"{key}: {_inline(value) if value is not None else 'all that was known'}")
    for table, decision_id in row["input_refs"].get("upstream", {}).items():
        root.add(f"rows of {table} from decision {decision_id}")
    if found.target is not None and found.decisions[0].step == "target_portfolios":
        wanted = found.target["target_positions"]
        branch = root.add(f"target portfolio: {len(wanted)} names")
        for name in sorted(wanted, key=lambda one: (-wanted[one]["weight"], one))[:N_LINES]:
            branch.add(
                f"{name}: weight {wanted[name]['weight']:.2%}, {_plain(wanted[name]['quantity'])} shares"
            )
    return root


def _named(words: str, decisions: Sequence[DecisionStory], step: str) -> str:
    for story in decisions:
        if story.step == step:
            row = story.decision
            return f"{words} {row['engine_name']} decision {row['decision_id']} of {row['as_of_date']}"
    return f"{words} a decision that is not on record"


def _components(found: Explanation) -> Group:
    assert found.score is not None
    table = _table("family", "component", "raw value", "from the rows")
    signals = {signal.family: signal for signal in found.signals}
    components = found.score["alpha_components"]
    for name in sorted(components):
        signal = signals.get(name)
        rows = () if signal is None else signal.rows
        used = ", ".join(f"{one.column}[{_back(one.back)}] = {_plain(one.value)}" for one in rows)
        raw = "" if signal is None else _plain(signal.raw)
        table.add_row(name, f"{components[name]:+.6f}", raw, used)
    table.add_row("sum", f"{sum(components.values()):+.6f}", "", f"the score: {found.score['score']:+.6f}")
    return _titled("The score, by alpha family", table)


def _back(sessions: int) -> str:
    return f"t-{sessions}" if sessions else "t"


def _output(name: str, rows: Sequence[Row]) -> Group:
    hidden = {"metadata", "created_at", "mode", "portfolio_id", "strategy_id", "market_id", "decision_id"}
    columns = [column for column in rows[0] if column not in hidden]
    shown = rows[:N_LINES]
    table = _table(*columns)
    for row in shown:
        table.add_row(*(_inline(row[column]) for column in columns))
    return _titled(f"What it wrote: {name}, {len(shown)} of {len(rows)} rows", table)


def _rows_read(reads: Sequence[RowsRead], n_rows: int) -> Group:
    table = _table("read by", "table", "date", "values, as believed then", "delivery", "used as")
    for read in reads:
        shown = shown_rows(read, n_rows)
        step, name = f"{read.step} ({len(shown)} of {len(read.rows)} rows)", read.table
        for row in shown:
            values = ", ".join(f"{column} {_plain(row.values[column]) or 'none'}" for column in read.columns)
            table.add_row(step, name, row.trade_date, values, row.batch or "", _note(read, row))
            step, name = "", ""
    return _titled("The rows that were read for this instrument", table)


def _note(read: RowsRead, row: InputRow) -> str:
    note = read.used.get(row.trade_date, "")
    if not row.is_corrected:
        return note
    return f"{note} (corrected later{f', now {_inline(row.now)}' if row.now else ''})".strip()


def shown_rows(read: RowsRead, n_rows: int) -> list[InputRow]:
    """Return the rows of a read that a page shows, see `explanation_page`."""
    if n_rows == ALL_ROWS:
        return list(read.rows)
    last = len(read.rows) - max(n_rows, 1)
    return [
        row
        for i, row in enumerate(read.rows)
        if i == 0 or i >= last or row.trade_date in read.used or row.is_corrected
    ]


def _outcomes(rows: Sequence[Row]) -> Group:
    table = _table(
        "sessions", "until", "return", "crowd", "excess", "spread", "pnl", "drawdown", "label",
    )  # fmt: skip
    for row in rows:
        metrics = row["risk_metrics"]
        parts = (metrics.get(name) for name in ("benchmark_return", "excess_return", "spread"))
        table.add_row(
            str(row["horizon_days"]),
            str(row["eval_date"]),
            _percent(row["return"]),
            *(_percent(part) for part in parts),
            "" if row["pnl"] is None else f"{row['pnl']:,.2f}",
            _percent(row["drawdown"]),
            row["label"] or "",
        )
    return _titled("What became of it", table)


def _decisions(stories: Sequence[DecisionStory]) -> Group:
    table = _table("engine, step", "date", "decision", "as known at", "inputs today", "settings")
    for story in stories:
        row = story.decision
        body = {key: value for key, value in row["config_body"].items() if key != "type"}
        models = "".join(f"; model {model['model_id']} {model['artifact_ref']}" for model in story.models)
        table.add_row(
            f"{row['engine_name']}, {story.step}",
            str(row["as_of_date"]),
            str(row["decision_id"]),
            str(row["input_refs"].get("known_at") or _moment(row["timestamp"])),
            _inputs_today(story),
            f"{row['config_id']}: {_inline(body)}{models}",
        )
    return _titled("The decisions behind it", table)


def _inputs_today(story: DecisionStory) -> str:
    kept = [one.verdict for one in story.inputs if one.verdict != "not kept"]
    if not kept:
        return "no digests kept"
    n_same = sum(verdict == "same" for verdict in kept)
    return f"{n_same} of {len(kept)} reads match" + ("" if n_same == len(kept) else ", CHANGED")


def _sources(rows: Sequence[Row]) -> Group:
    table = _table("engine", "decision", "recorded", "what")
    for row in rows:
        refs = row["input_refs"]
        files = ", ".join(f"{one['name']} sha256 {one['sha256'][:16]}" for one in refs.get("files", ()))
        what = f"{refs.get('step') or files}: {_inline(row['proposed_action'])}"
        table.add_row(row["engine_name"], str(row["decision_id"]), _moment(row["timestamp"]), what)
    return _titled("Where the rows came from", table)


def _changed(stories: Sequence[DecisionStory]) -> Group:
    table = _table("step", "read", "from", "to", "digest then", "digest now")
    for story in stories:
        for one in story.inputs:
            if one.verdict == "changed":
                read = f"{one.table} {' '.join(one.columns)}".strip()
                table.add_row(story.step, read, one.first, one.last, one.recorded or "", one.found or "")
    return _titled("Inputs that have changed since", table)


def _verdict(stories: Sequence[DecisionStory]) -> str:
    changed = [
        f"{story.step} ({one.table})" for story in stories for one in story.inputs if one.verdict == "changed"
    ]
    strange = [story.step for story in stories if story.is_id_consistent is False]
    if strange:
        return (
            f"These decisions' ids do not follow from what is recorded: {', '.join(dict.fromkeys(strange))}."
        )
    if changed:
        names = ", ".join(dict.fromkeys(changed))
        return f"Inputs have changed since: {names}. The record shows what was known."
    if not any(one.found for story in stories for one in story.inputs):
        return "It read no rows whose digest is kept; its id follows from its record."
    return "Every input that has a digest still matches it, and every id follows from its record."


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="underline")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _titled(title: str, table: Table) -> Group:
    return Group(Text(f"\n{title}", style="bold"), table)


def _trade(row: Row) -> str:
    return f"{row['side']} {_plain(row['quantity'])} {row['instrument_id']}"


def _reason(metadata: Mapping[str, Any]) -> str:
    return f" ({_inline(metadata)})" if metadata else ""


def _moment(value: Any) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S}Z"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:+.2%}"


def _plain(value: Any) -> str:
    """Return a number whole: nothing is rounded that someone may want to compare."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return f"{value:,}" if isinstance(value, int) else repr(value)
    return f"{value:,f}" if hasattr(value, "as_tuple") else str(value)


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_inline(one)}" for key, one in value.items()) or "nothing"
    if isinstance(value, list | tuple):
        return " ".join(_inline(one) for one in value)
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:,.2f}" if abs(value) >= 1000.0 else f"{value:.6g}"
    return _plain(value)
