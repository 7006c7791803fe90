"""The benchmark (`make bench`): complete registrations, as ratios within one run.

How many people register a second, eight at a time, against a bare Django view
that inserts one row in one transaction; and whether it stays so when many have
registered before. Times are this machine's and only of use beside each other.
"""

import contextlib
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Self
from urllib.parse import urlsplit

from events.registration.guards import LEAST_SECONDS
from tests import postgres
from tests.live import PATIENCE, ROOT, environment, free_port, manage, site, wait_until
from tests.load.test_registrations import PATH, FormReader, filled

PEOPLE, AT_A_TIME = 200, 8
ALREADY_THERE = (0, 1_000, 20_000, 100_000)
# Seats are counted only where they have a limit, so the room has one.
FILL = """
from datetime import timedelta
from django.utils import timezone
from events.models import Event
from events.registration.models import Quota, Registration, SeatRequest
from speakers.models import StakeholderGroup
event, group = Event.objects.get(), StakeholderGroup.objects.first()
Quota.objects.filter(mode="in_room").update(seats=200_000)
at = timezone.now()
for start in range(0, {number}, 5000):
    people = Registration.objects.bulk_create(
        Registration(event=event, name=f"Person {{n}}", email=f"before-{{n}}@example.org",
                     country="KE", group=group, created_at=at, changed_at=at)
        for n in range(start, min(start + 5000, {number}))
    )
    SeatRequest.objects.bulk_create(
        SeatRequest(registration=person, event=event, mode="in_room" if n % 2 else "online",
                    status="confirmed") for n, person in enumerate(people)
    )
"""
MAKE_TABLE = "from tests.load import bare; bare.make_table()"


class Client:
    """One person's connection, kept open as browsers do; knows how long each answer took."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.connection = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.connection.close()

    def ask(self, method: str, path: str, typed: dict | None = None) -> tuple[float, int, bytes]:
        """Return seconds, status and body."""
        headers = {"Origin": self.origin, "Content-Type": "application/x-www-form-urlencoded"}
        body = urllib.parse.urlencode(typed) if typed else None
        start = time.perf_counter()
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        content = response.read()
        return time.perf_counter() - start, response.status, content


def in_turn(origin: str, each: Callable[[Client, int], float]) -> tuple[list[float], float]:
    """Do something PEOPLE times, AT_A_TIME at once; return each one's seconds, and all seconds."""

    def work(worker: int) -> list[float]:
        with Client(origin) as client:
            return [each(client, number) for number in range(worker, PEOPLE, AT_A_TIME)]

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        start = time.perf_counter()
        found = [seconds for part in pool.map(work, range(AT_A_TIME)) for seconds in part]
        return found, time.perf_counter() - start


def registering(already_there: int) -> tuple[list[float], float]:
    """Return what each whole registration took on a site of its own, and what all took."""
    with site() as running:
        done = manage("shell", "-v0", "-c", FILL.format(number=already_there), **running.settings)
        assert done.returncode == 0, done.stderr
        forms: dict[int, dict] = {}

        def read(client: Client, number: int) -> float:
            seconds, status, page = client.ask("GET", PATH)
            assert status == 200
            reader = FormReader()
            reader.feed(page.decode())
            forms[number] = filled(reader.values, reader.offered, number)
            return seconds

        def send(client: Client, number: int) -> float:
            seconds, status, _body = client.ask("POST", PATH, forms[number])
            assert status == 303
            return seconds

        reads, reading = in_turn(running.origin, read)
        old_enough = time.monotonic() + LEAST_SECONDS
        wait_until(lambda: time.monotonic() > old_enough, "the forms have their least age")
        sends, sending = in_turn(running.origin, send)
        both = [one + other for one, other in zip(reads, sends, strict=True)]
        return both, reading + sending


@contextlib.contextmanager
def bare_site() -> Iterator[str]:
    """Yield the origin of the site that only inserts, on an empty database."""
    from tests.live import database

    with tempfile.TemporaryDirectory(prefix="roundtable-bare-") as folder, database() as url:
        port = free_port()
        env = environment(ROUNDTABLE_DATA=folder, **url)
        subprocess.run([sys.executable, "-c", MAKE_TABLE], cwd=ROOT, env=env, check=True)
        command = [sys.executable, "-m", "gunicorn", "tests.load.bare:application"]
        command += ["--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4"]
        command += ["--worker-class", "gthread", "--no-control-socket", "--log-level", "warning"]
        process = subprocess.Popen(command, cwd=ROOT, env=env)
        origin = f"http://127.0.0.1:{port}"

        def is_up() -> bool:
            with contextlib.suppress(OSError), Client(origin) as client:
                return client.ask("GET", "/")[1] == 404
            return False

        try:
            wait_until(is_up, "the bare site answers")
            yield origin
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)


def inserting() -> tuple[list[float], float]:
    """Return what each bare insert took, and what all took."""

    def insert(client: Client, number: int) -> float:
        seconds, status, _body = client.ask("POST", "/insert/", {"name": f"Person {number}"})
        assert status == 200
        return seconds

    with bare_site() as origin:
        return in_turn(origin, insert)


def line(name: str, found: tuple[list[float], float], bare: float, empty: float | None) -> float:
    """Print one line; return how many a second."""
    seconds, all_seconds = found
    rate = len(seconds) / all_seconds
    hundredths = statistics.quantiles(seconds, n=100)
    against = f"{rate / empty:6.2f}" if empty else " " * 6
    print(
        f"{name:<34}{rate:8.1f}{hundredths[49] * 1000:9.0f}{hundredths[98] * 1000:9.0f}"
        f"{rate / bare if bare else 1:11.3f}{against:>12}",
        flush=True,
    )
    return rate


def run(kind: str) -> None:
    """Measure on one kind of database."""
    print(f"\n{kind}, {PEOPLE} people, {AT_A_TIME} at a time")
    print(f"{'':<34}{'a second':>8}{'p50 ms':>9}{'p99 ms':>9}{'to bare':>11}{'to empty':>12}")
    bare = line("bare view, one row", inserting(), 0, None)
    empty = None
    for number in ALREADY_THERE:
        rate = line(f"registering, {number:,} there already", registering(number), bare, empty)
        empty = empty or rate


def main() -> int:
    os.environ.pop("DATABASE_URL", None)
    run("SQLite")
    try:
        with postgres.server() as url:
            os.environ["DATABASE_URL"] = url
            run("PostgreSQL")
    except postgres.PostgresLackingError as error:
        print(f"\nPostgreSQL: NOT MEASURED ({error})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
