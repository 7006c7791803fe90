"""A real PostgreSQL for one command, gone after it: ``python -m tests.postgres -- pytest``.

It is made from the machine's own PostgreSQL in a folder of its own, listens on
a socket in that folder only, and is handed over as DATABASE_URL. It ends with
the command's own code, or with 77 where the machine has no PostgreSQL.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from roundtable.bootstrap import LACKING, in_ci
from tests.lacking import MARK

# Debian keeps one folder per major version, none of them on the path.
DEBIAN = Path("/usr/lib/postgresql")
# How long a server may take to start or to stop, in seconds.
PATIENCE = 60


class PostgresLackingError(Exception):
    """The machine has no PostgreSQL, or nobody PostgreSQL would run as."""


def programs() -> Path:
    """Return the folder of the machine's newest PostgreSQL."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = [path.parent for path in DEBIAN.glob("*/bin/initdb")]
    if not folders:
        raise PostgresLackingError("install postgresql")
    return max(folders, key=lambda folder: float(folder.parent.name))


def owner() -> pwd.struct_passwd | None:
    """Return whom the server must run as, since it refuses root; None: ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresLackingError("no unprivileged user to run it as")


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Run a server; yield the address of its empty database as DATABASE_URL has it."""
    binaries, runs_as = programs(), owner()
    folder = Path(tempfile.mkdtemp(prefix="roundtable-postgres-"))
    as_owner: dict[str, object] = {"cwd": folder, "stdin": subprocess.DEVNULL}
    if runs_as:
        os.chown(folder, runs_as.pw_uid, runs_as.pw_gid)
        as_owner |= {"user": runs_as.pw_uid, "group": runs_as.pw_gid, "extra_groups": []}
    log = folder / "log"
    process = None
    try:
        with log.open("wb") as output:
            as_owner |= {"stdout": output, "stderr": subprocess.STDOUT}
            make = [binaries / "initdb", "-D", folder / "data", "-U", "roundtable", "-A", "trust"]
            make += ["--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"]
            made = subprocess.run(make, check=False, **as_owner)
            if made.returncode:
                raise RuntimeError(f"initdb failed:\n{log.read_text()}")
            # What is thrown away needs no protection from a power cut.
            start = [binaries / "postgres", "-D", folder / "data", "-k", folder]
            start += ["-c", "listen_addresses=", "-c", "max_connections=200"]
            start += ["-c", "fsync=off", "-c", "synchronous_commit=off"]
            # Of a group of its own: Ctrl-C is for the command.
            process = subprocess.Popen(start, process_group=0, **as_owner)
        host = quote(str(folder), safe="")
        wait_for(process, f"host={folder} user=roundtable dbname=postgres", log)
        yield f"postgres://roundtable@{host}/postgres"
    finally:
        if process:
            stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(process: subprocess.Popen, address: str, log: Path) -> None:
    """Return once the server answers."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            psycopg.connect(address, connect_timeout=5).close()
            return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}") from error
        time.sleep(0.05)


def stop(process: subprocess.Popen) -> None:
    """Stop the server at once, whoever is connected."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def fresh_database(url: str) -> Iterator[str]:
    """Make an empty database on the server of ``url``; yield its address; drop it."""
    name = f"roundtable_{uuid.uuid4().hex}"
    address, _, _ = url.rpartition("/")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield f"{address}/{name}"
        finally:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )


def run(command: list[str], url: str, ended_by: list[int]) -> int:
    """Run the command on that database and return its code.

    It is ended once ``ended_by`` names a signal. That is looked at here and
    not raised by the signal's handler: raised in the moment the command
    starts, it would leave the command behind.
    """
    child = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url})
    while not ended_by:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(timeout=0.1)
    child.terminate()
    child.wait()
    return 128 + ended_by[0]


def main(arguments: list[str]) -> int:
    if len(arguments) < 2 or arguments[0] != "--":
        sys.exit("usage: python -m tests.postgres -- command …")
    # Ended from outside, it still stops the server and removes the folder.
    ended_by: list[int] = []
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: ended_by.append(number))
    try:
        with server() as url:
            return run(arguments[1:], url, ended_by)
    except PostgresLackingError as error:
        print(f"\n!!! {MARK}PostgreSQL ({error})\n", file=sys.stderr)
        return 1 if in_ci() else LACKING


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
