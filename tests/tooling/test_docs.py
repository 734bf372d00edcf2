"""What the documents promise is there: their links, the settings, the make targets and the commands they name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask_migrate.cli import db as migrations

from shopapp.wiring import work

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<(?:img|source|a)\b[^>]*?(?:src|srcset|href)=\"([^\"]+)\"")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SETTING = re.compile(r"[A-Z][A-Z0-9_]{3,}")
SHELL = re.compile(r"flask --app wsgi ([a-z][a-z -]*[a-z])")
PYTHON_SETTINGS = ("config.py", "gunicorn.conf.py")
NOT_SETTINGS = {"PROMETHEUS_MULTIPROC_DIR"}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def links(path: Path) -> Iterator[str]:
    prose = FENCE.sub("", path.read_text(encoding="utf-8"))
    for match in LINK.finditer(prose):
        target = match[1] or match[2]
        if not re.match(r"[a-z]+:", target):
            yield unquote(target)


def anchors(path: Path) -> set[str]:
    """The addresses of the headings as they are made where Markdown is shown: lower case, blanks to dashes."""
    prose = FENCE.sub("", path.read_text(encoding="utf-8"))
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in HEADING.findall(prose))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_relative_links_lead_somewhere(path: Path) -> None:
    for link in links(path):
        file, _hash, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), f"{relative(path)} leads to {link}"
        assert target.is_relative_to(ROOT), f"{relative(path)} leads out of the project: {link}"
        if anchor:
            assert anchor in anchors(target), f"{relative(path)}: {link} has no such heading"


def settings_in_code() -> set[str]:
    """Names handed to a call as its first argument, or looked up, in the files that read settings."""
    names: set[str] = set()
    for file in PYTHON_SETTINGS:
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
            first = node.args[0] if isinstance(node, ast.Call) and node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                names |= {first.value} if SETTING.fullmatch(first.value) else set()
    return names - NOT_SETTINGS


def test_settings_are_found_in_the_code() -> None:
    assert {"SHOP_ENV", "PORT", "SHOP_PII_KEY", "WXPAY_PUBLIC_KEY_FILE", "WEB_WORKERS"} <= settings_in_code()


@pytest.mark.parametrize("document", [".env.example", "docs/operator/deploy.md"])
def test_every_setting_is_explained(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    missing = {name for name in settings_in_code() if not re.search(rf"\b{name}\b", text)}
    assert not missing


def test_the_example_names_no_setting_that_nothing_reads() -> None:
    named = re.findall(r"^([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(named) - settings_in_code() == {"SANDBOX_PORT"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_named_make_targets_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"`(?:[A-Z_]+=\S+ )*make ([a-z]+)", path.read_text(encoding="utf-8")))
    assert named <= targets


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_named_commands_exist(path: Path) -> None:
    commands = {command.name: command for command in [*work.COMMANDS, migrations]}
    for words in SHELL.findall(path.read_text(encoding="utf-8")):
        group, *rest = words.split()
        found = commands.get(group)
        assert found is not None, f"{relative(path)} names {words!r}"
        below = getattr(found, "commands", {})
        assert not below or not rest or rest[0] in below, f"{relative(path)} names {words!r}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_pictures_have_words_for_those_who_cannot_see_them(path: Path) -> None:
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    assert not re.findall(r"!\[\s*\]\(", text)
    assert all(re.search(r'\balt="[^"]+"', tag) for tag in re.findall(r"<img\b[^>]*>", text))
