"""Settings: read once from the environment (which beats a `.env` file), typed, refused at start when wrong."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent
VAR = ROOT / "var"
RUN_SETTINGS = VAR / "dev/run.env"
"""What `make run` last started with."""
ENVIRONMENTS = ("development", "test", "production")


class BadSettings(Exception):
    """One or more settings are wrong or missing; `problems` holds one line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of the shop. Secrets are left out of `repr`-like output by never logging this object."""

    env: str
    base_url: str
    secret_key: str
    pii_keys: tuple[bytes, ...]
    database_url: str
    redis_url: str | None
    wx_appid: str
    wx_secret: str
    wx_token: str
    wx_aes_key: str
    wx_api_base: str
    wx_open_base: str
    wx_mp_base: str
    wx_jssdk_url: str
    wecom_base: str
    wxpay_base: str
    wxpay_mchid: str
    wxpay_serial: str
    wxpay_private_key_file: str
    wxpay_apiv3_key: str
    wxpay_public_key_id: str
    wxpay_public_key_file: str
    sms_api_base: str
    sms_api_key: str
    import_folder: str | None
    clock_file: str | None
    rate_limits: bool
    trusted_proxies: int

    @property
    def production(self) -> bool:
        return self.env == "production"

    @property
    def on_real_platform(self) -> bool:
        """True when web authorisation happens at WeChat itself, so pages that need it must be open inside WeChat."""
        return urlsplit(self.wx_open_base).hostname == "open.weixin.qq.com"

    def origin(self) -> str:
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"


def read_dotenv(path: Path) -> dict[str, str]:
    """`NAME=value` lines; blank lines and `#` comments are passed over; matching quotes are taken off."""
    if not path.is_file():
        return {}
    found: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.strip().partition("=")
        if not equals or name.startswith("#"):
            continue
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        found[name.strip()] = value
    return found


def load_settings(
    environ: Mapping[str, str] | None = None, *, dotenv: Path | None = ROOT / ".env"
) -> Settings:
    """Raises `BadSettings` with one line for each setting that is wrong or missing.

    In development without a `.env` file, a command speaks to the shop that `make run` made on this machine.
    """
    given = os.environ if environ is None else environ
    if dotenv is not None and not dotenv.is_file() and given.get("SHOP_ENV") in (None, "", "development"):
        dotenv = RUN_SETTINGS
    values = {**(read_dotenv(dotenv) if dotenv else {}), **given}
    return _Reader(values).settings()


class _Reader:
    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self.problems: list[str] = []
        self.env = values.get("SHOP_ENV") or "development"
        if self.env not in ENVIRONMENTS:
            self.problems.append(f"SHOP_ENV must be one of {', '.join(ENVIRONMENTS)}, not {self.env!r}")
        self.strict = self.env == "production"

    def text(
        self,
        name: str,
        *,
        default: str = "",
        needed: bool = False,
        check: Callable[[str], bool] | None = None,
        rule: str = "",
    ) -> str:
        value = self.values.get(name, "") or ("" if needed and self.strict else default)
        if not value and needed and self.strict:
            self.problems.append(f"{name} is missing")
        elif value and check is not None and not check(value):
            self.problems.append(f"{name} {rule}")
        return value

    def url(self, name: str, *, default: str, needed: bool = False) -> str:
        def good(value: str) -> bool:
            parts = urlsplit(value)
            return parts.scheme in ("http", "https") and bool(parts.hostname)

        value = self.text(name, default=default, needed=needed, check=good, rule="must be an http(s) address")
        return value.rstrip("/")

    def pii_keys(self) -> tuple[bytes, ...]:
        raw = self.text(
            "SHOP_PII_KEY",
            needed=True,
            default=base64.b64encode(b"development-only-key-32-bytes-ok").decode(),
        )
        keys: list[bytes] = []
        for part in raw.split(","):
            try:
                key = base64.b64decode(part.strip(), validate=True)
            except (binascii.Error, ValueError):
                key = b""
            if len(key) != 32:
                if raw:
                    self.problems.append(
                        "SHOP_PII_KEY must be 32 bytes in base64; several are separated by commas"
                    )
                return ()
            keys.append(key)
        return tuple(keys)

    def readable_file(self, name: str) -> str:
        return self.text(
            name,
            needed=True,
            check=lambda path: Path(path).is_file(),
            rule="names a file that does not exist",
        )

    def switch(self, name: str) -> bool:
        value = self.values.get(name, "on") or "on"
        if value not in ("on", "off"):
            self.problems.append(f"{name} must be on or off")
        if value == "off" and self.strict:
            self.problems.append(f"{name}=off is refused in production")
        return value != "off"

    def count(self, name: str) -> int:
        value = self.text(name, default="0", check=str.isdigit, rule="must be a number, 0 or more")
        return int(value) if value.isdigit() else 0

    def clock_file(self) -> str | None:
        value = self.values.get("SHOP_CLOCK_FILE") or None
        if value and self.strict:
            self.problems.append("SHOP_CLOCK_FILE is refused in production")
        return value

    def settings(self) -> Settings:
        api = "https://api.weixin.qq.com"
        port = self.values.get("PORT") or "8000"
        database_default = f"sqlite:///{VAR / 'shop.db'}"
        settings = Settings(
            env=self.env,
            base_url=self.url("SHOP_BASE_URL", default=f"http://localhost:{port}", needed=True),
            secret_key=self.text(
                "SECRET_KEY",
                default="development-only-secret-key",
                needed=True,
                check=lambda value: len(value) >= 16,
                rule="must have at least 16 characters",
            ),
            pii_keys=self.pii_keys(),
            database_url=self.text(
                "DATABASE_URL",
                default=database_default,
                check=lambda url: url.startswith(("sqlite:///", "postgresql+psycopg://")),
                rule="must begin with sqlite:/// or postgresql+psycopg://",
            ),
            redis_url=self.text(
                "REDIS_URL",
                check=lambda url: url.startswith(("redis://", "rediss://", "unix://")),
                rule="must begin with redis://, rediss:// or unix://",
            )
            or None,
            wx_appid=self.text("WX_APPID", default="wx0000000000000000", needed=True),
            wx_secret=self.text("WX_SECRET", default="development", needed=True),
            wx_token=self.text("WX_TOKEN", default="development", needed=True),
            wx_aes_key=self.text(
                "WX_AES_KEY",
                default="0" * 43,
                needed=True,
                check=lambda key: re.fullmatch(r"[A-Za-z0-9+/]{43}", key) is not None,
                rule="must be the 43 letters and digits of EncodingAESKey",
            ),
            wx_api_base=self.url("WX_API_BASE", default=api),
            wx_open_base=self.url("WX_OPEN_BASE", default="https://open.weixin.qq.com"),
            wx_mp_base=self.url("WX_MP_BASE", default="https://mp.weixin.qq.com"),
            wx_jssdk_url=self.url("WX_JSSDK_URL", default="https://res.wx.qq.com/open/js/jweixin-1.6.0.js"),
            wecom_base=self.url("WECOM_BASE", default="https://qyapi.weixin.qq.com"),
            wxpay_base=self.url("WXPAY_BASE", default="https://api.mch.weixin.qq.com"),
            wxpay_mchid=self.text("WXPAY_MCHID", default="1900000000", needed=True),
            wxpay_serial=self.text("WXPAY_SERIAL", default="00", needed=True),
            wxpay_private_key_file=self.readable_file("WXPAY_PRIVATE_KEY_FILE"),
            wxpay_apiv3_key=self.text(
                "WXPAY_APIV3_KEY",
                default="0" * 32,
                needed=True,
                check=lambda key: len(key.encode()) == 32,
                rule="must have 32 characters",
            ),
            wxpay_public_key_id=self.text("WXPAY_PUBLIC_KEY_ID", default="PUB_KEY_ID_0", needed=True),
            wxpay_public_key_file=self.readable_file("WXPAY_PUBLIC_KEY_FILE"),
            sms_api_base=self.url("SMS_API_BASE", default=""),
            sms_api_key=self.text("SMS_API_KEY"),
            import_folder=self.text(
                "SHOP_IMPORT_FOLDER",
                check=lambda path: Path(path).is_dir(),
                rule="names a folder that does not exist",
            )
            or None,
            clock_file=self.clock_file(),
            rate_limits=self.switch("SHOP_RATE_LIMITS"),
            trusted_proxies=self.count("SHOP_TRUSTED_PROXIES"),
        )
        if self.strict and settings.base_url.startswith("http://"):
            self.problems.append("SHOP_BASE_URL must be an https address in production")
        if bool(settings.sms_api_base) != bool(settings.sms_api_key):
            self.problems.append("SMS_API_BASE and SMS_API_KEY go together")
        if self.strict and settings.sms_api_base.startswith("http://"):
            self.problems.append("SMS_API_BASE must be an https address in production")
        if self.problems:
            raise BadSettings(self.problems)
        return settings
