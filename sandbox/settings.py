"""Settings of the sandbox, read from the environment alone."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

MODES = ("plain", "compatible", "safe")
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class SettingsError(Exception):
    """The sandbox can't start with these settings; the text is one line for the operator."""


@dataclass(frozen=True)
class SandboxSettings:
    """What one sandbox process is told. Times in seconds, money in fen."""

    port: int = 8100
    host: str = "127.0.0.1"
    database: Path = Path("var/sandbox.db")
    public_url: str = "http://localhost:8100"
    shop_url: str = "http://localhost:8000"
    clock_file: Path | None = None
    ticker: bool = True
    appid: str = "wx0123456789abcdef"
    secret: str = "0123456789abcdef0123456789abcdef"
    token: str = "shopToken2026"
    aes_key: str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
    callback_mode: str = "safe"
    gh_id: str = "gh_0123456789ab"
    account_name: str = "回头小铺"
    mchid: str = "1900000001"
    merchant_serial: str = "4A1F00000000000000000000000000000000C0DE"
    apiv3_key: str = "0123456789abcdefghijABCDEFGHIJ01"
    sms_key: str = "0123456789abcdef-sms"
    platform_key_id: str = "PUB_KEY_ID_0119000000012026010100000000000001"
    merchant_public_key_file: Path | None = None
    platform_private_key_file: Path | None = None
    web_auth_domains: tuple[str, ...] = field(default=())

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> SandboxSettings:
        """Read `env`; raises SettingsError with one line on a wrong or forbidden value."""
        if env.get("SHOP_ENV", "development") == "production":
            raise SettingsError("沙箱只用于开发和测试：SHOP_ENV=production 时拒绝启动")
        mode = env.get("SANDBOX_CALLBACK_MODE", cls.callback_mode)
        if mode not in MODES:
            raise SettingsError(f"SANDBOX_CALLBACK_MODE 只能是 {'、'.join(MODES)}，现在是 {mode!r}")
        aes_key = env.get("WX_AES_KEY", cls.aes_key)
        if len(aes_key) != 43 or not _is_base64(aes_key + "="):
            raise SettingsError("WX_AES_KEY 须为 43 位字母和数字")
        return cls(
            port=_number(env, "SANDBOX_PORT", cls.port),
            host=env.get("SANDBOX_HOST", cls.host),
            database=Path(env.get("SANDBOX_DATABASE", str(cls.database))),
            public_url=_address(
                env, "SANDBOX_PUBLIC_URL", f"http://localhost:{env.get('SANDBOX_PORT', cls.port)}"
            ),
            shop_url=_address(env, "SHOP_BASE_URL", cls.shop_url),
            clock_file=_path(env, "SHOP_CLOCK_FILE"),
            ticker=env.get("SANDBOX_TICKER", "on") != "off",
            appid=env.get("WX_APPID", cls.appid),
            secret=env.get("WX_SECRET", cls.secret),
            token=env.get("WX_TOKEN", cls.token),
            aes_key=aes_key,
            callback_mode=mode,
            account_name=env.get("SANDBOX_ACCOUNT_NAME", cls.account_name),
            mchid=env.get("WXPAY_MCHID", cls.mchid),
            merchant_serial=env.get("WXPAY_SERIAL", cls.merchant_serial),
            apiv3_key=env.get("WXPAY_APIV3_KEY", cls.apiv3_key),
            sms_key=env.get("SMS_API_KEY") or cls.sms_key,
            platform_key_id=env.get("WXPAY_PUBLIC_KEY_ID", cls.platform_key_id),
            merchant_public_key_file=_path(env, "SANDBOX_MERCHANT_PUBLIC_KEY_FILE"),
            platform_private_key_file=_path(env, "SANDBOX_PLATFORM_PRIVATE_KEY_FILE"),
            web_auth_domains=tuple(d for d in env.get("SANDBOX_WEB_AUTH_DOMAINS", "").split(",") if d),
        )

    @property
    def callback_url(self) -> str:
        return f"{self.shop_url}/wechat/callback"

    @property
    def trusted_hosts(self) -> frozenset[str]:
        """Host names allowed for web authorisation and JS-SDK signatures."""
        own = urlsplit(self.shop_url).hostname or ""
        hosts = {own, *self.web_auth_domains}
        if own in LOOPBACK:
            hosts.update(LOOPBACK)
        return frozenset(hosts)


def _address(env: Mapping[str, str], name: str, default: str) -> str:
    value = env.get(name, default).rstrip("/")
    if urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname:
        raise SettingsError(f"{name} 须为完整网址，现在是 {value!r}")
    return value


def _number(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name, str(default))
    if not value.isdigit():
        raise SettingsError(f"{name} 须为整数，现在是 {value!r}")
    return int(value)


def _path(env: Mapping[str, str], name: str) -> Path | None:
    return Path(env[name]) if env.get(name) else None


def _is_base64(value: str) -> bool:
    try:
        return len(base64.b64decode(value)) == 32
    except ValueError:
        return False


_current: list[SandboxSettings] = []


def use(settings: SandboxSettings) -> None:
    """Make `settings` those of this process."""
    _current[:] = [settings]


def current() -> SandboxSettings:
    """The settings of this process; raises IndexError before `use`."""
    return _current[0]
