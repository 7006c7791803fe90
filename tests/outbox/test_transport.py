import socket

import pytest

from events.registration.outbox import rules
from events.registration.outbox.transport import NotTaken, Transport
from roundtable.env import MailServer
from tests.outbox.conftest import make_message


def refusal(mail):
    with Transport() as transport, pytest.raises(NotTaken) as caught:
        transport.send(mail)
    return str(caught.value), caught.value.permanent


def test_server_gets_the_bytes_that_were_kept(db, smtp, settings):
    settings.DEFAULT_FROM_EMAIL = "Roundtable <roundtable@example.org>"
    mail = rules.queue(make_message("Ünïcode"), to="a@example.org")
    with Transport() as transport:
        transport.send(mail)
    assert smtp.taken == [("roundtable@example.org", "a@example.org", mail.payload)]


@pytest.mark.parametrize(
    ("answer", "permanent"), [("550 no such user", True), ("451 try later", False)]
)
def test_refused_recipient(db, smtp, answer, permanent):
    smtp.answers["a@example.org"] = [answer]
    mail = rules.queue(make_message(), to="a@example.org")
    assert refusal(mail) == (answer, permanent)


@pytest.mark.parametrize(
    ("answer", "permanent"), [("554 looks like spam", True), ("452 disk full", False)]
)
def test_refused_content(db, smtp, answer, permanent):
    smtp.data_answers["a@example.org"] = [answer]
    mail = rules.queue(make_message(), to="a@example.org")
    assert refusal(mail) == (answer, permanent)


def test_connection_goes_on_after_a_refusal(db, smtp):
    smtp.answers["a@example.org"] = ["550 no"]
    first = rules.queue(make_message(), to="a@example.org")
    second = rules.queue(make_message(), to="b@example.org")
    with Transport() as transport:
        with pytest.raises(NotTaken):
            transport.send(first)
        transport.send(second)
    assert smtp.recipients == ["b@example.org"]


def test_no_server_there_is_for_now(db, settings):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings.MAIL_SERVER = MailServer("127.0.0.1", port, "", "", use_tls=False, use_ssl=False)
    mail = rules.queue(make_message(), to="a@example.org")
    assert refusal(mail)[1] is False


def test_wrong_password_is_the_operators_to_mend(db, smtp, settings):
    # This server offers no sign-in at all, which refuses every password.
    settings.MAIL_SERVER = MailServer(
        "127.0.0.1", smtp.port, "someone", "secret", use_tls=False, use_ssl=False
    )
    mail = rules.queue(make_message(), to="a@example.org")
    answer, permanent = refusal(mail)
    assert permanent is False
    assert "secret" not in answer


def test_tls_is_not_given_up_where_the_server_has_none(db, smtp, settings):
    settings.MAIL_SERVER = MailServer("127.0.0.1", smtp.port, "", "", use_tls=True, use_ssl=False)
    mail = rules.queue(make_message(), to="a@example.org")
    assert refusal(mail)[1] is False
    assert smtp.taken == []


def test_dropped_body_is_never_sent(db, smtp):
    mail = rules.queue(make_message(), to="a@example.org")
    mail.payload = None
    assert refusal(mail)[1] is True
