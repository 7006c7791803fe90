import pytest
from django.core.mail import BadHeaderError, EmailMessage, EmailMultiAlternatives, send_mail

from events.registration.outbox.models import OutboxMail
from events.registration.outbox.rules import message_of


@pytest.fixture(autouse=True)
def outbox(settings, db):
    settings.EMAIL_BACKEND = "events.registration.outbox.backend.OutboxBackend"


def test_djangos_mail_lands_in_the_outbox():
    assert send_mail("Your code", "1234", "site@example.org", ["a@example.org"]) == 1
    mail = OutboxMail.objects.get()
    assert (mail.to, mail.subject) == ("a@example.org", "Your code")
    assert message_of(mail).get_content() == "1234"


def test_each_recipient_has_a_row_and_bcc_stays_hidden():
    mail = EmailMessage(
        "Hello", "Text", "site@example.org", ["Ann <a@example.org>"],
        cc=["c@example.org"], bcc=["b@example.org"],
    )  # fmt: skip
    assert mail.send() == 1
    rows = OutboxMail.objects.order_by("to")
    assert [row.to for row in rows] == ["a@example.org", "b@example.org", "c@example.org"]
    assert all(b"b@example.org" not in bytes(row.payload) for row in rows)
    assert len({message_of(row)["Message-ID"] for row in rows}) == 1


def test_nobody_to_write_to_writes_nothing():
    assert EmailMessage("Hello", "Text").send() == 0
    assert OutboxMail.objects.count() == 0


def test_html_and_unicode_survive():
    mail = EmailMultiAlternatives("Größe", "محمد", "site@example.org", ["a@example.org"])
    mail.attach_alternative("<p>محمد</p>", "text/html")
    mail.send()
    message = message_of(OutboxMail.objects.get())
    assert message["Subject"] == "Größe"
    assert message.get_body(("plain",)).get_content() == "محمد"
    assert message.get_body(("html",)).get_content() == "<p>محمد</p>"


def test_header_injection_is_refused():
    with pytest.raises(BadHeaderError):
        send_mail("Hello\nBcc: victim@example.org", "Text", None, ["a@example.org"])
    assert OutboxMail.objects.count() == 0


def test_line_break_in_an_encoded_word_makes_no_header():
    hidden = "=?utf-8?q?" + "long_" * 20 + "=0D=0ABcc=3A_victim=40example.org?="
    send_mail(hidden, "Text", None, [f"{hidden} <a@example.org>"])
    mail = OutboxMail.objects.get()
    assert b"\r\nBcc:" not in bytes(mail.payload)
    assert "\n" not in mail.subject
