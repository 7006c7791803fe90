import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from events.registration.outbox import rules, worker
from events.registration.outbox.models import OutboxMail
from roundtable.env import MailServer
from tests.live import ROOT, database, environment, manage, wait_until
from tests.outbox.conftest import make_message


def test_due_mails_are_sent_once(db, smtp):
    for name in "abc":
        rules.queue(make_message(), to=f"{name}@example.org")
    assert worker.send_due() == 3
    assert worker.send_due() == 0
    assert smtp.recipients == ["a@example.org", "b@example.org", "c@example.org"]
    assert set(OutboxMail.objects.values_list("state", flat=True)) == {"sent"}


def test_refused_twice_then_taken(db, smtp):
    smtp.answers["a@example.org"] = ["451 later", "451 later"]
    mail = rules.queue(make_message(), to="a@example.org")
    for _try in range(3):
        OutboxMail.objects.update(due_at=mail.created_at)
        worker.send_due()
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, smtp.recipients) == ("sent", 3, ["a@example.org"])


def test_one_refusal_does_not_hold_up_the_others(db, smtp):
    smtp.answers["a@example.org"] = ["550 no such user"]
    rules.queue(make_message(), to="a@example.org")
    rules.queue(make_message(), to="b@example.org")
    worker.send_due()
    states = dict(OutboxMail.objects.values_list("to", "state"))
    assert states == {"a@example.org": "dead", "b@example.org": "sent"}


def test_stops_after_the_mail_in_hand(db, smtp):
    for name in "abc":
        rules.queue(make_message(), to=f"{name}@example.org")
    assert worker.send_due(stopped=lambda: len(smtp.taken) == 1) == 1


@pytest.mark.slow
def test_two_workers_send_each_mail_once(tmp_path, smtp):
    with database() as url:
        site = {"ROUNDTABLE_DATA": str(tmp_path), **url}
        site["EMAIL_URL"] = f"smtp://127.0.0.1:{smtp.port}"
        assert manage("migrate", "-v0", **site).returncode == 0
        write = (
            "from django.core.mail import send_mail\n"
            "for number in range(60):\n"
            "    send_mail('Hello', 'Text', None, [f'{number}@example.org'])"
        )
        assert manage("shell", "-v0", "-c", write, **site).returncode == 0
        with ThreadPoolExecutor() as pool:
            ends = list(pool.map(lambda _: manage("outbox", "--once", **site), range(2)))
        assert [end.returncode for end in ends] == [0, 0]
    assert sorted(smtp.recipients) == sorted(f"{number}@example.org" for number in range(60))


class StallingServer:
    """Speaks SMTP up to the end of the first mail's data, and then says nothing more."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.in_hand = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.thread.join()
        self.listener.close()

    def serve(self):
        conversation, _address = self.listener.accept()
        with conversation, conversation.makefile("rwb") as lines:
            self.converse(lines)

    def converse(self, lines):

        def say(answer):
            lines.write(answer.encode() + b"\r\n")
            lines.flush()

        say("220 here")
        for line in lines:
            word = line[:4].upper()
            if word in {b"EHLO", b"HELO", b"MAIL", b"RCPT"}:
                say("250 OK")
            elif word == b"DATA":
                say("354 go on")
                while lines.readline() != b".\r\n":
                    pass
                self.in_hand.set()
                # The answer never comes; the worker waits for it until it is killed.
                lines.read()


@pytest.mark.slow
def test_kill_9_in_the_middle_of_a_mail_loses_nothing(tmp_path, smtp):
    with StallingServer() as stalling, database() as url:
        site = {"ROUNDTABLE_DATA": str(tmp_path), **url}
        assert manage("migrate", "-v0", **site).returncode == 0
        write = (
            "from django.core.mail import send_mail\n"
            "for name in 'abc':\n"
            "    send_mail('Hello', 'Text', None, [name + '@example.org'])"
        )
        queueing = manage(
            "shell", "-v0", "-c", write, **site, EMAIL_URL=f"smtp://127.0.0.1:{stalling.port}"
        )
        assert queueing.returncode == 0, queueing.stderr
        process = subprocess.Popen(
            [sys.executable, "manage.py", "outbox"],
            cwd=ROOT,
            env=environment(**site, EMAIL_URL=f"smtp://127.0.0.1:{stalling.port}"),
        )
        try:
            wait_until(stalling.in_hand.is_set, "the worker hands over the first mail")
        finally:
            process.kill()
            process.wait()
        # Its lease runs out; a clock an hour on is another worker's hour later.
        expire = (
            "from events.registration.outbox.models import OutboxMail\n"
            "from django.utils import timezone\n"
            "print(OutboxMail.objects.filter(leased_until__gt=timezone.now())"
            ".update(leased_until=timezone.now()))"
        )
        assert manage("shell", "-v0", "-c", expire, **site).stdout.strip() == "1"
        done = manage("outbox", "--once", **site, EMAIL_URL=f"smtp://127.0.0.1:{smtp.port}")
        assert done.returncode == 0, done.stderr
    assert sorted(smtp.recipients) == ["a@example.org", "b@example.org", "c@example.org"]


# Hands its worker its own number, says the worker's, and waits.
PARENT = """
import os, subprocess, sys
os.environ["WATCH_PARENT"] = str(os.getpid())
child = subprocess.Popen([sys.executable, "manage.py", "outbox"])
print(child.pid, flush=True)
child.wait()
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["parent gone", "asked to stop"])
def test_worker_ends(tmp_path, how):
    with database() as url:
        site = {"ROUNDTABLE_DATA": str(tmp_path), **url}
        assert manage("migrate", "-v0", **site).returncode == 0
        parent = subprocess.Popen(
            [sys.executable, "-c", PARENT],
            cwd=ROOT,
            env=environment(**site),
            stdout=subprocess.PIPE,
            text=True,
        )
        child = int(parent.stdout.readline())
        wait_until(lambda: is_polling(child), "the worker polls")
        if how == "parent gone":
            parent.kill()
        else:
            os.kill(child, signal.SIGTERM)
        parent.wait()
        wait_until(lambda: not is_running(child), "the worker is gone")
        parent.stdout.close()


def is_running(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def is_polling(pid):
    """Whether its own handler for SIGTERM is in place, so that it is past its start."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(line for line in status if line.startswith("SigCgt"))
    return int(caught.split()[1], 16) & (1 << (signal.SIGTERM - 1))


@pytest.mark.django_db(transaction=True)
def test_worker_without_a_mail_server_only_drops_old_bodies():
    mail = rules.queue(make_message(), to="a@example.org")
    OutboxMail.objects.update(created_at=mail.created_at - timedelta(days=31))
    assert worker.Worker()._work() == 0
    mail.refresh_from_db()
    assert (mail.state, mail.payload) == ("kept", None)


# Duties


done = []


def duty():
    done.append("duty")


def broken_duty():
    raise ValueError("out of turn")


@pytest.fixture
def duties(settings):
    done.clear()
    settings.OUTBOX_DUTIES = [f"{__name__}.broken_duty", f"{__name__}.duty"]
    return done


@pytest.mark.django_db(transaction=True)
def test_worker_does_its_duties_at_its_start_and_then_twice_a_minute(duties, caplog):
    working = worker.Worker()
    working._work()
    working._work()
    assert duties == ["duty"]
    working._on_duty_at -= worker.DUTIES_EVERY
    working._work()
    assert duties == ["duty", "duty"]
    # What failed is told, and kept nobody from the rest.
    assert caplog.text.count("ValueError: out of turn") == 2


@pytest.mark.django_db(transaction=True)
def test_cron_s_call_does_the_duties_too(duties):
    call_command("outbox", "--once")
    assert duties == ["duty"]


@pytest.mark.django_db(transaction=True)
def test_database_that_is_away_is_waited_for(settings, monkeypatch, caplog):
    settings.MAIL_SERVER = MailServer("127.0.0.1", 1, "", "", use_tls=False, use_ssl=False)
    monkeypatch.setattr(worker, "POLL_SECONDS", 0)
    rename("outbox_outboxmail", "elsewhere")
    try:
        assert worker.Worker()._work() == 0
    finally:
        rename("elsewhere", "outbox_outboxmail")
    assert "can't reach the database" in caplog.text


def rename(table, other):
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {other}")
