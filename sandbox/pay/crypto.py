"""The four cryptographic acts of the payment platform, written on `cryptography` alone.

Messages are lists of lines, each ended by a line feed, the last one too. Signatures are SHA256 with
RSA (PKCS#1 v1.5) in base64; notices are sealed with AES-256-GCM under the merchant's APIv3 key;
sensitive fields travel under RSAES-OAEP with SHA-1.
"""

import base64
import binascii
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

AUTHORIZATION_SCHEME = "WECHATPAY2-SHA256-RSA2048"
_TAG_BYTES = 16
_OAEP = padding.OAEP(mgf=padding.MGF1(SHA1()), algorithm=SHA1(), label=None)  # noqa: S303


class UnreadableError(Exception):
    """A sealed value that does not open: wrong key, changed bytes, or no base64 at all."""


@dataclass(frozen=True, kw_only=True)
class Authorization:
    """The five values of an Authorization header."""

    mchid: str
    nonce_str: str
    signature: str
    timestamp: str
    serial_no: str


def private_key(pem: bytes) -> RSAPrivateKey:
    """Read an RSA private key in PEM; TypeError or ValueError for anything else."""
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("an RSA private key is needed")
    return key


def public_key(pem: bytes) -> RSAPublicKey:
    """Read an RSA public key from a PEM key or certificate; TypeError or ValueError for anything else."""
    certificate = b"BEGIN CERTIFICATE" in pem
    key = load_pem_x509_certificate(pem).public_key() if certificate else load_pem_public_key(pem)
    if not isinstance(key, RSAPublicKey):
        raise TypeError("an RSA public key is needed")
    return key


def message(*lines: str | bytes) -> bytes:
    """Join the lines that are signed; every line, the last too, ends with a line feed."""
    return b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines)


def sign(*, key: RSAPrivateKey, content: bytes) -> str:
    """Return the base64 signature of `content`."""
    return base64.b64encode(key.sign(content, padding.PKCS1v15(), SHA256())).decode()


def verifies(*, key: RSAPublicKey, content: bytes, signature: str) -> bool:
    """Tell whether the base64 `signature` stands for `content`; malformed base64 does not."""
    try:
        key.verify(base64.b64decode(signature, validate=True), content, padding.PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def parse_authorization(header: str) -> Authorization | None:
    """Read an Authorization header; the five values may stand in any order. None when malformed."""
    scheme, _, rest = header.partition(" ")
    if scheme != AUTHORIZATION_SCHEME:
        return None
    values: dict[str, str] = {}
    for part in rest.split(","):
        name, equals, quoted = part.strip().partition("=")
        if not equals or len(quoted) < 2 or quoted[0] != '"' or quoted[-1] != '"' or name in values:
            return None
        values[name] = quoted[1:-1]
    try:
        return Authorization(**values)
    except TypeError:
        return None


def seal(*, key: str, nonce: str, associated_data: str, plaintext: bytes) -> str:
    """Encrypt a notice's resource: base64 of AES-256-GCM data followed by the 16-byte tag."""
    sealed = AESGCM(key.encode()).encrypt(nonce.encode(), plaintext, associated_data.encode())
    return base64.b64encode(sealed).decode()


def unseal(*, key: str, nonce: str, associated_data: str, ciphertext: str) -> bytes:
    """Open what `seal` made. Raises UnreadableError."""
    try:
        data = base64.b64decode(ciphertext, validate=True)
        if len(data) < _TAG_BYTES:
            raise UnreadableError
        return AESGCM(key.encode()).decrypt(nonce.encode(), data, associated_data.encode())
    except (binascii.Error, InvalidTag, ValueError) as error:
        raise UnreadableError from error


def seal_field(*, key: RSAPublicKey, plaintext: str) -> str:
    """Encrypt one sensitive field (RSAES-OAEP, SHA-1) to base64."""
    return base64.b64encode(key.encrypt(plaintext.encode(), _OAEP)).decode()


def unseal_field(*, key: RSAPrivateKey, ciphertext: str) -> str:
    """Open one sensitive field. Raises UnreadableError."""
    try:
        return key.decrypt(base64.b64decode(ciphertext, validate=True), _OAEP).decode()
    except (binascii.Error, ValueError) as error:
        raise UnreadableError from error
