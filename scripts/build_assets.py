"""Gathers the front-end files into `var/assets/`: names with a hash of their content, gzip copies beside them, and
`manifest.json` (logical name to hashed name). Third parties' files come through npm and are never committed; without
them the storefront works from its own sources. Does nothing when nothing has changed since the last run.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts.node import install_packages

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "var" / "assets"
PACKAGES = ROOT / "node_modules"
OWN = {"web": ROOT / "shopapp/web/static", "admin": ROOT / "shopapp/admin/static"}
VENDOR = {
    "vendor/alpine-csp.min.js": "@alpinejs/csp/dist/cdn.min.js",
    "vendor/axe.min.js": "axe-core/axe.min.js",
    "vendor/echarts.min.js": "echarts/dist/echarts.min.js",
    "vendor/htmx.min.js": "htmx.org/dist/htmx.min.js",
    "vendor/tabler-theme.min.js": "@tabler/core/dist/js/tabler-theme.min.js",
    "vendor/tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "vendor/tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
}
AREAS = PACKAGES / "@vant/area-data/dist/index.js"
COMPRESSED = {".css", ".js", ".json", ".svg", ".txt"}
RELATIVE_IMPORT = re.compile(
    r"""(?P<before>\b(?:from|import)\s*\(?\s*)(?P<quote>['"])\./(?P<file>[\w.-]+\.js)(?P=quote)"""
)
STALE_SECONDS = 24 * 3600  # pages served before a new build still ask for the old names


def main() -> int:
    complete = install_packages(root=ROOT)
    if not complete and os.environ.get("REQUIRE_ALL") == "1":
        return 1
    sources = dict(find_sources())
    fingerprint = fingerprint_of(sources)
    stamp = BUILT / ".fingerprint"
    if stamp.exists() and stamp.read_text() == fingerprint:
        return 0
    BUILT.mkdir(parents=True, exist_ok=True)
    manifest = publish_all(sources)
    if AREAS.exists():
        regions = json.dumps(
            read_regions(AREAS.read_text(encoding="utf-8")), ensure_ascii=False, separators=(",", ":")
        )
        replace(BUILT / "regions.json", regions.encode())
        manifest["regions.json"] = publish(name="regions.json", content=regions.encode())
    replace(BUILT / "manifest.json", json.dumps(manifest, indent=1, sort_keys=True).encode())
    remove_stale(kept=set(manifest.values()))
    stamp.write_text(fingerprint)
    print(f"Built {len(manifest)} front-end files.", flush=True)
    return 0


def find_sources() -> Iterator[tuple[str, Path]]:
    """Every logical name with the file it is made from."""
    for area, folder in OWN.items():
        for path in folder.rglob("*"):
            if path.is_file() and not path.name.startswith("."):
                yield f"{area}/{path.relative_to(folder).as_posix()}", path
    for name, inside in VENDOR.items():
        if (PACKAGES / inside).is_file():
            yield name, PACKAGES / inside


def fingerprint_of(sources: dict[str, Path]) -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for name, path in sorted([*sources.items(), *([("regions.json", AREAS)] if AREAS.exists() else [])]):
        status = path.stat()
        digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def publish_all(sources: dict[str, Path]) -> dict[str, str]:
    """Every logical name with its hashed one. A script comes after those it imports, and imports them by that name."""
    manifest: dict[str, str] = {}
    waiting: list[str] = []

    def one(name: str) -> str:
        if name in manifest:
            return manifest[name]
        if name in waiting:
            raise ValueError(f"scripts import each other in a ring: {' -> '.join([*waiting, name])}")
        waiting.append(name)
        content = sources[name].read_bytes()
        if name.endswith(".js") and name.split("/", maxsplit=1)[0] in OWN:
            content = with_hashed_imports(content.decode(), name=name, hashed=one).encode()
        waiting.remove(name)
        manifest[name] = publish(name=name, content=content)
        return manifest[name]

    for name in sorted(sources):
        one(name)
    return manifest


def with_hashed_imports(script: str, *, name: str, hashed: Callable[[str], str]) -> str:
    """The script with `from './other.js'` turned to the hashed name of its neighbour, as `hashed` tells it."""
    folder = name.rpartition("/")[0]

    def renamed(match: re.Match[str]) -> str:
        neighbour = hashed(f"{folder}/{match['file']}")
        return f"{match['before']}{match['quote']}./{neighbour.rpartition('/')[2]}{match['quote']}"

    return RELATIVE_IMPORT.sub(renamed, script)


def publish(*, name: str, content: bytes) -> str:
    """Write the content, and its gzip copy if that is smaller, under its hashed name; return that name."""
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - a logical name, not a path
    hashed = f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}{suffix}"
    target = BUILT / hashed
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        replace(target, content)
        packed = gzip.compress(content, compresslevel=9, mtime=0) if suffix in COMPRESSED else content
        if len(packed) < len(content):
            replace(target.with_name(target.name + ".gz"), packed)
    return hashed


def replace(target: Path, content: bytes) -> None:
    """A reader sees the whole old file or the whole new one."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(target)


def read_regions(script: str) -> dict[str, dict[str, str]]:
    """`{"province_list": {"110000": "北京市"}, "city_list": …, "county_list": …}` from the package's script."""
    regions: dict[str, dict[str, str]] = {}
    for level in ("province", "city", "county"):
        block = re.search(rf"{level}_list: \{{(.*?)\}}", script, re.DOTALL)
        if block is None:
            raise ValueError(f"the region package has no {level}_list")
        pairs = re.findall(r'(\d{6}): ("(?:[^"\\]|\\.)*")', block[1])
        regions[f"{level}_list"] = {code: json.loads(name) for code, name in pairs}
    return regions


def remove_stale(*, kept: set[str]) -> None:
    oldest = time.time() - STALE_SECONDS
    for path in BUILT.rglob("*"):
        name = path.relative_to(BUILT).as_posix().removesuffix(".gz")
        named = name in kept or path.name in ("manifest.json", "regions.json", ".fingerprint")
        if path.is_file() and not named and path.stat().st_mtime < oldest:
            path.unlink()


if __name__ == "__main__":
    sys.exit(main())
