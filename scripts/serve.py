"""Production: the web server and one worker, from settings only. If one ends, the other is ended too."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from config import BadSettings, load_settings
from scripts import commands
from scripts.family import Family


def main() -> int:
    os.chdir(Path(__file__).resolve().parent.parent)
    try:
        load_settings()
    except BadSettings as problem:
        print("\n".join(problem.problems), file=sys.stderr)
        return 1
    family = Family(environment={**os.environ, "FLASK_SKIP_DOTENV": "1"}, prefixed=False)
    family.watch_signals()
    family.start("web", commands.WEB)
    family.start("worker", commands.WORKER)
    fallen = family.wait()
    if fallen is not None:
        family.tell_of(fallen)
    family.stop()
    return 0 if fallen is None else 1


if __name__ == "__main__":
    sys.exit(main())
