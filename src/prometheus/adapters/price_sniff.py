"""What a file really is that came in place of a table of prices, and what to do about it.

A vendor that is asked too often answers with a page or a message, and a download keeps it under the name of
the table; spreadsheets are renamed instead of saved. The first bytes tell.
"""

from __future__ import annotations

import codecs
import re

from prometheus.adapters.delivered_files import DeliveredFile
from prometheus.kernel.errors import InputFileError

HEAD = 1 << 12
N_SHOWN = 160
_MAGIC = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook", "Save its sheet as CSV."),
    (b"\x1f\x8b\x08", "packed with gzip", "Name it with .gz at its end."),
    (b"PAR1", "a Parquet file", "Name it with .parquet at its end."),
    (b"%PDF", "a PDF", "Ask the vendor for CSV or Parquet."),
    (b"SQLite format 3", "an SQLite database", "Export its table as CSV."),
)
_PAGE = re.compile(r"^\s*<(!doctype|html|head|body|\?xml|script|meta)\b", re.IGNORECASE)
_TITLE = re.compile(r"<(title|h1)[^>]*>\s*(.*?)\s*</\1>", re.IGNORECASE | re.DOTALL)


def require_table(file: DeliveredFile, *, encoding: str = "utf-8") -> None:
    """Refuse a file whose first bytes say that it is something else than a table in text.

    Parameters
    ----------
    file : DeliveredFile
    encoding : str
        The one that is expected; another than UTF-8 was named by the user.

    Raises
    ------
    InputFileError
        For workbooks, packed files under another name, web pages, messages in JSON and UTF-16 without a mark.
    """
    with file.open() as stream:
        head = stream.read(HEAD)
    for magic, what, remedy in _MAGIC:
        if head.startswith(magic):
            raise _is(file, what, remedy)
    if head.startswith(b"PK\x03\x04") and (b"xl/" in head or b"[Content_Types].xml" in head):
        raise _is(file, "an Excel workbook", "Save its sheet as CSV.")
    wide = _wide_encoding(head) if encoding == "utf-8" else None
    if wide is not None:
        raise _is(file, f"{wide.upper()} without a mark", f"Name its encoding in a mapping file: '{wide}'.")
    text = head.decode("utf-8", "replace").removeprefix("\ufeff").strip()
    if _PAGE.match(text):
        title = _TITLE.search(text)
        said = f" ({' '.join(title[2].split())[:N_SHOWN]!r})" if title else ""
        raise _is(
            file, f"a web page{said}", "The site answered with it: open the address, and fetch it again."
        )
    if text.startswith(("{", "[{")):
        said = " ".join(text.split())[:N_SHOWN]
        raise _is(
            file, f"a message in JSON: {said}", "The vendor answered with it: ask for CSV, or again later."
        )


def _wide_encoding(head: bytes) -> str | None:
    """Return the encoding of two bytes a character that text without a byte order mark is in."""
    if len(head) < 8 or head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None
    even, odd = head[0::2], head[1::2]
    for zeros, others, name in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if zeros.count(0) > 0.9 * len(zeros) and not others.count(0):
            return name
    return None


def _is(file: DeliveredFile, what: str, remedy: str) -> InputFileError:
    return InputFileError(f"{file.name} row 1: it is {what}, not a table in text.", remedy=remedy)
