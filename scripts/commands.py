"""The command lines of the product's processes."""

from __future__ import annotations

import sys

WEB = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
FLASK = [sys.executable, "-m", "flask", "--app", "wsgi"]
WORKER = [*FLASK, "work"]
SANDBOX = [sys.executable, "-m", "sandbox"]
