"""What the documents hold: files, links, commands, and what the program offers for them to describe."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "prometheus"
LEFT_OUT = {".git", ".venv", ".prometheus", "build", "dist", "__pycache__"}


def files() -> list[Path]:
    """Return what git keeps; in an unpacked archive, everything that is not made by running."""
    if (ROOT / ".git").exists() and (git := shutil.which("git")):
        command = [git, "-c", f"safe.directory={ROOT}", "ls-files", "-co", "--exclude-standard", "-z"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode == 0:
            return sorted(ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file())
    return sorted(
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not any(part in LEFT_OUT or "_cache" in part for part in path.parts)
    )


def documents() -> list[Path]:
    return [path for path in files() if path.suffix == ".md"]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def written() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in documents())


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def links(text: str) -> Iterator[str]:
    yield from re.findall(r"\]\(([^)\s]+)\)", without_code(text))


def anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of every `make` and `prometheus` command in shell blocks and in backticks."""
    shell = re.findall(r"^```(?:sh|bash|console)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line.strip().removeprefix("$ ") for block in shell for line in block.splitlines()]
    inline = re.findall(
        r"`((?:make|prometheus) [^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    )
    for line in lines + inline:
        words = re.sub(r"^(\w+=\S+ )+", "", line.split(" #")[0]).split()
        if words and words[0] in {"make", "prometheus"} and len(words) > 1:
            yield words


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))


def has_command_line() -> bool:
    return (SOURCE / "cli" / "app.py").exists()


def command_tree() -> dict[tuple[str, ...], set[str]]:
    """Return every verb of the command line, with the options it takes."""
    from tools.cli_reference import options, verbs

    return {path: options(command) for path, command in verbs().items()}
