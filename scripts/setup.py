"""Installs what the shop needs into `.venv`, compiles its English texts and builds its front-end files. Runs outside
the virtualenv, on the standard library alone; what is already there is recognised by the hash of its list, so that a
second run is instant.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
PYTHON_MIN = (3, 11)
CATALOGUE = ROOT / "shopapp/translations/en/LC_MESSAGES/messages.po"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    if sys.version_info < PYTHON_MIN:
        return _refuse("Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ".")
    make_virtualenv()
    install(Path("requirements.txt"))
    if arguments.dev:
        install(Path("requirements-dev.txt"))
    compile_catalogue()
    return subprocess.run([VENV_PYTHON, "-m", "scripts.build_assets"], check=False).returncode


def make_virtualenv() -> None:
    """A virtualenv whose Python no longer starts (the machine's was replaced) is made anew."""
    if VENV_PYTHON.exists() and subprocess.run([VENV_PYTHON, "-c", ""], check=False).returncode == 0:
        return
    print("Making the virtualenv .venv …", flush=True)
    try:
        venv.create(VENV, clear=True, with_pip=True)
    except subprocess.CalledProcessError:
        sys.exit(
            _refuse(
                "This Python cannot make a virtualenv. On Debian and Ubuntu: apt-get install python3-venv"
            )
        )


def install(requirements: Path) -> None:
    listed = requirements.read_bytes() + Path("requirements.txt").read_bytes() + sys.version.encode()
    stamp = VENV / f".{requirements.stem}.installed"
    wanted = hashlib.sha256(listed).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"Installing {requirements} …", flush=True)
    pip = [str(VENV_PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*pip, "--requirement", str(requirements)], check=False).returncode != 0:
        sys.exit(_refuse(f"{requirements} could not be installed; pip says why above."))
    stamp.write_text(wanted)


def compile_catalogue() -> None:
    """Without it the shop works too, in Chinese alone, so a failure is told and nothing more."""
    compiled = CATALOGUE.with_suffix(".mo")
    if compiled.exists() and compiled.stat().st_mtime >= CATALOGUE.stat().st_mtime:
        return
    if subprocess.run([VENV_PYTHON, "-m", "scripts.translations", "compile"], check=False).returncode != 0:
        print("The English texts could not be compiled; the shop speaks Chinese alone.", file=sys.stderr)


def _refuse(text: str) -> int:
    print(text, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
