"""How gunicorn serves the shop. Command-line options win over this file; settings come from the environment or `.env`."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from config import VAR, read_dotenv  # noqa: E402 - the folder has to be on the path first

_values = {**read_dotenv(ROOT / ".env"), **os.environ}


def _setting(name: str, default: str) -> str:
    return _values.get(name) or default


_port = _setting("PORT", "8000")

bind = [_setting("WEB_BIND", f"127.0.0.1:{_port}")]
worker_class = "gthread"
workers = int(_setting("WEB_WORKERS", "2"))
threads = int(_setting("WEB_THREADS", "8"))
preload_app = True  # half the start and less memory; sound because creating the app opens no connection
timeout = 30
graceful_timeout = 20
keepalive = 15
limit_request_line = 8190  # whole search words in Chinese, which take nine letters a character
max_requests = 20_000  # a leak in any library stays small
max_requests_jitter = 2_000
forwarded_allow_ips = _setting("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")
control_socket_disable = True
accesslog = None  # the application logs each request itself, without personal data
loglevel = "warning"
if Path("/dev/shm").is_dir():  # noqa: S108 - gunicorn's own heartbeat files; on a disk they can stall a worker
    worker_tmp_dir = "/dev/shm"  # noqa: S108

# Each process writes its counters here and /metrics adds them up; the name must be known before the first import.
_metrics = Path(os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(VAR / "metrics" / _port)))
_metrics.mkdir(parents=True, exist_ok=True)


def on_starting(server: Any) -> None:
    shutil.rmtree(_metrics, ignore_errors=True)
    _metrics.mkdir(parents=True, exist_ok=True)


def child_exit(server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)
