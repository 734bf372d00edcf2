"""How the places where people buy are called."""

from __future__ import annotations

from typing import Any

from shopapp.kernel.i18n import _l
from shopapp.members.marketplace.wording import PLATFORM_NAMES

from .rules import OWN

SOURCE_NAMES: dict[str, Any] = {OWN: _l("本店商城"), **PLATFORM_NAMES}
