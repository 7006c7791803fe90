"""gunicorn's settings, and the outbox worker that lives and ends with it.

``gunicorn -c python:roundtable.gunicorn_conf`` is the whole command. The worker
is a child of gunicorn's arbiter, started once and again should it die. On a
larger deployment set EMBED_WORKER=false and run ``manage.py outbox`` as a
service of its own.

gunicorn executes this module anew on HUP, so the worker's keeper is kept on the
arbiter itself.
"""

import gc
import logging
import os
import subprocess
import sys
import threading
import time
from typing import Any

from gunicorn import glogging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roundtable.settings")

from django.conf import settings
from django.urls import get_resolver

from roundtable.logs import RedactTokens

# How long the worker may take to finish the mail in its hands, in seconds.
LAST_MAIL = 15
# Pauses between starts of a worker that keeps dying, in seconds.
SHORTEST_PAUSE, LONGEST_PAUSE = 1, 30
# A worker that lived this long (seconds) did start well.
LIVED_WELL = 60


class Logger(glogging.Logger):
    """gunicorn's log, with the secret part of personal addresses struck out."""

    def setup(self, cfg: Any) -> None:
        """Set up the log, at the start and again on HUP."""
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                if not any(isinstance(known, RedactTokens) for known in handler.filters):
                    handler.addFilter(RedactTokens())


class OutboxKeeper:
    """Keeps exactly one outbox worker running as a child of this process.

    The child watches this process too and ends when it is gone, so that not
    even kill -9 leaves an orphan.
    """

    def __init__(self, log: Any) -> None:
        self.log = log
        self.stopping = threading.Event()
        # gunicorn forks its workers in another thread than ours. A fork amid
        # a start would leave the start's pipe open in that worker, and this
        # thread waiting for its end.
        self.starting = threading.Lock()
        os.register_at_fork(
            before=self.starting.acquire,
            after_in_parent=self.starting.release,
            after_in_child=self.starting.release,
        )
        self.process = self._start()
        self.thread = threading.Thread(target=self._keep, name="outbox-keeper", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """End the worker, and wait until it is gone."""
        self.stopping.set()
        self.thread.join()
        self.process.terminate()
        try:
            self.process.wait(timeout=LAST_MAIL)
        except subprocess.TimeoutExpired:
            # Its lease on the mail runs out, and the next worker sends it.
            self.process.kill()
            self.process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        self.started = time.monotonic()
        with self.starting:
            return subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, str(settings.BASE_DIR / "manage.py"), "outbox"],
                env={**os.environ, "WATCH_PARENT": str(os.getpid())},
                stdin=subprocess.DEVNULL,
                # Ctrl-C is for gunicorn, which ends the worker when it ends.
                process_group=0,
            )

    def _keep(self) -> None:
        pause = SHORTEST_PAUSE
        while not self.stopping.wait(timeout=1):
            # gunicorn reaps every child, so that it ended is all there is to know.
            if self.process.poll() is None:
                continue
            if time.monotonic() - self.started > LIVED_WELL:
                pause = SHORTEST_PAUSE
            self.log.warning("The outbox worker ended. It is started again in %s s.", pause)
            if not self.stopping.wait(timeout=pause):
                self.process = self._start()
            pause = min(pause * 2, LONGEST_PAUSE)


def when_ready(server: Any) -> None:
    """Load what the workers will share, and start the outbox worker.

    The addresses lead to every view, form and library. Loaded before the fork
    and kept out of the garbage collector's sight, their memory is shared, and
    the first visitor does not wait for them.
    """
    _ = get_resolver().url_patterns
    gc.collect()
    gc.freeze()
    if settings.EMBED_WORKER:
        server.outbox_keeper = OutboxKeeper(server.log)


def on_exit(server: Any) -> None:
    """End the outbox worker after the last request was answered."""
    if hasattr(server, "outbox_keeper"):
        server.outbox_keeper.stop()


wsgi_app = "roundtable.wsgi:application"
bind = (
    f"[{settings.HOST}]:{settings.PORT}"
    if ":" in settings.HOST
    else (f"{settings.HOST}:{settings.PORT}")
)
worker_class = "gthread"
workers = settings.WEB_CONCURRENCY
threads = 4
# Loaded once and shared by the workers, which spares a third of their memory;
# nothing of it opens the database before the fork. So HUP starts new workers
# with the code as it was: a new version needs a restart.
preload_app = True
graceful_timeout = 20
# Heartbeats in memory: on a disk, a busy one could stop a worker that works.
MEMORY = "/dev/shm"  # noqa: S108 - gunicorn makes unguessable names in it
worker_tmp_dir = MEMORY if os.access(MEMORY, os.W_OK) else None
control_socket_disable = True
# Only a proxy of ours may say that a request came by https.
forwarded_allow_ips = "*" if settings.TRUSTED_PROXIES else ""
forwarder_headers = ""
limit_request_line = 4094
limit_request_fields = 60
# No access log: the path of a manage page is the key to it.
accesslog = None
loglevel = logging.getLevelName(logging.WARNING).lower()
logger_class = Logger
