import re

import pytest
from django.urls import reverse

from events.registration.outbox import rules
from events.registration.outbox.models import OutboxMail
from tests.factories import make_event, make_registration
from tests.outbox.conftest import make_message


@pytest.fixture
def mail(db):
    make_registration(make_event(), name="محمد O'Neil")
    return OutboxMail.objects.get()


def test_mail_is_shown_as_its_reader_sees_it(client, mail):
    page = client.get(reverse("outbox:list")).content.decode()
    assert mail.subject in page
    page = client.get(f"/outbox/{mail.pk}/").content.decode()
    assert "محمد O&#x27;Neil" in page
    assert re.search(r'<a href="http://localhost:8000/registrations/[^"]+/" rel="nofollow">', page)
    assert f'src="/outbox/{mail.pk}/html/"' in page
    assert page.count("text/calendar") == 3


def test_html_part_stands_alone_and_runs_nothing(client, mail):
    response = client.get(f"/outbox/{mail.pk}/html/")
    policy = dict(
        part.strip().partition(" ")[::2] for part in response["Content-Security-Policy"].split(";")
    )
    assert policy["frame-ancestors"] == "'self'"
    assert policy["default-src"] == "'none'"
    assert "allow-scripts" not in policy["sandbox"]
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert "محمد" in response.content.decode()


def test_page_may_frame_the_html_part(client, mail):
    policy = client.get(f"/outbox/{mail.pk}/")["Content-Security-Policy"]
    assert "frame-src 'self'" in policy


def test_invitation_is_downloaded_as_it_was_attached(client, mail):
    parts = client.get(f"/outbox/{mail.pk}/").context["parts"]
    assert [part["name"] for part in parts] == ["text/calendar", "invite.ics"]
    responses = [client.get(f"/outbox/{mail.pk}/parts/{part['number']}/") for part in parts]
    assert responses[0].content == responses[1].content
    assert responses[1].content.startswith(b"BEGIN:VCALENDAR\r\n")
    assert responses[1]["Content-Disposition"] == 'attachment; filename="invite.ics"'
    assert responses[1]["Content-Type"].startswith("text/calendar")


def test_raw_is_what_goes_over_the_wire(client, mail):
    response = client.get(f"/outbox/{mail.pk}/raw/")
    assert response.content == bytes(mail.payload)
    assert response["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("path", ["", "{}/", "{}/html/", "{}/raw/", "{}/parts/0/"])
def test_nobody_else_sees_any_of_it(client, mail, settings, path):
    path = "/outbox/" + path.format(mail.pk)
    near = client.get(path)
    assert (near.status_code, near["Cache-Control"]) == (200, "no-store, private")
    assert near["Referrer-Policy"] == "no-referrer"
    assert client.get(path, REMOTE_ADDR="192.0.2.7").status_code == 404
    settings.LOCAL_INSTALL = False
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "name", ["x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via"]
)
def test_nobody_sees_any_of_it_through_a_tunnel_on_this_machine(client, mail, name):
    assert client.get("/outbox/", headers={name: "127.0.0.1"}).status_code == 404


def test_dropped_body_is_told(client, mail):
    OutboxMail.objects.update(payload=None)
    assert "its text was dropped" in client.get(f"/outbox/{mail.pk}/").content.decode()
    assert client.get(f"/outbox/{mail.pk}/html/").status_code == 404


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"no mail at all",
        b"Content-Type: text/plain; charset=klingon\r\n\r\n\xff\xfe",
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: a\r\n\r\n',
        b"Content-Type: text/html; charset=utf-8\r\nSubject: \xff\xff\r\n\r\n<p>\xff",
    ],
)
def test_malformed_mail_is_shown_as_far_as_it_goes(client, mail, payload):
    OutboxMail.objects.update(payload=payload)
    for path in ("", "html/", "raw/", "parts/0/"):
        assert client.get(f"/outbox/{mail.pk}/{path}").status_code in {200, 404}


def test_list_counts_its_queries_not_its_mails(client, db, django_assert_num_queries):
    for number in range(3):
        rules.queue(make_message(f"Mail {number}"), to="a@example.org")
        with django_assert_num_queries(2):
            client.get("/outbox/")


def test_unknown_mail_and_part(client, mail):
    assert client.get("/outbox/999/").status_code == 404
    assert client.get(f"/outbox/{mail.pk}/parts/99/").status_code == 404
