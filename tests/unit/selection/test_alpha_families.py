from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from prometheus.domain.selection.alpha_family import PRICE
from prometheus.domain.selection.alphas import FAMILIES, MODULES
from prometheus.flow.batch import Panel
from prometheus.kernel.errors import LookAheadError
from prometheus.schema.tables import TABLES
from tests.unit.selection.worlds import world

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "how-to" / "add-an-alpha-family.md"
COLUMN_OF = {PRICE: "adjusted_close"}

USE_IT = """
import numpy as np
from prometheus.domain.selection import alphas
from prometheus.domain.selection.config import ScoresConfig
from prometheus.domain.selection.steps import SCORES
from tests.unit.selection.worlds import world

assert alphas.__file__.startswith({home!r}), alphas.__file__
config = {config}
here = world(n_days=130, n_assets=5, with_gaps=False)
config = config.model_copy(update={{"horizon_days": 5, "ic_sessions": 10, "winsorise": 0.0}})
rows = SCORES.compute(here.batch(SCORES.reads(config), [110, 120]), config).rows[0]
components = rows.columns["alpha_components"]
assert components.names == ("near_high_50d", "low_volatility")
price = here.columns["adjusted_close"]
raw = price[120] / price[71:121].max(axis=0)
z = (raw - raw.mean()) / raw.std()
assert np.allclose(components.values[5:, 0], z * 1.0 / 1.5, atol=1e-12)
print("scored", len(rows))
"""


def panels_of(name: str, days: list[int], *, sessions: int | None = None) -> dict[tuple[str, str], Panel]:
    here = world(n_days=300)
    return {
        (read.table, column): Panel(
            here.columns[COLUMN_OF.get(column, column)],
            ends=np.array(days),
            sessions=read.sessions if sessions is None else sessions,
        )
        for read in FAMILIES[name].reads
        for column in read.columns
    }


@pytest.mark.parametrize("name", MODULES)
def test_a_family_is_called_as_its_file_and_reads_what_the_schema_has(name: str) -> None:
    family = FAMILIES[name]
    assert family.name == name
    for read in family.reads:
        assert read.lag == 0
        assert {COLUMN_OF.get(one, one) for one in read.columns} <= set(TABLES[read.table].column_names)


@pytest.mark.parametrize("name", MODULES)
def test_a_family_needs_the_whole_window_that_it_declares_and_no_more(name: str) -> None:
    assert FAMILIES[name].signal(panels_of(name, [260, 280])).shape == (2, 12)
    longest = max(read.sessions for read in FAMILIES[name].reads)
    if longest > 1:
        with pytest.raises(LookAheadError):
            FAMILIES[name].signal(panels_of(name, [260, 280], sessions=longest - 1))


@pytest.mark.parametrize("name", MODULES)
def test_a_familys_batch_equals_its_days_one_by_one(name: str) -> None:
    days = [255, 256, 270, 299]
    batch = FAMILIES[name].signal(panels_of(name, days))
    for i, day in enumerate(days):
        alone = FAMILIES[name].signal(panels_of(name, [day]))
        assert batch[i].tobytes() == alone[0].tobytes()


@pytest.mark.parametrize("name", MODULES)
def test_a_family_is_described_in_the_readme(name: str) -> None:
    readme = (ROOT / "src" / "prometheus" / "domain" / "selection" / "README.md").read_text(encoding="utf-8")
    assert f"| `{name}` |" in readme


def test_the_example_of_the_how_to_runs_as_one_file_and_one_line(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    (file, config) = re.findall(r"^```python\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    (line,) = re.findall(r"^```text\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    path = re.search(r"^`src/(\S+\.py)`, named", page, flags=re.MULTILINE)
    assert path is not None
    home = tmp_path / "src"
    shutil.copytree(ROOT / "src", home, ignore=shutil.ignore_patterns("__pycache__"))
    (home / path.group(1)).write_text(file, encoding="utf-8")
    registry = home / "prometheus" / "domain" / "selection" / "alphas" / "__init__.py"
    listed, n = re.subn(r"(MODULES: tuple\[str, \.\.\.\] = \(\n)", rf"\1{line}", registry.read_text())
    assert n == 1
    registry.write_text(listed, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", USE_IT.format(home=str(home), config=config.strip())],
        env={"PYTHONPATH": f"{home}:{ROOT}", "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "scored 10\n"
