import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from events.registration.models import PersonalDataAccess
from events.registration.outbox import rules
from events.registration.outbox.models import OutboxMail
from tests.outbox.conftest import make_message


@pytest.fixture
def mail(db, settings):
    settings.MAIL_SERVER = object()
    mail = rules.queue(make_message("Your code", "Secret 1234"), to="a@example.org")
    rules.mark_failed(mail, at=timezone.now(), error="550 no such user", permanent=True)
    return mail


def test_organiser_sees_what_was_sent_and_never_what_it_says(admin_client, mail):
    for path in ("/admin/outbox/outboxmail/", f"/admin/outbox/outboxmail/{mail.pk}/change/"):
        page = admin_client.get(path).content.decode()
        assert "a@example.org" in page
        assert "550 no such user" in page
        assert "1234" not in page


def test_mail_that_was_given_up_is_sent_again(admin_client, mail):
    admin_client.post(
        "/admin/outbox/outboxmail/",
        {"action": "send_again", "_selected_action": [mail.pk]},
    )
    assert OutboxMail.objects.get().state == "queued"


def test_nobody_adds_or_deletes_mails(admin_client, mail):
    assert admin_client.get("/admin/outbox/outboxmail/add/").status_code == 403
    assert admin_client.post(f"/admin/outbox/outboxmail/{mail.pk}/delete/").status_code == 403


def test_who_saw_to_whom_mails_went_is_noted(admin_client, admin_user, mail):
    page = f"/admin/outbox/outboxmail/{mail.pk}/"
    for path in ("/admin/outbox/outboxmail/", f"{page}change/", f"{page}history/"):
        assert admin_client.get(path).status_code == 200
    rows = PersonalDataAccess.objects.values_list("what", "by", "number")
    assert list(rows) == [("mails", admin_user.pk, 3)]


def test_who_may_not_see_them_is_not_said_to_have_seen_them(client, mail):
    client.force_login(User.objects.create_user("editor", is_staff=True))
    for path in ("", f"{mail.pk}/change/", f"{mail.pk}/history/"):
        assert client.get(f"/admin/outbox/outboxmail/{path}").status_code == 403
    assert not PersonalDataAccess.objects.exists()
