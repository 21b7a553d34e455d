"""What a step is: data that says what it reads and writes, and a pure function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from prometheus.flow.rows import Rows
from prometheus.kernel.config import EngineConfig

if TYPE_CHECKING:
    from prometheus.flow.batch import Batch, Context

When = Literal["session", "rebalance"]
Scope = Literal["market", "strategy", "portfolio"]
Frequency = Literal["daily", "weekly", "monthly"]


@dataclass(frozen=True, slots=True)
class Read:
    """One input of a step.

    Attributes
    ----------
    table : str
        The table that is read.
    columns : tuple of str
        Value columns that become panels of shape (n_days, n_assets). Empty: the read gives `Rows`. Of tables
        that hold factors the columns are factors, see `flow.factors`.
    sessions : int
        How many sessions the window reaches back, its last day included.
    lag : int
        0 ends the window on the day of the decision, 1 on the session before.
    """

    table: str
    columns: tuple[str, ...] = ()
    sessions: int = 1
    lag: int = 0

    @property
    def reach(self) -> int:
        """Sessions between the day of the decision and the oldest day that is seen."""
        return self.sessions - 1 + self.lag


@dataclass(frozen=True, slots=True)
class Output:
    """What a step returns for a batch.

    Attributes
    ----------
    rows : tuple of Rows
        At most one `Rows` for each declared table.
    updates : tuple of Rows
        Rows of tables that the step advances: the key and the columns that change.
    proposed_actions : list of mapping
        The output in short, one a date of the batch.
    input_summaries : list of mapping
        The inputs in short, one a date of the batch.
    artifacts : tuple of bytes
        Contents that rows point to by `kernel.ids.artifact_uri`; stored before the rows are.
    """

    rows: tuple[Rows, ...]
    proposed_actions: list[Mapping[str, Any]]
    input_summaries: list[Mapping[str, Any]]
    updates: tuple[Rows, ...] = ()
    artifacts: tuple[bytes, ...] = ()


def every_session(_: Any) -> Frequency:
    """Return that a step has rows for every session, whatever its settings."""
    return "daily"


@dataclass(frozen=True, slots=True)
class Completion:
    """What follows from a step's rows and no other step reads: made once a batch, by whoever writes them.

    Attributes
    ----------
    tables : tuple of str
        The tables that it makes or changes.
    rows : callable
        ``(rows by table, context) -> rows``: pure, row by row or by day.
    """

    tables: tuple[str, ...]
    rows: Callable[[Mapping[str, Rows], Context], Sequence[Rows]]


@dataclass(frozen=True, slots=True)
class Step:
    """One writer of tables.

    Attributes
    ----------
    name : str
        Named after what it returns.
    config_type : type of EngineConfig
        Its settings; the engine's name is theirs.
    reads : callable
        Settings to the reads that they need. A panel that no setting asks for is not read.
    writes : tuple of str
        The tables whose only writer this is.
    compute : callable
        ``(batch, config) -> Output``: pure, the same for one date and for a thousand.
    advances : tuple of str
        Tables of forward-only rows, written by another step, whose state this step moves on.
    when : {"session", "rebalance"}
        The days on which it decides.
    scope : {"market", "strategy", "portfolio"}
        What a decision is about, and so what its context id names.
    carries_itself : bool
        Whether a call for many dates hands the step's own rows on from date to date, so that the rows of the
        session before are needed for the first date only.
    completion : Completion, optional
        What is made of its rows only when they are written.
    is_by_instrument : bool
        Of a derivation: whether an instrument's rows rest on that instrument's rows and on series alone, so
        that a change of some instruments leaves the others' rows as they are.
    frequency : callable
        Of a derivation: settings to the sessions that have rows, "daily", "weekly" or "monthly"; the last
        ones of their weeks or months.
    """

    name: str
    config_type: type[EngineConfig]
    reads: Callable[[Any], tuple[Read, ...]]
    writes: tuple[str, ...]
    compute: Callable[[Batch, Any], Output]
    advances: tuple[str, ...] = ()
    when: When = "session"
    scope: Scope = "portfolio"
    carries_itself: bool = False
    completion: Completion | None = None
    is_by_instrument: bool = False
    frequency: Callable[[Any], Frequency] = every_session

    @property
    def engine_name(self) -> str:
        """The engine's name, as the schema spells it."""
        return self.config_type.engine_name
