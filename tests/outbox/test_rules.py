from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from events.registration.outbox import rules
from events.registration.outbox.models import OutboxMail
from tests.outbox.conftest import make_message

State = OutboxMail.State


@pytest.fixture
def server(settings):
    settings.MAIL_SERVER = object()


def test_mail_waits_to_be_sent(db, server, django_assert_num_queries):
    with django_assert_num_queries(1):
        mail = rules.queue(make_message("Ünïcode, محمد"), to="a@example.org")
    assert (mail.to, mail.subject, mail.state) == ("a@example.org", "Ünïcode, محمد", "queued")
    sent = rules.message_of(OutboxMail.objects.get())
    assert (sent["To"], sent["Subject"]) == ("a@example.org", "Ünïcode, محمد")
    assert sent["Message-ID"]
    assert sent["Date"].datetime <= timezone.now()
    assert b"\r\n" in mail.payload
    assert b"\n" not in mail.payload.replace(b"\r\n", b"")


def test_without_a_mail_server_mails_are_kept(db):
    assert rules.queue(make_message(), to="a@example.org").state == State.KEPT


def test_rolled_back_transaction_writes_no_mail(db, server):
    with transaction.atomic():
        rules.queue(make_message(), to="a@example.org")
        transaction.set_rollback(True)
    assert OutboxMail.objects.count() == 0


def test_key_names_one_mail(db, server):
    with transaction.atomic():
        first = rules.queue(make_message(), to="a@example.org", key="reminder-1")
        second = rules.queue(make_message("Other"), to="a@example.org", key="reminder-1")
        rules.queue(make_message(), to="b@example.org", key="reminder-2")
    assert first.pk == second.pk
    assert OutboxMail.objects.count() == 2


@pytest.mark.parametrize("header", ["To", "Reply-To"])
def test_header_injection_is_refused(db, server, header):
    message = make_message()
    with pytest.raises(ValueError):
        message[header] = "a@example.org\r\nBcc: victim@example.org"


def test_claim_leases_the_oldest_due_first(db, server):
    now = timezone.now()
    late = rules.queue(make_message(), to="late@example.org", due_at=now - timedelta(seconds=1))
    early = rules.queue(make_message(), to="early@example.org", due_at=now - timedelta(hours=1))
    rules.queue(make_message(), to="later@example.org", due_at=now + timedelta(seconds=1))
    lease = timedelta(minutes=3)
    assert rules.claim(at=now, limit=1, lease=lease) == [early]
    assert rules.claim(at=now, limit=9, lease=lease) == [late]
    assert rules.claim(at=now, limit=9, lease=lease) == []
    early.refresh_from_db()
    assert (early.leased_until, early.attempts) == (now + lease, 1)


def test_lease_runs_out(db, server):
    mail = rules.queue(make_message(), to="a@example.org")
    now = timezone.now()
    lease = timedelta(minutes=3)
    rules.claim(at=now, limit=1, lease=lease)
    assert rules.claim(at=now + lease - timedelta(seconds=1), limit=1, lease=lease) == []
    assert rules.claim(at=now + lease, limit=1, lease=lease) == [mail]


def test_nothing_due_takes_no_transaction(db, server, django_assert_num_queries):
    with django_assert_num_queries(1):
        rules.claim(at=timezone.now(), limit=9, lease=timedelta(minutes=3))


def test_refused_for_now_waits_longer_each_time(db, server):
    mail = rules.queue(make_message(), to="a@example.org")
    now = timezone.now()
    pauses = []
    for attempt in range(1, 5):
        mail.attempts = attempt
        rules.mark_failed(mail, at=now, error="451 later", permanent=False)
        pauses.append(mail.due_at - now)
    mail.refresh_from_db()
    assert (mail.state, mail.error, mail.leased_until) == ("queued", "451 later", None)
    assert pauses == sorted(pauses)


@given(st.integers(min_value=0, max_value=10_000))
def test_pause_is_at_most_an_hour(attempts):
    assert timedelta(0) < rules.pause_after(attempts) <= timedelta(hours=1)


def test_permanent_refusal_is_given_up_at_once(db, server):
    mail = rules.queue(make_message(), to="a@example.org")
    rules.mark_failed(mail, at=timezone.now(), error="550 no\nsuch user" * 99, permanent=True)
    mail.refresh_from_db()
    assert mail.state == State.DEAD
    assert len(mail.error) == 500
    assert "\n" not in mail.error


def test_after_four_days_it_is_given_up(db, server):
    mail = rules.queue(make_message(), to="a@example.org")
    at = mail.created_at + rules.PATIENCE
    rules.mark_failed(mail, at=at, error="451 later", permanent=False)
    assert mail.state == State.QUEUED
    rules.mark_failed(mail, at=at + timedelta(seconds=1), error="451 later", permanent=False)
    assert mail.state == State.DEAD


def test_sent_mail_has_its_time(db, server):
    mail = rules.queue(make_message(), to="a@example.org")
    at = datetime(2026, 3, 1, tzinfo=UTC)
    rules.mark_sent(mail, at=at)
    mail.refresh_from_db()
    assert (mail.state, mail.sent_at, mail.error) == ("sent", at, "")


def test_given_up_mail_is_sent_again_on_demand(db, server):
    mail = rules.queue(make_message(), to="a@example.org")
    at = timezone.now()
    assert rules.send_again(mail, at=at) is False
    rules.mark_failed(mail, at=at, error="550", permanent=True)
    assert rules.send_again(mail, at=at) is True
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.due_at) == ("queued", 0, at)


def test_old_bodies_are_dropped_and_only_those(db, server, settings):
    settings.OUTBOX_KEEP_DAYS = 30
    mails = {
        name: rules.queue(make_message(name), to="a@example.org")
        for name in ("old sent", "old waiting", "new sent")
    }
    at = timezone.now()
    for name in ("old sent", "new sent"):
        rules.mark_sent(mails[name], at=at)
    old = OutboxMail.objects.filter(subject__startswith="old")
    old.update(created_at=at - timedelta(days=30, seconds=1))
    assert rules.purge(at=at) == 1
    left = {mail.subject: mail.payload is not None for mail in OutboxMail.objects.all()}
    assert left == {"old sent": False, "old waiting": True, "new sent": True}
    assert rules.message_of(OutboxMail.objects.get(subject="old sent")) is None


def test_written_since_counts_one_address(db, server):
    mail = rules.queue(make_message(), to="a@example.org")
    rules.queue(make_message(), to="b@example.org")
    assert rules.written_since(mail.created_at - timedelta(hours=1), to="a@example.org") == 1
    assert rules.written_since(mail.created_at, to="a@example.org") == 0


# When a mail left us

AT = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)


def left(key="asked"):
    return rules.left_at([key])


def test_a_mail_left_when_the_server_took_it(db, server):
    mail = rules.queue(make_message(), to="a@example.org", key="asked")
    assert left() == {"asked": None}
    rules.mark_sent(mail, at=AT)
    assert left() == {"asked": AT}


def test_of_mails_there_are_not_nothing_is_known(db, server, django_assert_num_queries):
    rules.queue(make_message(), to="a@example.org")
    with django_assert_num_queries(1):
        assert rules.left_at(["asked", "reminded"]) == {}


def test_a_mail_kept_here_did_not_leave(db):
    rules.queue(make_message(), to="a@example.org", key="asked")
    assert left() == {"asked": None}


def test_one_refused_for_good_left_but_not_one_given_up_for_want_of_a_server(db, server):
    mail = rules.queue(make_message(), to="a@example.org", key="asked")
    soon = mail.created_at + timedelta(hours=1)
    rules.mark_failed(mail, at=soon, error="550 no such user", permanent=False)
    assert left() == {"asked": None}
    rules.mark_failed(mail, at=soon, error="550 no such user", permanent=True)
    assert left() == {"asked": mail.due_at}
    late = mail.created_at + rules.PATIENCE + timedelta(seconds=1)
    rules.mark_failed(mail, at=late, error="Connection refused", permanent=False)
    assert mail.state == State.DEAD
    assert left() == {"asked": None}
