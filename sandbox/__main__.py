"""`python -m sandbox`: serve the sandbox until interrupted."""

from __future__ import annotations

import logging
import os
import sys

from werkzeug.serving import run_simple

from . import create_sandbox, people
from .settings import SandboxSettings, SettingsError

FIRST_PEOPLE = ("小美", "阿强", "林姐")


def main() -> int:
    """Serve until interrupted; 1 with one line on stderr if the settings forbid it."""
    try:
        config = SandboxSettings.from_env(os.environ)
    except SettingsError as refusal:
        print(refusal, file=sys.stderr)
        return 1
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    app = create_sandbox(config)
    if not people.everyone():
        for nickname in FIRST_PEOPLE:
            people.create(nickname=nickname)
    print(f"微信沙箱：{config.public_url}", flush=True)
    run_simple(config.host, config.port, app, threaded=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
