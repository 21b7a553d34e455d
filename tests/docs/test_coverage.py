"""What the program offers is described, and what is described exists."""

import doctest
import importlib
import re

import pytest

from tests.docs import book

needs_command_line = pytest.mark.skipif(not book.has_command_line(), reason="there is no command line yet")
needs_pipeline = pytest.mark.skipif(
    not (book.SOURCE / "pipeline.py").exists(), reason="there is no pipeline yet"
)
CONFIGS = sorted(book.SOURCE.glob("domain/*/config.py"))
EXAMPLES = [path for path in sorted(book.SOURCE.rglob("*.py")) if ">>> " in path.read_text(encoding="utf-8")]
# A word in these forms stands for what the reader puts in.
STANDS_FOR = re.compile(r"[A-Z][A-Z_-]*|<.*>|\[.*|.*[/.=|…].*|\d.*")


@pytest.mark.parametrize("document", book.documents(), ids=book.name_of)
def test_every_make_target_in_a_document_exists(document):
    text = document.read_text(encoding="utf-8")
    named = {
        word
        for words in book.commands(text)
        if words[0] == "make"
        for word in words[1:]
        if "=" not in word and not word.startswith("-")
    }
    assert named <= book.targets()


@needs_command_line
@pytest.mark.parametrize("document", book.documents(), ids=book.name_of)
def test_every_command_in_a_document_exists_with_its_options(document):
    from prometheus.cli.app import VERBS

    tree = book.command_tree()
    absent = {verb.name for verb in VERBS} - {path[0] for path in tree if path}
    for words in book.commands(document.read_text(encoding="utf-8")):
        if words[0] != "prometheus" or words[1] in absent:
            continue
        path: tuple[str, ...] = ()
        for word in words[1:]:
            alternatives = [(*path, one) for one in word.split("|")]
            if not all(one in tree for one in alternatives):
                break
            path = alternatives[0]
        rest = words[1 + len(path) :]
        is_group = any(len(one) > len(path) and one[: len(path)] == path for one in tree)
        assert path or rest[0].startswith("-"), f"`{' '.join(words)}`: no such verb"
        if is_group and rest:
            assert rest[0].startswith("-") or STANDS_FOR.fullmatch(rest[0]), (
                f"`{' '.join(words)}`: no such verb"
            )
        options = {word.strip("[]").split("=")[0] for word in rest if word.strip("[]").startswith("--")}
        assert options <= tree[path], f"`{' '.join(words)}`: no such option"


@needs_command_line
def test_the_reference_of_the_command_line_is_the_one_it_gives():
    from tools.cli_reference import reference

    page = (book.ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    assert page == reference(), "`make docs` writes it anew"


@needs_command_line
def test_every_verb_says_what_it_does():
    from tools.cli_reference import verbs

    assert [path for path, command in verbs().items() if not (command.help or "").strip()] == []


@needs_command_line
def test_every_table_and_column_stands_in_the_dictionary():
    from prometheus.schema.tables import TABLES

    text = (book.ROOT / "docs" / "reference" / "dictionary.md").read_text(encoding="utf-8")
    assert len(TABLES) == 38
    for name, table in TABLES.items():
        section = re.search(rf"^#+ `?{name}`?$(.*?)(?=^#+ |\Z)", text, flags=re.MULTILINE | re.DOTALL)
        assert section, f"{name} has no section"
        missing = [one.name for one in table.columns if not re.search(rf"\b{one.name}\b", section.group(1))]
        assert missing == [], name


@pytest.mark.parametrize("server", ["embedded"], indirect=True)
@pytest.mark.parametrize("verb", ["dictionary", "erd"])
def test_the_pages_on_the_databases_are_those_of_the_live_catalogs(verb, at_databases, prometheus):
    page = (book.ROOT / "docs" / "reference" / f"{verb}.md").read_text(encoding="utf-8")
    assert prometheus("db", verb).out == page, "`make docs` writes it anew"


@needs_pipeline
def test_every_step_is_described():
    from prometheus.adapters.simulated_broker import SimulatedBroker
    from prometheus.pipeline import derivation_steps, engine_steps

    text = book.written()
    assert [
        step.name
        for step in (*derivation_steps(), *engine_steps(SimulatedBroker()))
        if f"`{step.name}`" not in text
    ] == []


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.parent.name)
def test_every_setting_of_a_room_is_described_in_its_readme(path):
    from pydantic import BaseModel

    module = importlib.import_module(f"prometheus.domain.{path.parent.name}.config")
    readme = (path.parent / "README.md").read_text(encoding="utf-8")
    missing = [
        f"{name}.{key}"
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == module.__name__
        for key in value.model_fields
        if f"`{key}`" not in readme
    ]
    assert missing == []


def test_every_setting_of_the_environment_is_described():
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted(book.SOURCE.rglob("*.py")))
    named = set(re.findall(r"\bPROMETHEUS_[A-Z_]+\b", source))
    reference = (book.ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    assert {name for name in named if f"`{name}`" not in reference} == set()


def test_every_error_is_described_with_its_exit_code():
    from prometheus.kernel import errors

    reference = (book.ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, Exception)]
    missing = [one.__name__ for one in classes if f"| `{one.__name__}` | {one.exit_code} |" not in reference]
    assert missing == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.relative_to(book.SOURCE).as_posix())
def test_the_examples_in_docstrings_run(path):
    dotted = ".".join(path.relative_to(book.SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
    module = importlib.import_module(dotted)
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    found = doctest.DocTestFinder(exclude_empty=True).find(module)
    compiled = (
        (name, value) for name, value in vars(module).items() if hasattr(value, "py_func") and value.__doc__
    )
    for name, value in compiled:
        found += doctest.DocTestFinder().find(value.py_func, name, module=module, globs=vars(module).copy())
    runner = doctest.DocTestRunner(optionflags=flags)
    for test in found:
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
