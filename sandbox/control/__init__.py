"""The control page: a phone with WeChat in it, and the switches beside it."""

from __future__ import annotations

from . import api, jsbridge, pages
from .blueprint import blueprint

__all__ = ["api", "blueprint", "jsbridge", "pages"]
