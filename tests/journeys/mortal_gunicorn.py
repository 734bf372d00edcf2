"""The shop's own gunicorn settings, with web processes that can be told to die."""

import os
import runpy
from pathlib import Path
from typing import Any

from tests.journeys import mortal

ROOT = Path(__file__).resolve().parents[2]
_own = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
globals().update({name: value for name, value in _own.items() if not name.startswith("_")})


def post_worker_init(worker: Any) -> None:
    mortal.watch(Path(os.environ[mortal.WEB_ORDER]))
