"""The second factor: codes of thirty seconds by RFC 6238, from an app on the staff member's phone."""

from __future__ import annotations

from datetime import datetime

import pyotp
import segno

ISSUER = "Huitou"
STEP_SECONDS = 30
STEPS_EITHER_SIDE = 1


def new_secret() -> str:
    return pyotp.random_base32()


def enrolment_address(*, secret: str, name: str) -> str:
    """What the app reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def qr_picture(address: str) -> str:
    """A QR code as a `data:` address of a PNG."""
    return str(segno.make(address, error="m").png_data_uri(scale=5, border=2))


def matching_step(*, secret: str, code: str, after: int, now: datetime) -> int | None:
    """The step of this code, one step of clock drift allowed; only steps later than `after` count, so none works twice."""
    totp = pyotp.TOTP(secret)
    present = int(now.timestamp()) // STEP_SECONDS
    for step in range(present - STEPS_EITHER_SIDE, present + STEPS_EITHER_SIDE + 1):
        if step > after and pyotp.utils.strings_equal(totp.at(step * STEP_SECONDS), code):
            return step
    return None
