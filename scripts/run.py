"""`make run`: a whole shop on one machine. Prepares what is missing, starts the shop, its worker and the sandbox, and
stays in the foreground until Ctrl-C.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from config import ROOT, RUN_SETTINGS, VAR, BadSettings, load_settings, read_dotenv
from scripts import commands
from scripts.dev_settings import HEAD, development_settings, write_private
from scripts.family import Child, Family
from scripts.shop_state import migrations_current, shop_name, table_empty

DEV = VAR / "dev"
OWNER = "owner"
READY_SECONDS = 60
QUIET = {"FLASK_SKIP_DOTENV": "1", "PYTHONUNBUFFERED": "1"}


class NotPossible(Exception):
    """The shop cannot be started; the text is one line for the person who asked."""


def main() -> int:
    os.chdir(ROOT)
    signal.signal(
        signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT)
    )  # while preparing; the family later
    started = time.monotonic()
    try:
        environment = gather_environment()
        for name in ("PORT", "SANDBOX_PORT"):
            refuse_busy_port(name, int(environment[name]))
        keep_for_commands(environment)
        prepare(environment)
    except NotPossible as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    family = Family(environment=environment, prefixed=True)
    family.watch_signals()
    family.start("web", commands.WEB)
    family.start("worker", commands.WORKER)
    family.start("sandbox", commands.SANDBOX)
    try:
        fallen = until_ready(family, environment)
        if fallen is None and not family.stopping.is_set():
            welcome(environment, seconds=time.monotonic() - started)
            subprocess.Popen(
                [*commands.FLASK, "wechat", "publish"], env=environment, stdout=subprocess.DEVNULL
            )
            fallen = family.wait()
    except NotPossible as problem:
        print(problem, file=sys.stderr)
        return 1
    finally:
        if family.stopping.is_set():
            print("\n正在停止 · stopping …", flush=True)
        family.stop()
    if fallen is not None:
        family.tell_of(fallen)
    return 0 if fallen is None else 1


def gather_environment() -> dict[str, str]:
    """The person's own settings beat the development ones made here. Raises `NotPossible`."""
    own = {**read_dotenv(ROOT / ".env"), **os.environ}
    if own.get("SHOP_ENV", "development") != "development":
        raise NotPossible("make run is for development; with SHOP_ENV=production use make serve")
    ports = {}
    for name, usual in (("PORT", "8000"), ("SANDBOX_PORT", "8100")):
        text = own.get(name) or usual
        if not text.isdigit() or not 0 < int(text) < 65536:
            raise NotPossible(f"{name} must be a number of a port, not {text!r}")
        ports[name] = int(text)
    if ports["PORT"] == ports["SANDBOX_PORT"]:
        raise NotPossible("PORT and SANDBOX_PORT must differ")
    made = development_settings(folder=DEV, port=ports["PORT"], sandbox_port=ports["SANDBOX_PORT"])
    return {**made, **{name: value for name, value in own.items() if value or name not in made}, **QUIET}


def keep_for_commands(environment: dict[str, str]) -> None:
    """Have commands in another shell speak to this shop, with its keys, its database and its clock."""
    made = development_settings(
        folder=DEV, port=int(environment["PORT"]), sandbox_port=int(environment["SANDBOX_PORT"])
    )
    write_private(RUN_SETTINGS, HEAD + "".join(f"{name}={environment[name]}\n" for name in made))


def refuse_busy_port(name: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as problem:
            raise NotPossible(
                f"端口 {port} 已被占用 · port {port} is in use; stop what runs there, or choose another: "
                f"{name}={port + 10} make run"
            ) from problem


def prepare(environment: dict[str, str]) -> None:
    """Database, goods and a person who may sign in, each only if missing; the sandbox's account is called as the shop is.

    Raises `NotPossible`.
    """
    try:
        url = load_settings(environment).database_url
    except BadSettings as problem:
        raise NotPossible("\n".join(problem.problems)) from problem
    if not migrations_current(url):
        say("正在建立数据库 · database")
        flask(environment, "db", "upgrade")
    if table_empty(url, "products"):
        say("正在布置示例店铺 · demo shop (once)")
        flask(environment, "demo", "load")
    environment.setdefault("SANDBOX_ACCOUNT_NAME", shop_name(url))
    if table_empty(url, "staff"):
        flask(
            environment | {"SHOP_PASSWORD": owner_password()},
            "staff",
            "create",
            "--name",
            OWNER,
            "--role",
            "owner",
        )


def flask(environment: dict[str, str], *arguments: str) -> None:
    done = subprocess.run([*commands.FLASK, *arguments], env=environment, check=False)
    if done.returncode != 0:
        raise NotPossible(f"flask {' '.join(arguments)} failed (exit {done.returncode})")


def owner_password() -> str:
    """That of `var/dev/credentials`, made on the first start."""
    path = DEV / "credentials"
    known = read_dotenv(path).get("password")
    if known:
        return known
    password = f"{secrets.token_urlsafe(9)}-{secrets.randbelow(1000):03}"
    write_private(path, f"# The console of the development shop.\nname={OWNER}\npassword={password}\n")
    return password


def until_ready(family: Family, environment: dict[str, str]) -> Child | None:
    """None once shop and sandbox answer (or a stop was asked for); the child that fell meanwhile otherwise."""
    deadline = time.monotonic() + READY_SECONDS
    waited_for = {
        "shop": f"http://127.0.0.1:{environment['PORT']}/readyz",
        "sandbox": f"http://127.0.0.1:{environment['SANDBOX_PORT']}/",
    }
    while not family.stopping.wait(0.1):
        fallen = family.fallen()
        if fallen is not None:
            return fallen
        waited_for = {name: url for name, url in waited_for.items() if not answers(url)}
        if not waited_for:
            return None
        if time.monotonic() > deadline:
            raise NotPossible(
                f"not ready after {READY_SECONDS} s: {', '.join(waited_for)}; see the lines above"
            )
    return None


def answers(url: str) -> bool:
    """`/readyz` says 503 until all is there; any other answer is one."""
    try:
        with urlopen(url, timeout=2):
            return True
    except HTTPError as refusal:
        return refusal.code < HTTPStatus.INTERNAL_SERVER_ERROR
    except (URLError, OSError):
        return False


def welcome(environment: dict[str, str], *, seconds: float) -> None:
    shop, sandbox = environment["SHOP_BASE_URL"], environment["SANDBOX_PUBLIC_URL"]
    known = read_dotenv(DEV / "credentials")
    sign_in = f"{known['name']} / {known['password']}" if known else "your own staff account"
    print(
        f"""
  回头 已就绪 · Huitou is ready ({seconds:.1f} s)

  从这里开始：微信沙箱 · start here: the phone   {sandbox}
  店铺 · the shop                               {shop}
  管理后台 · the console                         {shop}/admin/    {sign_in}
  接口文档 · the API                             {shop}/api/docs

  登录信息存于 · sign-in kept in  {Path(DEV / "credentials").relative_to(ROOT)}
  按 Ctrl-C 停止 · Ctrl-C stops all
""",
        flush=True,
    )


def say(text: str) -> None:
    print(f"{text} …", flush=True)


if __name__ == "__main__":
    sys.exit(main())
