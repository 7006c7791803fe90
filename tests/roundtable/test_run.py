"""What `make run` starts, with real processes: `manage.py run` and all it leads to."""

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from roundtable import organisers
from roundtable.management.commands import run
from tests import live
from tests.live import PROC, free_port, manage, site, wait_until

# What people open, each page with memory of its own.
PAGES = ["/", "/events/", "/events/roundtable-2/register/", "/events/roundtable-2/invite.ics",
         "/events/roundtable-2/concept-note/", "/privacy/", "/accounts/login/"]  # fmt: skip


def start(tmp_path, **settings):
    """Start a site that refuses to start; return its code and what it told."""
    settings = {"ROUNDTABLE_DATA": str(tmp_path / "data"), "PORT": str(free_port()), **settings}
    done = manage("run", **settings)
    return done.returncode, done.stdout, done.stderr


@contextmanager
def somebody_listens():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_in_use_is_told_in_one_line_before_anything_is_made(tmp_path):
    with somebody_listens() as port:
        assert start(tmp_path, PORT=str(port)) == (
            1,
            "",
            f"roundtable: port {port} is in use by another program: set PORT to another one.\n",
        )
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret_key"]


def test_an_address_of_another_machine_is_told_in_one_line(tmp_path):
    # 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
    settings = {"SITE_URL": "http://192.0.2.1", "HOST": "192.0.2.1", "SECRET_KEY": "k" * 50}
    code, said, told = start(tmp_path, **settings)
    assert (code, said) == (1, "")
    assert told.splitlines()[-1] == ("roundtable: HOST='192.0.2.1' is no address of this machine.")


@pytest.mark.parametrize("settings", [{}, {"SECRET_KEY": "k" * 50}])
def test_a_data_folder_that_cannot_be_written_is_told_in_one_line(tmp_path, settings):
    # Root may write anywhere, so the folder would have to stand below a file.
    (tmp_path / "file").touch()
    data = tmp_path / "file" / "data"
    assert start(tmp_path, ROUNDTABLE_DATA=str(data), **settings) == (
        1,
        "",
        (
            f"roundtable: the data folder {data} can't be written (Not a directory): "
            "set ROUNDTABLE_DATA to one that can.\n"
        ),
    )


def test_a_database_server_that_is_away_is_told_in_one_line(tmp_path):
    url = f"postgres://roundtable:sesame@127.0.0.1:{free_port()}/roundtable"
    code, said, told = start(tmp_path, DATABASE_URL=url)
    assert (code, said) == (1, "")
    assert told.startswith("roundtable: the database can't be reached (")
    assert told.endswith("): see DATABASE_URL.\n")
    assert told.count("\n") == 1
    assert "sesame" not in told


def test_a_database_file_in_no_folder_is_told_in_one_line(tmp_path):
    assert start(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/none/site.sqlite3") == (
        1,
        "",
        (
            "roundtable: the database can't be reached (unable to open database file): "
            "see DATABASE_URL.\n"
        ),
    )


def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path):
    (tmp_path / "site.sqlite3").write_text("Dear diary, " * 100)
    assert start(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/site.sqlite3") == (
        1,
        "",
        "roundtable: the database can't be reached (file is not a database): see DATABASE_URL.\n",
    )


def test_the_address_is_held_until_the_web_server_takes_over():
    port = free_port()
    with (
        run.hold("127.0.0.1", port),
        pytest.raises(SystemExit, match=f"port {port} is in use"),
        run.hold("127.0.0.1", port),
    ):
        pass
    with run.hold("127.0.0.1", port):
        pass


def test_the_greeting_names_the_site_the_first_organisers_link_and_the_mails(db, settings):
    settings.ORIGIN = "http://localhost:8000"
    site_line, link_line, mails_line, stop_line = run.greeting()
    assert site_line == "The site: http://localhost:8000/"
    link = link_line.removeprefix("To become its organiser, open this once: ")
    assert link.startswith("http://localhost:8000/organiser/")
    organisers.check_link(link.rstrip("/").rpartition("/")[2])
    assert mails_line == "Mails are not sent but kept: http://localhost:8000/outbox/"
    assert stop_line == "To stop: Ctrl-C"


def test_the_greeting_has_no_link_once_an_organiser_is_set_up(db, django_user_model):
    django_user_model.objects.create(username="organiser", is_staff=True)
    assert "organiser" not in "\n".join(run.greeting())


def test_the_greeting_of_a_site_on_the_web_says_where_it_listens(db, settings):
    settings.LOCAL_INSTALL = False
    settings.ORIGIN = "https://roundtable.example.org"
    settings.HOST, settings.PORT = "0.0.0.0", 8000
    lines = run.greeting()
    assert lines[0] == "The site: https://roundtable.example.org/ (listening on 0.0.0.0:8000)"
    assert "/outbox/" not in "\n".join(lines)


def end(running, number):
    """Send the signal to the arbiter, and wait until no process of the site is left."""
    running.arbiter.send_signal(number)
    running.arbiter.wait(timeout=live.PATIENCE)
    wait_until(lambda: not running.processes(), "every process of the site ends")


def workers(running):
    """Return the processes of gunicorn below the arbiter."""
    return [
        pid
        for pid, command in running.processes().items()
        if "gunicorn" in command and pid != running.arbiter.pid
    ]


@contextmanager
def whole_site():
    """Start a site, and wait for both its workers and the outbox worker."""
    with site() as running:
        wait_until(lambda: len(workers(running)) == 2, "two workers")
        wait_until(lambda: len(running.outbox_workers()) == 1, "one outbox worker")
        yield running


@pytest.fixture(scope="module")
def running():
    """A site for the tests that leave it running and whole."""
    with whole_site() as site_of_the_module:
        yield site_of_the_module


@pytest.mark.slow
def test_a_start_on_an_empty_machine_answers_with_the_nakuru_event_and_term_ends_it_all():
    with whole_site() as running:
        assert running.get("/livez") == (200, "ok\n")
        assert running.get("/readyz") == (200, "ok\n")
        status, page = running.get("/")
        assert status == 200
        assert "Working together to build sustainable cities and communities" in page
        assert "/static/" in page
        said = running.log.read_text()
        assert f"The site: http://localhost:{running.settings['PORT']}/" in said
        end(running, signal.SIGTERM)
        assert running.arbiter.returncode == 0


@pytest.mark.slow
def test_a_second_start_keeps_what_organisers_changed():
    edit = "from events.models import Event; Event.objects.update(title='Edited by the organisers')"
    with whole_site() as first:
        assert first.manage("shell", "-c", edit).returncode == 0
        end(first, signal.SIGTERM)
        with site(**first.settings) as second:
            status, page = second.get("/")
            assert status == 200
            assert "Edited by the organisers" in page
            end(second, signal.SIGTERM)


@pytest.mark.slow
def test_ctrl_c_ends_it_all():
    with whole_site() as running:
        end(running, signal.SIGINT)


@pytest.mark.slow
def test_kill_9_of_the_arbiter_leaves_no_orphan():
    with whole_site() as running:
        end(running, signal.SIGKILL)


@pytest.mark.slow
def test_hup_keeps_the_site_up_with_exactly_one_outbox_worker(running):
    before = set(workers(running))
    outbox = running.outbox_workers()
    running.arbiter.send_signal(signal.SIGHUP)
    wait_until(
        lambda: len(workers(running)) == 2 and not before & set(workers(running)),
        "two new workers",
    )
    assert running.outbox_workers() == outbox
    assert running.get("/livez")[0] == 200


@pytest.mark.slow
def test_an_outbox_worker_that_is_killed_is_started_again(running):
    [first] = running.outbox_workers()
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: set(running.outbox_workers()) - {first}, "another outbox worker")
    assert len(running.outbox_workers()) == 1


@pytest.mark.slow
def test_a_web_worker_that_is_killed_is_replaced(running):
    killed, _ = workers(running)
    os.kill(killed, signal.SIGKILL)
    wait_until(
        lambda: len(workers(running)) == 2 and killed not in workers(running), "a new worker"
    )
    assert running.get("/livez")[0] == 200


@pytest.mark.slow
def test_without_embed_worker_there_is_no_outbox_worker_and_hup_and_term_still_work():
    with site(EMBED_WORKER="false", WEB_CONCURRENCY="1") as running:
        [before] = workers(running)
        running.arbiter.send_signal(signal.SIGHUP)
        wait_until(lambda: len(set(workers(running)) - {before}) == 1, "a new worker")
        assert running.outbox_workers() == []
        end(running, signal.SIGTERM)


@pytest.mark.slow
def test_the_arbiter_has_no_database_open_that_its_workers_could_share(running):
    assert running.get("/readyz")[0] == 200
    open_files = [
        str(file.readlink()) for file in (PROC / str(running.arbiter.pid) / "fd").iterdir()
    ]
    assert [name for name in open_files if "sqlite" in name] == []
    # The one socket is the one it listens on.
    assert len([name for name in open_files if name.startswith("socket:")]) == 1


@pytest.mark.slow
def test_two_workers_and_the_outbox_stay_below_200_megabytes(running):
    with ThreadPoolExecutor(8) as visitors:
        assert set(visitors.map(lambda path: running.get(path)[0], PAGES * 20)) == {200}
    assert sum(map(memory, running.processes())) < 200 * 1024


def memory(pid):
    """Return a process's share of memory in KiB: what it shares counts in part (PSS)."""
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise AssertionError(f"no memory told of {pid}")


@pytest.mark.slow
def test_the_key_to_a_manage_page_reaches_no_log(running):
    key = "k3ySesame"
    running.get(f"/registrations/{key}/")
    running.get(f"/registrations/{key}/invite.ics")
    port = int(running.settings["PORT"])
    for broken in (
        f"GET /registrations/{key}/ HTTP/9.9\r\n\r\n",
        f"GET /registrations/{key}/ HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        f"G@T /registrations/{key}/ HTTP/1.1\r\n\r\n",
        f"GET /registrations/{key}/{'x' * 5000} HTTP/1.1\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=live.PATIENCE) as client:
            client.sendall(broken.encode())
            assert client.recv(100).startswith(b"HTTP/1.1 4")
    assert key not in running.log.read_text()
