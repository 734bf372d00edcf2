"""Settings and test keys of a development shop, made once under `var/dev/` and readable by their owner alone."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from config import read_dotenv

RSA_BITS = 2048
HEAD = "# Made by `make run` for this machine alone: test values for the local sandbox, never for a real account.\n"
STORED: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "SHOP_PII_KEY": lambda: base64.b64encode(secrets.token_bytes(32)).decode(),
    "WX_APPID": lambda: "wx" + secrets.token_hex(8),
    "WX_SECRET": lambda: secrets.token_hex(16),
    "WX_TOKEN": lambda: "test" + secrets.token_hex(12),
    "WX_AES_KEY": lambda: base64.b64encode(_printable(32)).decode().rstrip("="),
    "WXPAY_MCHID": lambda: f"19{secrets.randbelow(10**8):08}",
    "WXPAY_SERIAL": lambda: secrets.token_hex(20).upper(),
    "WXPAY_APIV3_KEY": lambda: secrets.token_hex(16),
    "SMS_API_KEY": lambda: secrets.token_hex(16),
    "WXPAY_PUBLIC_KEY_ID": lambda: f"PUB_KEY_ID_01{secrets.randbelow(10**32):032}",
}


def development_settings(*, folder: Path, port: int, sandbox_port: int) -> dict[str, str]:
    """Everything that the shop and the sandbox need to find and trust each other on this machine."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    shop, sandbox = f"http://localhost:{port}", f"http://localhost:{sandbox_port}"
    merchant = key_pair(folder=folder, name="test-only-merchant")
    platform = key_pair(folder=folder, name="test-only-platform")
    return {
        **stored_settings(folder / "settings.env"),
        "SHOP_ENV": "development",
        "SHOP_BASE_URL": shop,
        "SHOP_CLOCK_FILE": str(folder / "clock"),
        "PORT": str(port),
        "WX_API_BASE": sandbox,
        "WX_OPEN_BASE": sandbox,
        "WX_MP_BASE": sandbox,
        "WX_JSSDK_URL": f"{sandbox}/jssdk/jweixin-1.6.0.js",
        "WXPAY_BASE": sandbox,
        "WXPAY_PRIVATE_KEY_FILE": str(merchant.private),
        "WXPAY_PUBLIC_KEY_FILE": str(platform.public),
        "SMS_API_BASE": f"{sandbox}/sms",
        "SANDBOX_PORT": str(sandbox_port),
        "SANDBOX_PUBLIC_URL": sandbox,
        "SANDBOX_DATABASE": str(folder.parent / "sandbox.db"),
        "SANDBOX_MERCHANT_PUBLIC_KEY_FILE": str(merchant.public),
        "SANDBOX_PLATFORM_PRIVATE_KEY_FILE": str(platform.private),
    }


def stored_settings(path: Path) -> dict[str, str]:
    """The values of the file; those it lacks are made and added, so that an older file keeps working."""
    found = read_dotenv(path)
    missing = {name: make() for name, make in STORED.items() if name not in found}
    if missing:
        values = {**found, **missing}
        write_private(path, HEAD + "".join(f"{name}={value}\n" for name, value in values.items()))
        return values
    return found


class KeyPair:
    """Files of one RSA key pair in PEM."""

    def __init__(self, *, folder: Path, name: str) -> None:
        self.private = folder / f"{name}-private.pem"
        self.public = folder / f"{name}-public.pem"


def key_pair(*, folder: Path, name: str) -> KeyPair:
    pair = KeyPair(folder=folder, name=name)
    if not (pair.private.exists() and pair.public.exists()):
        key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        write_private(pair.private, private.decode())
        write_private(pair.public, public.decode())
    return pair


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, and never readable by others, not even for a moment."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)
    draft.replace(path)


def _printable(length: int) -> bytes:
    """Random bytes whose base64 has letters and digits alone, as EncodingAESKey asks."""
    while True:
        found = secrets.token_bytes(length)
        if base64.b64encode(found).rstrip(b"=").isalnum():
            return found
