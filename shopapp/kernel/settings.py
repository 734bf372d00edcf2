"""The settings of the running application."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from flask import current_app

from config import VAR, Settings


def settings() -> Settings:
    return cast(Settings, current_app.extensions["settings"])


def data_folder() -> Path:
    """Where uploads are kept: beside the SQLite file, else `var`."""
    url = settings().database_url
    return Path(url.removeprefix("sqlite:///")).parent if url.startswith("sqlite:///") else VAR
