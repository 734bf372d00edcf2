"""All checks that need no running: style, types, layers, house rules, security. Runs every one, then says which failed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
CHECKS: dict[str, list[str | Path]] = {
    "style": [BIN / "ruff", "check", "--quiet", "."],
    "format": [BIN / "ruff", "format", "--check", "--quiet", "."],
    "types": [BIN / "mypy", "--no-error-summary"],
    "layers": [BIN / "lint-imports", "--no-logo"],
    "house": [sys.executable, "-m", "scripts.check_house"],
    "security": [
        *(BIN / "bandit", "--configfile", "pyproject.toml", "--quiet", "--severity-level", "medium"),
        *("--recursive", "config.py", "shopapp"),
    ],
}


def main() -> int:
    failed = []
    for name, command in CHECKS.items():
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        print(f"{name:9} {'ok' if done.returncode == 0 else 'failed'}", flush=True)
        if done.returncode != 0:
            failed.append(name)
            print(done.stdout + done.stderr, flush=True)
    if failed:
        print(f"Failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
