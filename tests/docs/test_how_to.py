"""The code in the guides is code."""

import re

import numpy as np
import pytest

from tests.docs import book

BACKTEST = book.ROOT / "docs" / "how-to" / "run-a-backtest.md"
PAGE = book.ROOT / "docs" / "how-to" / "add-an-alpha-family.md"


@pytest.fixture
def family():
    code, *_ = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.M | re.S)
    names: dict[str, object] = {}
    exec(compile(code, PAGE.name, "exec"), names)
    return names["FAMILY"]


def signal(family, prices):
    from prometheus.domain.selection.alpha_family import PRICE
    from prometheus.flow.batch import Panel

    (read,) = family.reads
    ends = np.arange(read.reach, len(prices))
    panel = Panel(prices, ends=ends, sessions=read.sessions)
    return family.signal({(read.table, PRICE): panel})


def test_the_family_of_the_guide_gives_what_it_says(family):
    prices = np.array([[100.0 + day, 200.0 - day] for day in range(64)])
    found = signal(family, prices)
    assert found.shape == (2, 2)
    assert found[:, 0].tolist() == [0.0, 0.0]
    assert found[0, 1] == pytest.approx(138.0 / 200.0 - 1.0)
    assert found[1, 1] == pytest.approx(137.0 / 199.0 - 1.0)


def test_the_family_of_the_guide_gives_nan_where_a_price_is_missing(family):
    prices = np.full((63, 1), 10.0)
    prices[20] = np.nan
    assert np.isnan(signal(family, prices)).all()


@pytest.mark.skipif(not (book.SOURCE / "backtest.py").exists(), reason="there is no backtest yet")
def test_the_specification_of_the_guide_is_accepted(tmp_path):
    from prometheus.backtest import spec_from_file

    (toml,) = re.findall(r"^```toml\n(.*?)^```", BACKTEST.read_text(encoding="utf-8"), flags=re.M | re.S)
    (tmp_path / "guide.toml").write_text(toml, encoding="utf-8")
    spec = spec_from_file(tmp_path / "guide.toml", overrides=["targets.n_names=20"])
    assert spec.run.strategy == "MOMENTUM"
    assert spec.targets.n_names == 20


@pytest.mark.skipif(not (book.SOURCE / "backtest.py").exists(), reason="there is no backtest yet")
def test_every_key_and_section_of_a_run_is_described():
    from prometheus.backtest import BacktestSpec, RunConfig

    text = BACKTEST.read_text(encoding="utf-8")
    assert [key for key in RunConfig.model_fields if f"`{key}`" not in text] == []
    assert [section for section in BacktestSpec.model_fields if f"[{section}]" not in text] == []
