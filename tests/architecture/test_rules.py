"""A planted breach of each rule is seen, and its honest neighbour is not."""

import pytest

from tests.architecture import rules

BREACHES = [
    (rules.empty_words, "flow/order_utils.py", "x = 1"),
    (rules.empty_words, "flow/step.py", "class StepManager: ..."),
    (rules.empty_words, "flow/step.py", "def basic_read(): ..."),
    (rules.stray_handlers, "domain/market/model.py", "try:\n    x = 1\nexcept ValueError:\n    x = 2"),
    (
        rules.stray_handlers,
        "domain/market/model.py",
        "try: ...\nexcept Exception as e:\n    raise A() from e",
    ),
    (rules.stray_handlers, "domain/market/model.py", "try: ...\nexcept KeyError:\n    raise"),
    (rules.stray_handlers, "flow/graph.py", "from contextlib import suppress\nwith suppress(KeyError): ..."),
    (rules.wall_clocks, "flow/runner.py", "from datetime import datetime\nx = datetime.now()"),
    (rules.wall_clocks, "store/server.py", "import time\nx = time.time()"),
    (rules.unrepeatable_calls, "kernel/ids.py", "import uuid\nx = uuid.uuid4()"),
    (rules.unrepeatable_calls, "kernel/ids.py", "x = hash('a')"),
    (rules.unrepeatable_calls, "maths/draw.py", "import numpy as np\ng = np.random.default_rng()"),
    (rules.stray_sql, "domain/market/steps.py", "q = 'SELECT close FROM prices_daily'"),
    (rules.stray_sql, "reports/pages.py", "t = 'orders'\nq = f'INSERT INTO {t} VALUES (1)'"),
    (rules.stray_sql, "cli/db.py", "q = 'UPDATE orders SET status = 1'"),
    (rules.stray_sql, "adapters/files.py", "q = 'COPY prices_daily (open) FROM STDIN'"),
    (rules.questions_about_the_mode, "domain/execution/steps.py", "def f(mode): return mode == 'LIVE'"),
    (rules.questions_about_the_mode, "flow/runner.py", "def f(m): return m is Mode.BACKTEST"),
    (rules.mutable_records, "flow/step.py", "@dataclass(frozen=True)\nclass Step: ..."),
    (rules.mutable_records, "flow/step.py", "@dataclass\nclass Step: ..."),
    (rules.long_files, "flow/step.py", "x = 1\n" * 400),
    (rules.foreign_to_maths, "maths/returns.py", "import scipy.stats"),
    (rules.talkative_models, "domain/market/model.py", "import logging"),
    (rules.drivers_outside_the_store, "flow/runner.py", "import psycopg"),
]

HONEST = [
    (rules.empty_words, "flow/commonality.py", "class Basin: ...\ndef utilisation(): ..."),
    (rules.stray_handlers, "store/driver.py", "try:\n    x = 1\nexcept ValueError:\n    x = 2"),
    (rules.stray_handlers, "flow/graph.py", "try: ...\nexcept KeyError as e:\n    raise A() from e"),
    (rules.stray_handlers, "flow/graph.py", "try:\n    x = 1\nfinally:\n    x = 2"),
    (rules.wall_clocks, "adapters/clocks.py", "from datetime import datetime\nx = datetime.now()"),
    (rules.unrepeatable_calls, "kernel/ids.py", "class A:\n    def __hash__(self): return hash(1)"),
    (rules.unrepeatable_calls, "maths/draw.py", "import numpy as np\ng = np.random.default_rng([1, 2])"),
    (rules.stray_sql, "store/reads.py", "q = 'SELECT close FROM prices_daily'"),
    (rules.stray_sql, "cli/app.py", "'''SELECT days FROM here.'''\nx = 'Update the set'"),
    (rules.questions_about_the_mode, "bootstrap/x.py", "def f(mode): return mode == 'LIVE'"),
    (rules.questions_about_the_mode, "flow/runner.py", "row = {'mode': 'BACKTEST'}"),
    (rules.mutable_records, "flow/step.py", "@dataclass(frozen=True, slots=True)\nclass Step: ..."),
    (rules.long_files, "flow/step.py", "x = 1\n" * 399),
    (rules.foreign_to_maths, "maths/returns.py", "import math\nimport numpy as np\nfrom numba import njit"),
    (rules.talkative_models, "flow/hooks.py", "import logging"),
    (rules.drivers_outside_the_store, "store/driver.py", "import psycopg"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BREACHES)
def test_a_planted_breach_is_seen(rule, path, text):
    assert list(rule(rules.module(path, text)))


@pytest.mark.parametrize(("rule", "path", "text"), HONEST)
def test_an_honest_line_passes(rule, path, text):
    assert list(rule(rules.module(path, text))) == []


def test_every_rule_has_its_planted_breach():
    assert {rule for rule, _, _ in BREACHES} == set(rules.RULES)
