"""The documents hold together: links, index, length, fragments, and nothing of the machine they came from."""

import re

import pytest

from tests.docs import book

DOCUMENTS = book.documents()
ADRS = sorted((book.ROOT / "docs" / "adr").glob("[0-9]*.md"))
# In pieces, so that this file doesn't hold what it looks for.
OF_A_MACHINE = [
    r"(?<![\w.$\"'{}*-])/" + word + r"/(?=\w)" for word in ("work", "root", "tmp", "home", "Users")
] + ["py" + r"pi\.org", "python" + r"hosted\.org", r"--(extra-)?index" + "-url[ =]"]
AS_TEXT = {
    ".py",
    ".md",
    ".toml",
    ".sql",
    ".lock",
    ".ini",
    ".mako",
    ".html",
    ".css",
    ".js",
    ".yaml",
    ".yml",
    "",
}


@pytest.mark.parametrize("document", DOCUMENTS, ids=book.name_of)
def test_every_link_leads_somewhere(document):
    for link in book.links(document.read_text(encoding="utf-8")):
        if re.match(r"(https?|mailto):", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in book.anchors(target.read_text(encoding="utf-8")), f"{link}: no such heading"


def test_the_readme_is_read_in_one_go():
    assert (book.ROOT / "README.md").read_text(encoding="utf-8").count("\n") <= 150


def test_every_how_to_and_reference_is_reached_from_the_readme_or_the_docs_index():
    index = (book.ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for page in (
        *(book.ROOT / "docs" / "how-to").glob("*.md"),
        *(book.ROOT / "docs" / "reference").glob("*.md"),
    ):
        assert f"({page.relative_to(book.ROOT / 'docs').as_posix()})" in index, page.name


def test_the_index_of_decisions_is_complete():
    listed = re.findall(
        r"\]\((\d{4}-[a-z0-9-]+\.md)\)", (book.ROOT / "docs" / "adr" / "README.md").read_text()
    )
    assert sorted(listed) == [path.name for path in ADRS]
    assert len({path.name[:4] for path in ADRS}) == len(ADRS), "two decisions share a number"


@pytest.mark.parametrize("adr", ADRS, ids=lambda path: path.stem)
def test_a_decision_is_one_page_with_its_four_parts(adr):
    text = adr.read_text(encoding="utf-8")
    assert re.match(rf"# (ADR )?0*{int(adr.name[:4])}\b", text), "the title begins with the number"
    assert re.search(r"^Status: (proposed|accepted|replaced by \[)", text, flags=re.MULTILINE)
    for heading in ("Context", "Decision", "Consequences"):
        assert re.search(rf"^## {heading}$", text, flags=re.MULTILINE), heading
    assert text.count("\n") <= 70


def test_fragments_of_the_changelog_are_named_by_their_kind():
    for path in (book.ROOT / "changelog.d").iterdir():
        assert path.name == "README.md" or re.fullmatch(
            r"[a-z0-9-]+\.(added|changed|fixed|removed|security)\.md", path.name
        ), path.name


def test_nothing_names_the_machine_it_was_written_on_nor_a_package_index():
    found = []
    for path in book.files():
        if path.suffix not in AS_TEXT or path == book.Path(__file__):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            found += [
                f"{book.name_of(path)}:{number} {line.strip()[:80]}"
                for one in OF_A_MACHINE
                if re.search(one, line)
            ]
    assert found == []


def test_a_table_of_the_glossary_has_no_word_twice():
    text = (book.ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = re.findall(r"^\| (?!word|---)([^|]+) \|", text, flags=re.MULTILINE)
    assert len(terms) == len(set(terms))
