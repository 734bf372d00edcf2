"""The English catalogue: `extract` brings new texts of the sources into it, `compile` makes what the shop reads.

Without a command it does both (`make translations`). Chinese is the source text, so a text without a translation is
shown in Chinese.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "shopapp"
CATALOGUE = SOURCES / "translations/en/LC_MESSAGES/messages.po"
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "_l": None}
LINE_WIDTH = 110
NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)  # the same sources give the same file on every day
IDLE_HEADERS = re.compile(r'^"(Project|Report|POT|PO|Last|Language-Team|Generated)[\w-]*:?.*\n', re.MULTILINE)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", nargs="?", choices=["extract", "compile"])
    command = parser.parse_args().command
    if command != "compile":
        extract()
    if command != "extract":
        compile_catalogue()
    return 0


def source_texts() -> set[str]:
    """Every text of the sources that is shown to people."""
    return {str(text) for _file, _line, text, _comments, _context in _found()}


def _found() -> Iterator[tuple[str, int, object, list[str], str | None]]:
    yield from extract_from_dir(SOURCES, method_map=METHODS, keywords=KEYWORDS, strip_comment_tags=True)


def translations() -> dict[str, str]:
    """Source text to English, empty where nobody has translated it yet."""
    return {str(message.id): str(message.string) for message in _read() if message.id}


def extract() -> None:
    """Bring the catalogue up to date with the sources: new texts come in empty, those that are gone leave."""
    template = Catalog()
    for text in source_texts():
        template.add(text)
    catalogue = _read()
    catalogue.update(template, no_fuzzy_matching=True)
    _write(catalogue)
    missing = [text for text, english in translations().items() if not english]
    print(f"{len(catalogue)} texts, {len(missing)} without a translation", flush=True)
    for text in missing:
        print(f"  {text}")


def compile_catalogue() -> None:
    buffer = io.BytesIO()
    write_mo(buffer, _read())
    CATALOGUE.with_suffix(".mo").write_bytes(buffer.getvalue())


def _read() -> Catalog:
    if CATALOGUE.exists():
        with CATALOGUE.open("rb") as file:
            catalogue = read_po(file, locale="en")
    else:
        catalogue = Catalog(locale="en", header_comment="# The English words of the shop.")
    catalogue.fuzzy = False
    catalogue.creation_date = catalogue.revision_date = NO_TIME
    return catalogue


def _write(catalogue: Catalog) -> None:
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=LINE_WIDTH, no_location=True, sort_output=True, ignore_obsolete=True)
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    CATALOGUE.write_text(IDLE_HEADERS.sub("", buffer.getvalue().decode()), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
