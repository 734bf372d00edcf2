"""What `make run` makes for a first start."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from config import load_settings
from sandbox.settings import SandboxSettings
from scripts.dev_settings import development_settings, key_pair, stored_settings


def test_shop_and_sandbox_accept_the_settings_and_agree(tmp_path: Path) -> None:
    made = development_settings(folder=tmp_path / "dev", port=8320, sandbox_port=8321)
    shop, sandbox = load_settings(made, dotenv=None), SandboxSettings.from_env(made)
    assert shop.wx_appid == sandbox.appid
    assert shop.wxpay_apiv3_key == sandbox.apiv3_key
    assert shop.wx_api_base == shop.wxpay_base == sandbox.public_url == "http://localhost:8321"
    assert (shop.sms_api_base, shop.sms_api_key) == (f"{sandbox.public_url}/sms", sandbox.sms_key)
    assert shop.base_url == sandbox.shop_url == "http://localhost:8320"
    assert len(base64.b64decode(shop.wx_aes_key + "=", validate=True)) == 32


def test_a_second_start_finds_the_same_settings(tmp_path: Path) -> None:
    first = development_settings(folder=tmp_path, port=8320, sandbox_port=8321)
    assert development_settings(folder=tmp_path, port=8320, sandbox_port=8321) == first


def test_an_older_file_keeps_its_values_and_gains_the_missing_ones(tmp_path: Path) -> None:
    path = tmp_path / "settings.env"
    path.write_text("WX_APPID=wx1111111111111111\n", encoding="utf-8")
    found = stored_settings(path)
    assert found["WX_APPID"] == "wx1111111111111111"
    assert stored_settings(path) == found
    assert len(found["SECRET_KEY"]) >= 32


def test_nobody_else_can_read_keys_and_secrets(tmp_path: Path) -> None:
    folder = tmp_path / "dev"
    development_settings(folder=folder, port=8320, sandbox_port=8321)
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert set(modes.values()) == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_two_halves_of_a_pair_belong_together(tmp_path: Path) -> None:
    pair = key_pair(folder=tmp_path, name="test-only-merchant")
    private = load_pem_private_key(pair.private.read_bytes(), password=None)
    assert private.public_key() == load_pem_public_key(pair.public.read_bytes())


@pytest.mark.parametrize("name", ["SECRET_KEY", "SHOP_PII_KEY", "WX_SECRET", "WXPAY_APIV3_KEY"])
def test_every_machine_gets_secrets_of_its_own(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert (
        stored_settings(tmp_path / "a/settings.env")[name]
        != stored_settings(tmp_path / "b/settings.env")[name]
    )
