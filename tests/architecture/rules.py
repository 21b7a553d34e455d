"""The rules of the house as pure functions: a parsed module in, violations out.

A violation is a text ``path:line what``. `test_house.py` applies the rules to the source tree and
`test_rules.py` plants a breach of each to prove that it would be seen.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "prometheus"
MAX_LINES = 400

EMPTY_WORDS = frozenset({"manager", "helper", "util", "utility", "common", "misc", "processor", "basic"})
# Where errors of the database, vendors, brokers and files are handled, where step and date are added, and
# where an error becomes an exit code or an HTTP problem. Elsewhere a handler may translate, not recover.
MAY_CATCH = ("store/", "adapters/", "flow/runner", "cli/", "web/", "__main__.py")
MAY_ASK_THE_CLOCK = ("adapters/clock",)
MAY_SPEAK_SQL = ("store/", "schema/")
MAY_ASK_THE_MODE = ("bootstrap/",)
WALL_CLOCK = frozenset(
    {
        "datetime.now",
        "datetime.today",
        "datetime.utcnow",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "date.today",
        "datetime.date.today",
        "time.time",
        "time.time_ns",
        "time.localtime",
        "time.gmtime",
        "time.ctime",
    }
)
# These answer differently in every process, so a decision made with them could not be repeated.
UNREPEATABLE = frozenset(
    {"uuid.uuid1", "uuid.uuid4", "uuid1", "uuid4", "hash", "os.urandom", "random.random", "random.shuffle"}
)
MAY_DIFFER = ("store/", "adapters/")  # names of temporary files and sockets, never of rows
MODES = frozenset({"BACKTEST", "PAPER", "LIVE"})
SQL = re.compile(
    r"\b(SELECT\s+[\w*\"'(%{][\s\S]*\bFROM\b|SELECT\s+(1|now\(|set_config|pg_|current_)|INSERT\s+INTO\b"
    r"|UPDATE\s+[\w.\"{]+\s+SET\b|DELETE\s+FROM\b|TRUNCATE\s+(TABLE\s+)?\w|COPY\s+[\w.\"({].*\b(FROM|TO)\b"
    r"|(CREATE|DROP|ALTER)\s+(OR\s+REPLACE\s+|TEMP\s+|TEMPORARY\s+|UNLOGGED\s+)?"
    r"(TABLE|VIEW|INDEX|SCHEMA|DATABASE|TRIGGER|FUNCTION|ROLE)\b)"
)


@dataclass(frozen=True, slots=True)
class Module:
    """A source file, its path relative to the package, and its syntax tree."""

    path: str
    text: str
    tree: ast.Module


def module(path: str, text: str) -> Module:
    return Module(path, text, ast.parse(text))


def modules_of_the_house() -> list[Module]:
    return [
        module(path.relative_to(SOURCE).as_posix(), path.read_text(encoding="utf-8"))
        for path in sorted(SOURCE.rglob("*.py"))
    ]


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def roots_imported(tree: ast.AST) -> set[str]:
    return {name.split(".")[0] for _, name in imported(tree)}


def words(identifier: str) -> set[str]:
    parts = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+", identifier)
    return {word.lower() for word in parts} | {word.lower().removesuffix("s") for word in parts}


def empty_words(code: Module) -> Iterator[str]:
    for part in Path(code.path).with_suffix("").parts:
        if words(part) & EMPTY_WORDS:
            yield f"{code.path}:1 the path says `{part}`"
    for node in ast.walk(code.tree):
        is_named = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if is_named and words(node.name) & EMPTY_WORDS:
            yield f"{code.path}:{node.lineno} the name `{node.name}` says nothing"


def translates(handler: ast.ExceptHandler) -> bool:
    """Whether a handler of a named error does nothing but raise another, its cause declared."""
    last = handler.body[-1]
    is_raise = isinstance(last, ast.Raise) and last.exc is not None and last.cause is not None
    return (
        is_raise and handler.type is not None and dotted(handler.type) not in {"Exception", "BaseException"}
    )


def stray_handlers(code: Module) -> Iterator[str]:
    if code.path.startswith(MAY_CATCH):
        return
    for node in ast.walk(code.tree):
        if isinstance(node, ast.ExceptHandler) and not translates(node):
            yield f"{code.path}:{node.lineno} an `except` that recovers, away from seams and edges"
        elif isinstance(node, ast.Call) and dotted(node.func) in {"suppress", "contextlib.suppress"}:
            yield f"{code.path}:{node.lineno} a `suppress` away from seams and edges"


def wall_clocks(code: Module) -> Iterator[str]:
    if code.path.startswith(MAY_ASK_THE_CLOCK):
        return
    for node in ast.walk(code.tree):
        if isinstance(node, ast.Attribute) and dotted(node) in WALL_CLOCK:
            yield f"{code.path}:{node.lineno} `{dotted(node)}` asks the wall clock; take a Clock"


def unrepeatable_calls(code: Module) -> Iterator[str]:
    if code.path.startswith(MAY_DIFFER):
        return
    for node in ast.walk(code.tree):
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func)
        in_hash = any(
            isinstance(scope, ast.FunctionDef) and scope.name == "__hash__" and node in ast.walk(scope)
            for scope in ast.walk(code.tree)
        )
        if name in UNREPEATABLE and not (name == "hash" and in_hash):
            yield f"{code.path}:{node.lineno} `{name}` answers differently in every process"
        if name.endswith("default_rng") and not node.args and not node.keywords:
            yield f"{code.path}:{node.lineno} a generator without a seed"


def strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every text that is not a docstring; the parts of an f-string count as one text."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    passed_over = {
        id(scope.body[0].value)
        for scope in ast.walk(tree)
        if isinstance(scope, documented) and scope.body and isinstance(scope.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            passed_over |= {id(part) for part in node.values}
            parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed_over:
            yield node.lineno, node.value


def stray_sql(code: Module) -> Iterator[str]:
    if code.path.startswith(MAY_SPEAK_SQL):
        return
    for line, text in strings(code.tree):
        if found := SQL.search(text):
            yield f"{code.path}:{line} SQL outside the store: {found.group(0)[:40]!r}"


def questions_about_the_mode(code: Module) -> Iterator[str]:
    if code.path.startswith(MAY_ASK_THE_MODE):
        return
    for node in ast.walk(code.tree):
        if not isinstance(node, ast.Compare | ast.MatchValue):
            continue
        for part in ast.walk(node):
            is_text = isinstance(part, ast.Constant) and part.value in MODES
            if is_text or (isinstance(part, ast.Attribute) and part.attr in MODES):
                yield f"{code.path}:{node.lineno} only bootstrap asks which mode"
                break


def mutable_records(code: Module) -> Iterator[str]:
    for node in ast.walk(code.tree):
        if not isinstance(node, ast.ClassDef):
            continue
        for decorator in node.decorator_list:
            call = decorator.func if isinstance(decorator, ast.Call) else decorator
            if dotted(call) not in {"dataclass", "dataclasses.dataclass"}:
                continue
            flags = decorator.keywords if isinstance(decorator, ast.Call) else []
            on = {flag.arg for flag in flags if isinstance(flag.value, ast.Constant) and flag.value.value}
            if not {"frozen", "slots"} <= on:
                yield f"{code.path}:{node.lineno} `{node.name}` is not a frozen, slotted dataclass"


def long_files(code: Module) -> Iterator[str]:
    n_lines = code.text.count("\n")
    if n_lines >= MAX_LINES:
        yield f"{code.path}:{n_lines} longer than one sitting ({MAX_LINES} lines)"


def foreign_to_maths(code: Module) -> Iterator[str]:
    if not code.path.startswith("maths/"):
        return
    allowed = sys.stdlib_module_names | {"numpy", "numba", "prometheus"}
    for line, name in imported(code.tree):
        if name.split(".")[0] not in allowed:
            yield f"{code.path}:{line} maths knows numpy and numba only, not `{name}`"


def talkative_models(code: Module) -> Iterator[str]:
    if not code.path.startswith(("domain/", "maths/")):
        return
    for line, name in imported(code.tree):
        if name.split(".")[0] in {"logging", "rich", "time", "typer", "warnings"}:
            yield f"{code.path}:{line} a model doesn't log, time or print: `{name}`"


def drivers_outside_the_store(code: Module) -> Iterator[str]:
    if code.path.startswith(("store/", "bootstrap/", "schema/migrations/")):
        return
    drivers = {"alembic", "psycopg", "sqlalchemy"}
    for line, name in imported(code.tree):
        if name.split(".")[0] in drivers:
            yield f"{code.path}:{line} only the store knows the driver `{name}`"


RULES = (
    drivers_outside_the_store,
    empty_words,
    foreign_to_maths,
    long_files,
    mutable_records,
    questions_about_the_mode,
    stray_handlers,
    stray_sql,
    talkative_models,
    unrepeatable_calls,
    wall_clocks,
)


def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
