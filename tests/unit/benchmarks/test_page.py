"""How figures get into the page of the docs."""

import pytest

from benchmarks.__main__ import BENCHMARKS
from benchmarks.figure import Figure, Report, at_most, beside
from benchmarks.page import PAGE, with_report

REPORT = Report(
    "one", "One", (beside("this", 3.0, "that", 2.0, most=1.6), at_most("those", 5.0, 4.0)), ("Note.",)
)


def test_a_ratio_is_met_up_to_its_target():
    assert [figure.is_met for figure in REPORT.figures] == [True, False]
    assert REPORT.figures[0].cells == ("this", "3.00 s", "2.00 s that", "1.50", "at most 1.6 times", "yes")


def test_a_figure_without_a_target_is_neither_met_nor_missed():
    assert Figure("x", "1").cells[-1] == ""


def test_a_report_replaces_its_own_table_and_leaves_the_others():
    text = "a\n<!-- one -->\nold\n<!-- end of one -->\n<!-- two -->\nkept\n<!-- end of two -->\n"
    found = with_report(with_report(text, REPORT, setting="first"), REPORT, setting="second")
    assert "old" not in found
    assert "first" not in found
    assert found.count("| this | 3.00 s | 2.00 s that | 1.50 | at most 1.6 times | yes |") == 1
    assert found.endswith("<!-- end of one -->\n<!-- two -->\nkept\n<!-- end of two -->\n")


def test_a_page_without_the_marks_is_refused():
    with pytest.raises(ValueError, match="lacks <!-- one -->"):
        with_report("nothing", REPORT, setting="here")


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_has_its_place_in_the_page(name):
    with_report(PAGE.read_text(encoding="utf-8"), Report(name, "Title", ()), setting="here")
