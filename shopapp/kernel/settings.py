"""The settings of the running application."""

from __future__ import annotations

from typing import cast

from flask import current_app

from config import Settings


def settings() -> Settings:
    return cast(Settings, current_app.extensions["settings"])
