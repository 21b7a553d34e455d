"""What became of a delivery of news."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class NewsReport:
    """What became of a delivery of news.

    Attributes
    ----------
    decision_id, batch : str
        The INGEST decision, and the short form of it that the articles carry.
    files : tuple of mapping
        Name, SHA-256, rows, and which column was read as what.
    n_rows, n_blank, n_repeated, n_rejected : int
        All rows that came, and those of them that gave no article.
    n_new, n_unchanged : int
        Articles.
    n_links_new, n_links, n_linked : int
        Links that are new, all links that the delivery says, and its articles that have one.
    n_links_withdrawn : int
        Links of articles that were stored before to which nothing leads any more.
    link_changes : tuple of mapping
        What articles that were stored before gained (``is_added``) and lost.
    n_instruments : int
        Instruments that could be linked to.
    links_by_how : mapping of str to int
    healed : tuple of str
        Decisions of earlier deliveries that a crash had lost and that were recorded now.
    """

    decision_id: str
    batch: str
    files: tuple[Mapping[str, Any], ...]
    n_rows: int
    n_blank: int
    n_repeated: int
    n_rejected: int
    n_new: int
    n_unchanged: int
    n_links_new: int
    n_links_withdrawn: int
    link_changes: tuple[Mapping[str, Any], ...]
    n_links: int
    n_linked: int
    n_instruments: int
    links_by_how: Mapping[str, int]
    rejected_by_rule: Mapping[str, int]
    examples: tuple[str, ...]
    rejects_file: Path | None
    unread_files: tuple[str, ...]
    first: datetime
    last: datetime
    is_recorded: bool
    is_dry_run: bool = False
    healed: tuple[str, ...] = ()
