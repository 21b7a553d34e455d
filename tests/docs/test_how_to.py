"""What the guide to a backtest shows is accepted. (The room of selection runs the guide to a family.)"""

import re

import pytest

from tests.docs import book

BACKTEST = book.ROOT / "docs" / "how-to" / "run-a-backtest.md"


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
