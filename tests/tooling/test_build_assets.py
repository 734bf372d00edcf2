"""Front-end files get names that change with their content, and only then."""

from __future__ import annotations

import gzip
import os
import time
from pathlib import Path

import pytest

from scripts import build_assets


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(build_assets, "BUILT", tmp_path / "assets")
    return tmp_path / "assets"


def test_a_change_of_content_changes_the_name(built: Path) -> None:
    first = build_assets.publish(name="web/shop.css", content=b"a{color:red}")
    again = build_assets.publish(name="web/shop.css", content=b"a{color:red}")
    other = build_assets.publish(name="web/shop.css", content=b"a{color:blue}")
    assert first == again != other
    assert (built / first).read_text() == "a{color:red}"


def test_the_packed_copy_is_the_same_on_every_machine_and_unpacks_to_the_original(
    built: Path,
) -> None:
    text = "a{color:red}\n" * 50
    name = build_assets.publish(name="web/shop.css", content=text.encode())
    packed = (built / f"{name}.gz").read_bytes()
    assert gzip.decompress(packed).decode() == text
    assert packed[4:8] == b"\0\0\0\0"  # no time of making


def test_names_no_longer_used_stay_for_open_pages_and_go_after_a_day(built: Path) -> None:
    old = build_assets.publish(name="web/shop.css", content=b"a{color:red}")
    kept = build_assets.publish(name="web/shop.css", content=b"a{color:blue}")
    build_assets.remove_stale(kept={kept})
    assert (built / old).exists()
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(built / old, (two_days_ago, two_days_ago))
    os.utime(built / kept, (two_days_ago, two_days_ago))
    build_assets.remove_stale(kept={kept})
    assert not (built / old).exists()
    assert (built / kept).exists()


def scripts(tmp_path: Path, **texts: str) -> dict[str, Path]:
    """Sources of our own: file names without their ending, and texts."""
    found = {}
    for stem, text in texts.items():
        path = tmp_path / f"{stem}.js"
        path.write_text(text, encoding="utf-8")
        found[f"web/{stem}.js"] = path
    return found


def test_a_script_imports_its_neighbours_by_their_hashed_names(built: Path, tmp_path: Path) -> None:
    sources = scripts(
        tmp_path,
        cart="import { say } from './kit.js';\nconst other = await import('./late.js');\nsay('./kit.js');",
        kit="export const say = (text) => text;",
        late="import './kit.js';",
    )
    first = build_assets.publish_all(sources)
    cart = (built / first["web/cart.js"]).read_text()
    kit, late = (first[name].removeprefix("web/") for name in ("web/kit.js", "web/late.js"))
    assert cart == (
        f"import {{ say }} from './{kit}';\nconst other = await import('./{late}');\nsay('./kit.js');"
    )
    assert (built / first["web/late.js"]).read_text() == f"import './{kit}';"

    (tmp_path / "kit.js").write_text("export const say = (text) => text.trim();", encoding="utf-8")
    second = build_assets.publish_all(sources)
    assert all(second[name] != first[name] for name in sources)  # who imports it has a new name too


def test_scripts_that_import_each_other_are_refused(built: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ring"):
        build_assets.publish_all(scripts(tmp_path, one="import './two.js';", two="import './one.js';"))


def test_an_import_of_a_script_that_is_not_there_stops_the_build(built: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyError, match=r"web/gone\.js"):
        build_assets.publish_all(scripts(tmp_path, one="import './gone.js';"))


def test_regions_come_out_of_the_package_with_their_names() -> None:
    script = """const areaList = {
        province_list: { 110000: "\\u5317\\u4EAC\\u5E02", },
        city_list: { 110100: "\\u5317\\u4EAC\\u5E02", },
        county_list: { 110101: "\\u4E1C\\u57CE\\u533A", 110102: "\\u897F\\u57CE\\u533A" } };"""
    assert build_assets.read_regions(script) == {
        "province_list": {"110000": "北京市"},
        "city_list": {"110100": "北京市"},
        "county_list": {"110101": "东城区", "110102": "西城区"},
    }


def test_a_package_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="province_list"):
        build_assets.read_regions("export default {}")
