"""Settings and keys for tests. The keys come from the published test vectors and protect nothing."""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).resolve().parents[1] / "data" / "wechat-vectors.json"


@cache
def vectors() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(VECTORS.read_text(encoding="utf-8"))
    return found


def test_environment(folder: Path) -> dict[str, str]:
    """Settings of a shop whose merchant and platform keys are those of the vectors; key files go into the folder."""
    keys = vectors()["keys"]
    private, public = folder / "TEST-merchant-private.pem", folder / "TEST-platform-public.pem"
    private.write_text(keys["merchant_private_key_pem"], encoding="ascii")
    public.write_text(keys["platform_public_key_pem"], encoding="ascii")
    return {
        "SHOP_ENV": "test",
        "SHOP_BASE_URL": "http://localhost",
        "SECRET_KEY": "TEST-secret-key-of-the-tests",
        "SHOP_PII_KEY": base64.b64encode(b"TEST-key-for-personal-data-32-by").decode(),
        "SHOP_RATE_LIMITS": "on",
        "WX_APPID": "wx0123456789abcdef",
        "WX_SECRET": "TEST-app-secret",
        "WX_TOKEN": "shopToken2026",
        "WX_AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        "SMS_API_BASE": "http://sms.invalid",
        "SMS_API_KEY": "TEST-sms-key",
        "WXPAY_MCHID": keys["merchant_mchid"],
        "WXPAY_SERIAL": keys["merchant_serial_no"],
        "WXPAY_PRIVATE_KEY_FILE": str(private),
        "WXPAY_APIV3_KEY": keys["apiv3_key"],
        "WXPAY_PUBLIC_KEY_ID": keys["platform_public_key_id"],
        "WXPAY_PUBLIC_KEY_FILE": str(public),
    }


test_environment.__test__ = False  # type: ignore[attr-defined]
