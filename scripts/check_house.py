"""The rules of the house that no ready-made linter knows. Prints one line for each breach; exit 1 if there is any."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINES_MAX = 400
CHECKED = ("config.py", "wsgi.py", "gunicorn.conf.py", "shopapp", "sandbox", "scripts", "tests")
AREAS = ("admin", "web", "outreach", "store", "loyalty", "members", "wechat")
ENTRANCES = {"api", "pages", "admin", "handlers", "jobs", "commands", "messages"}
KINDS = dict.fromkeys(ENTRANCES, 0) | {"services": 1, "queries": 1, "schemas": 1, "models": 2, "rules": 2}
CLOCKS = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "datetime.datetime.now",
}
CLOCK_FILES = {"shopapp/kernel/clock.py", "sandbox/clock.py"}
WECHAT_LIBRARIES = {"wechatpy", "wechatpayv3"}
SLOW_LIBRARIES = {"numpy", "scipy"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


@dataclass(frozen=True)
class Source:
    """One Python file; `place` is its path from the root, `module` its dotted parts."""

    place: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=self.place)

    @cached_property
    def module(self) -> tuple[str, ...]:
        return tuple(self.place.removesuffix(".py").removesuffix("/__init__").split("/"))

    @property
    def package(self) -> tuple[str, ...]:
        return self.module if self.place.endswith("__init__.py") else self.module[:-1]

    @cached_property
    def feature(self) -> tuple[str, ...] | None:
        """`("shopapp", "store", "orders")` for everything in that folder; None outside the features."""
        if len(self.module) > 3 and self.module[0] == "shopapp" and self.module[1] in AREAS:
            return self.module[:3]
        return None

    @cached_property
    def kind(self) -> str | None:
        return next((part for part in self.module[3:] if part in KINDS), None) if self.feature else None


@dataclass(frozen=True)
class Import:
    """`module` is absolute; for `from a import b` both `a` and `a.b` are reported."""

    module: tuple[str, ...]
    line: int
    lazy: bool


def main() -> int:
    breaches = sorted(breach for source in find_sources(ROOT) for breach in check(source))
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


def find_sources(root: Path) -> Iterator[Source]:
    for name in CHECKED:
        top = root / name
        for path in sorted(top.rglob("*.py")) if top.is_dir() else [top] if top.exists() else []:
            yield Source(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))


def check(source: Source) -> Iterator[str]:
    """One line per breach: `place:line what is wrong`."""
    yield from check_size(source)
    yield from check_imports(source)
    if source.place.startswith(("shopapp/", "sandbox/")):
        yield from check_clock(source)
    if source.place.startswith("shopapp/") and source.kind == "services":
        yield from check_commits(source)


def check_size(source: Source) -> Iterator[str]:
    lines = source.text.splitlines()
    if len(lines) > LINES_MAX:
        yield f"{source.place}:1 has {len(lines)} lines; {LINES_MAX} is the most"
    for number, line in enumerate(lines, start=1):
        if UNFINISHED.search(line) and source.place != "scripts/check_house.py":
            yield f"{source.place}:{number} leaves something unfinished"


def check_imports(source: Source) -> Iterator[str]:
    for found in imports(source):
        where = f"{source.place}:{found.line}"
        library = found.module[0]
        if library in WECHAT_LIBRARIES and not source.place.startswith(("shopapp/wechat/", "tests/")):
            yield f"{where} imports {library}, which only shopapp.wechat knows"
        if library == "config" and source.place.startswith("sandbox/"):
            yield f"{where} imports the shop's settings; the sandbox has its own"
        if library in SLOW_LIBRARIES and not found.lazy:
            yield f"{where} imports {library} for every process; import it where the models are fitted"
        yield from check_feature_import(source, found, where=where)


def check_feature_import(source: Source, found: Import, *, where: str) -> Iterator[str]:
    if source.feature is None or len(found.module) < 4 or found.module[:2] != ("shopapp", found.module[1]):
        return
    kind = found.module[3]
    if found.module[1] not in AREAS or kind not in KINDS:
        return
    if found.module[:3] != source.feature:
        if kind == "models":
            yield f"{where} imports the models of {'.'.join(found.module[1:3])}; call its services or queries"
        return
    if source.kind and (KINDS[kind] < KINDS[source.kind] or (KINDS[kind] == 0 and kind != source.kind)):
        yield f"{where} {source.kind} imports {kind}, which stands above or beside it"


def check_clock(source: Source) -> Iterator[str]:
    if source.place in CLOCK_FILES:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in CLOCKS:
            yield f"{source.place}:{node.lineno} reads the machine's clock; take the time from the clock module"


def check_commits(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
            yield f"{source.place}:{node.lineno} commits; the entrance opens and closes the transaction"


def imports(source: Source) -> Iterator[Import]:
    top_level = set(map(id, source.tree.body))
    for node in ast.walk(source.tree):
        lazy = id(node) not in top_level
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(tuple(alias.name.split(".")), node.lineno, lazy)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(source, node)
            for alias in node.names:
                yield Import((*base, alias.name), node.lineno, lazy)


def absolute(source: Source, node: ast.ImportFrom) -> tuple[str, ...]:
    named = tuple(node.module.split(".")) if node.module else ()
    if node.level == 0:
        return named
    kept = len(source.package) - (node.level - 1)
    return (*source.package[:kept], *named)


if __name__ == "__main__":
    sys.exit(main())
