"""Settings are refused at start when wrong, with one line each."""

from __future__ import annotations

from pathlib import Path

import pytest

import config
from config import BadSettings, load_settings


def problems(**values: str) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        load_settings(values, dotenv=None)
    return caught.value.problems


def test_development_needs_nothing() -> None:
    settings = load_settings({}, dotenv=None)
    assert settings.database_url.startswith("sqlite:///")
    assert settings.rate_limits


def test_production_says_everything_that_is_missing() -> None:
    said = problems(SHOP_ENV="production")
    for name in ("SHOP_BASE_URL", "SECRET_KEY", "SHOP_PII_KEY", "WX_APPID", "WX_AES_KEY", "WXPAY_APIV3_KEY"):
        assert [line for line in said if line.startswith(f"{name} ")] == [f"{name} is missing"], name


def test_time_travel_and_switched_off_limits_are_refused_in_production() -> None:
    said = problems(SHOP_ENV="production", SHOP_CLOCK_FILE="clock", SHOP_RATE_LIMITS="off")
    assert "SHOP_CLOCK_FILE is refused in production" in said
    assert "SHOP_RATE_LIMITS=off is refused in production" in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHOP_ENV", "staging"),
        ("SHOP_PII_KEY", "short"),
        ("DATABASE_URL", "mysql://x"),
        ("REDIS_URL", "http://x"),
        ("SHOP_BASE_URL", "shop.example"),
        ("WX_AES_KEY", "short"),
        ("WXPAY_APIV3_KEY", "short"),
        ("WXPAY_PRIVATE_KEY_FILE", "/nowhere/key.pem"),
        ("SHOP_RATE_LIMITS", "perhaps"),
        ("SHOP_IMPORT_FOLDER", "/nowhere/exports"),
    ],
)
def test_a_wrong_value_is_named_once(name: str, value: str) -> None:
    said = problems(**{name: value})
    assert len(said) == 1
    assert said[0].startswith(name)
    assert name.endswith("KEY") is False or value not in said[0]


def test_the_environment_beats_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# a note\nWX_APPID='wxfile'\nWX_SECRET=filesecret\n", encoding="utf-8")
    settings = load_settings({"WX_APPID": "wxenv"}, dotenv=file)
    assert (settings.wx_appid, settings.wx_secret) == ("wxenv", "filesecret")


def test_a_command_beside_make_run_speaks_to_its_shop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, none = tmp_path / "run.env", tmp_path / ".env"
    run.write_text("WX_APPID=wxrun\nSHOP_ENV=development\n", encoding="utf-8")
    monkeypatch.setattr(config, "RUN_SETTINGS", run)
    assert load_settings({}, dotenv=none).wx_appid == "wxrun"
    assert load_settings({"WX_APPID": "wxown"}, dotenv=none).wx_appid == "wxown"
    assert load_settings({}, dotenv=None).wx_appid != "wxrun"
    assert load_settings({"SHOP_ENV": "test"}, dotenv=none).wx_appid != "wxrun"
    none.write_text("WX_APPID=wxfile\n", encoding="utf-8")
    assert load_settings({}, dotenv=none).wx_appid == "wxfile"
