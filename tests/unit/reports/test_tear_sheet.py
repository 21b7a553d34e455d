"""The tear sheet as a reader, a browser and a screen reader get it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pytest

from prometheus.kernel.errors import InvalidRowsError
from prometheus.reports.backtest_report import BacktestReport
from prometheus.reports.colours import INK
from prometheus.reports.tear_sheet import tear_sheet_html
from tests.unit.reports.sample_runs import idle_run, sample_run

RUNS: dict[str, Callable[[], BacktestReport]] = {
    "with a benchmark": sample_run,
    "without a benchmark": lambda: sample_run(has_benchmark=False),
    "thirty-two years": lambda: sample_run(8060, first="1990-01-02"),
    "one month": lambda: sample_run(21),
    "idle": idle_run,
}
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """Elements, ids and text of a page; refuses one whose tags don't match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.references: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        if tag not in VOID:
            self.open.append(tag)
        self._note(attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self._note(attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def _note(self, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            assert not name.startswith("on"), "no event handlers"
            if name == "id" and value:
                self.ids[value] += 1
            elif name in {"href", "xlink:href", "src"}:
                assert value is not None
                assert value.startswith("#")
                self.references.add(value[1:])
            elif value:
                self.references.update(re.findall(r"url\(#([^)]+)\)", value))
                if name == "aria-labelledby":
                    self.references.update(value.split())


@pytest.fixture(scope="module", params=RUNS)
def html(request: pytest.FixtureRequest) -> str:
    return tear_sheet_html(RUNS[request.param]())


def test_the_page_is_well_formed_and_its_ids_are_its_own(html: str) -> None:
    page = Page(html)
    assert {name for name, count in page.ids.items() if count > 1} == set()
    assert page.references <= set(page.ids)


def test_the_page_fetches_nothing_and_runs_nothing(html: str) -> None:
    page = Page(html)
    assert not {"script", "link", "img", "iframe", "object", "embed"} & set(page.tags)
    assert set(re.findall(r"https?://[^\s\"'<>)]+", html)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "@import" not in html
    assert "default-src 'none'" in html


def test_the_page_is_small(html: str) -> None:
    assert len(html.encode()) < 700_000


@pytest.mark.parametrize("name", [name for name in RUNS if name != "idle"])
def test_every_picture_has_words_for_those_who_can_not_see_it(name: str) -> None:
    html = tear_sheet_html(RUNS[name]())
    assert Page(html).tags["svg"] == 4
    for name in ("equity", "exposure", "turnover", "costs"):
        assert re.search(rf'<title id="{name}-title">[^<]+</title>', html)
        assert re.search(rf'<desc id="{name}-description">[^<]+\.</desc>', html)


def test_every_colour_comes_from_the_style_sheet(html: str) -> None:
    assert INK[:-1] not in html
    pictures = "".join(re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL))
    assert set(re.findall(r"(?:stroke|fill): (#\w+)", pictures)) == set()


def test_no_number_is_shown_as_nan_or_infinite(html: str) -> None:
    assert not re.search(r"\b(nan|inf|None)\b", Page(html).text)


def test_the_same_run_gives_the_same_bytes() -> None:
    assert tear_sheet_html(sample_run(300)) == tear_sheet_html(sample_run(300))


def test_it_shows_what_a_reader_looks_for() -> None:
    run = sample_run()
    text = Page(tear_sheet_html(run)).text
    for expected in (
        "Equity, USD (log)",
        "Below peak",
        "Share of equity",
        "Per month, of equity",
        "Monthly returns",
        "S&P 500",
        "US_EQ:AAPL · Apple Inc.",
        "Instruments that earned most",
        "Instruments that lost most",
        "Worst days",
        "config.alpha.families",
        "momentum, reversal",
        "9b1f0e37c2",
        "prometheus explain fill 0b0c9f1e-52f7-5b6c-8e5e-2b86a30df8c1",
        "momentum-4f1c2a9e",
    ):
        assert expected in text, expected


def test_a_long_run_has_a_bar_a_year_and_a_row_a_year() -> None:
    text = Page(tear_sheet_html(sample_run(8060, first="1990-01-02"))).text
    assert "Per year, of equity" in text
    assert all(f"{year}" in text for year in range(1990, 2021))


def test_a_run_without_a_fill_says_so_once_and_draws_nothing() -> None:
    page = Page(tear_sheet_html(idle_run()))
    assert page.text.count("No order of this run was filled, so there is nothing to show") == 1
    assert "prometheus explain order ORDER_ID" in page.text
    assert "those of the portfolio momentum-4f1c2a9e" in page.text
    assert page.tags["svg"] == 0
    assert "explain fill" not in page.text


def test_a_run_that_sold_all_it_had_still_shows_what_it_did() -> None:
    page = Page(tear_sheet_html(replace(sample_run(300), top_positions=(), contributions=())))
    assert "Nothing but cash was held at the end." in page.text
    assert "Instruments that earned most: none." in page.text
    assert "Points of return" not in page.text
    assert "nothing to show" not in page.text


def test_no_table_is_empty(html: str) -> None:
    assert not re.search(r"<tbody>\s*</tbody>", html)


def test_days_that_only_rose_have_no_table_of_worst_days() -> None:
    run = sample_run(30, has_benchmark=False)
    text = Page(tear_sheet_html(replace(run, equity=1e6 * 1.001 ** np.arange(30)))).text
    assert "Best days" in text
    assert "Worst days" not in text


def test_a_long_name_of_the_benchmark_stands_in_no_table() -> None:
    name = "US_INDEX:SPX · S&P 500, price index"
    html = tear_sheet_html(replace(sample_run(300), benchmark_name=name))
    tables = "".join(re.findall(r"<table.*?</table>", html, flags=re.DOTALL))
    assert "SPX" not in tables
    assert '<th scope="col" class="n">Benchmark</th>' in tables
    assert name in Page(html).text


def test_two_long_names_stand_under_each_other_in_the_legend() -> None:
    def height_of(html: str, name: str) -> str:
        found = re.search(rf' y="([\d.]+)"[^>]*>{name}</text>', html)
        assert found is not None
        return found[1]

    short = tear_sheet_html(replace(sample_run(300), title="own", benchmark_name="other"))
    assert height_of(short, "own") == height_of(short, "other")
    long = tear_sheet_html(replace(sample_run(300), title="a" * 45, benchmark_name="b" * 45))
    assert height_of(long, "a" * 45) != height_of(long, "b" * 45)


def test_no_date_of_a_table_breaks_across_lines() -> None:
    html = tear_sheet_html(sample_run())
    tables = "".join(re.findall(r"<table.*?</table>", html, flags=re.DOTALL))
    dates = re.findall(r"(.{19})\d{4}-\d{2}-\d{2}", tables)
    assert dates
    assert set(dates) == {'<span class="date">'}


def test_what_an_instrument_earned_is_told_in_points_of_the_return() -> None:
    run = sample_run(300)
    loser = min(run.contributions, key=lambda c: c.pnl)
    html = tear_sheet_html(replace(run, contributions=(replace(loser, pnl=-1_622_000.0),)))
    assert '<td class="n">−162.2</td>' in html
    assert "for every 100 of the equity it began with (1,000,000 USD)" in Page(html).text


def test_names_can_not_smuggle_markup_in() -> None:
    evil = "<script>alert(1)</script>&\"'"
    run = replace(
        sample_run(300),
        title=evil,
        benchmark_name=evil,
        portfolio_id=evil,
        currency=evil,
        example_fill_id=evil,
        spec={evil: evil},
    )
    page = Page(tear_sheet_html(run))
    assert page.tags["script"] == 0
    assert evil in page.text


def test_dollars_in_a_name_are_not_read_as_a_formula() -> None:
    html = tear_sheet_html(replace(sample_run(300), title="$x^2$ fund"))
    assert "$x^2$ fund</text>" in html


def test_a_series_of_another_length_is_refused_by_name() -> None:
    with pytest.raises(InvalidRowsError, match=r"costs: expected one value for each of the 300 dates"):
        replace(sample_run(300), costs=np.zeros(299))


def luminance(code: str) -> float:
    parts = [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1, 2], ids=["light", "dark", "print"])
def test_text_and_lines_stand_out_from_the_page(theme: int) -> None:
    # WCAG 2.2: 4.5 for text (1.4.3), 3 for graphics (1.4.11).
    style = files("prometheus.reports").joinpath("tear_sheet.css").read_text(encoding="utf-8")
    block = re.findall(r":root \{(.*?)\}", style, flags=re.DOTALL)[theme]
    colours = dict(re.findall(r"--(\w+): (#\w{6})", block))
    for name, least in (
        ("ink", 4.5), ("muted", 4.5), ("strategy", 3.0), ("benchmark", 3.0), ("loss", 3.0), ("third", 3.0)
    ):  # fmt: skip
        for ground in ("page", "panel"):
            light, dark = sorted((luminance(colours[name]), luminance(colours[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= least, (name, ground)
