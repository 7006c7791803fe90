import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import postgres
from tests.lacking import lacking
from tests.live import PATIENCE, ROOT, environment, wait_until

ASK = """
import os, psycopg
connection = psycopg.connect(os.environ["DATABASE_URL"])
print(connection.execute("SHOW server_encoding").fetchone()[0], os.environ["DATABASE_URL"])
"""
WITHOUT = (
    "import sys; from pathlib import Path; from tests import postgres; "
    "postgres.DEBIAN = Path('/none'); sys.exit(postgres.main(['--', 'true']))"
)


@pytest.fixture
def machine():
    """A machine that has PostgreSQL."""
    try:
        postgres.programs()
        postgres.owner()
    except postgres.PostgresLackingError as error:
        lacking("PostgreSQL", str(error))


@pytest.fixture
def tmp_path():
    """A folder that PostgreSQL's user can pass through, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="roundtable-tests-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def started(tmp_path, *command, **variables):
    """Run a program of the tests, its temporary files in a folder of their own."""
    kept = {name: value for name, value in environment().items() if name != "CI"}
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**kept, "TMPDIR": str(tmp_path), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def servers(tmp_path):
    """Return the processes of PostgreSQL whose data stand in the folder."""
    return [
        process.parent.name
        for process in Path("/proc").glob("[0-9]*/cmdline")
        if str(tmp_path).encode() in read(process) and b"bin/postgres" in read(process)
    ]


def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.slow
def test_a_command_gets_a_database_of_its_own_which_is_gone_after_it(machine, tmp_path):
    with started(tmp_path, "-m", "tests.postgres", "--", sys.executable, "-c", ASK) as process:
        said, told = process.communicate(timeout=PATIENCE)
    assert (process.returncode, told) == (0, "")
    assert said.startswith("UTF8 postgres://roundtable@")
    assert list(tmp_path.iterdir()) == []
    assert servers(tmp_path) == []


@pytest.mark.slow
def test_the_command_tells_how_it_ended(machine, tmp_path):
    with started(tmp_path, "-m", "tests.postgres", "--", "sh", "-c", "exit 5") as process:
        assert process.wait(timeout=PATIENCE) == 5


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_ended_from_outside_it_stops_the_server_and_removes_the_folder(machine, tmp_path, ending):
    with started(tmp_path, "-m", "tests.postgres", "--", "sleep", "1000") as process:
        wait_until(lambda: "sleep" in children(process.pid), "the command runs")
        process.send_signal(ending)
        assert process.wait(timeout=PATIENCE) == 128 + ending
    assert list(tmp_path.iterdir()) == []
    assert servers(tmp_path) == []


def children(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [read(Path("/proc") / child / "comm").decode().strip() for child in listed]


def test_a_machine_without_postgresql_is_told_loudly_and_not_failed(tmp_path):
    with started(tmp_path, "-c", WITHOUT, PATH=str(tmp_path)) as process:
        _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 77
    assert told == "\n!!! NOT TESTED ON THIS MACHINE: PostgreSQL (install postgresql)\n\n"


def test_a_machine_without_postgresql_fails_where_ci_is_true(tmp_path):
    with started(tmp_path, "-c", WITHOUT, PATH=str(tmp_path), CI="true") as process:
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
