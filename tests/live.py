"""A whole site as `make run` starts it, for tests that need the real thing."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from roundtable.bootstrap import SETTINGS
from tests import postgres
from tests.lacking import lacking

ROOT = Path(__file__).resolve().parent.parent
PROC = Path("/proc")
# How long anything may take before the test gives up on it, in seconds.
PATIENCE = 90


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Return once the condition holds; fail with ``what`` if it never does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.05)


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(**settings: str) -> dict[str, str]:
    """Return the environment of a process that has these settings and no others."""
    kept = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    return {**kept, "PYTHONUTF8": "1", **settings}


def manage(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py to its end with these settings."""
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        cwd=ROOT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@contextlib.contextmanager
def database() -> Iterator[dict[str, str]]:
    """Yield the settings of an empty database, of the kind this test run is on."""
    url = os.environ.get("DATABASE_URL", "")
    if url.startswith("postgres"):
        with postgres.fresh_database(url) as fresh:
            yield {"DATABASE_URL": fresh}
    else:
        # SQLite, in the site's data folder.
        yield {}


@dataclass(frozen=True)
class Site:
    """A running site: where it answers, its settings, and the process that leads it."""

    origin: str
    settings: dict[str, str]
    arbiter: subprocess.Popen[str]
    log: Path

    def get(self, path: str) -> tuple[int, str]:
        """Return the status and the body of a page."""
        try:
            with urllib.request.urlopen(self.origin + path, timeout=PATIENCE) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def is_up(self) -> bool:
        """Whether the site answers; fails if it has ended."""
        assert self.arbiter.poll() is None, self.log.read_text()
        try:
            return self.get("/livez")[0] == 200
        except OSError:
            return False

    def processes(self) -> dict[int, str]:
        """Return the command line of each process of the site, known by its data folder."""
        mark = f"ROUNDTABLE_DATA={self.settings['ROUNDTABLE_DATA']}".encode()
        found = {}
        for folder in PROC.glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    # What has ended and was not yet waited for has none.
                    if command:
                        found[int(folder.name)] = command
        return found

    def outbox_workers(self) -> list[int]:
        """Return the processes that are outbox workers."""
        return [pid for pid, command in self.processes().items() if command.endswith("outbox ")]

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the site beside it."""
        return manage(*arguments, **self.settings)


@contextlib.contextmanager
def site(**settings: str) -> Iterator[Site]:
    """Start a site on an empty database, and end it whatever happens."""
    if not PROC.is_dir():
        lacking("/proc", "by which a test knows the processes of a site")
    with tempfile.TemporaryDirectory(prefix="roundtable-site-") as folder, database() as url:
        settings = {
            "ROUNDTABLE_DATA": f"{folder}/data",
            "PORT": str(free_port()),
            **url,
            **settings,
        }
        log = Path(folder) / "log"
        with log.open("w") as output:
            arbiter = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "run"],
                cwd=ROOT,
                env=environment(**settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        running = Site(f"http://127.0.0.1:{settings['PORT']}", settings, arbiter, log)
        try:
            wait_until(running.is_up, "the site answers")
            yield running
        finally:
            arbiter.terminate()
            try:
                arbiter.wait(timeout=PATIENCE)
            finally:
                for pid in running.processes():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, 9)
