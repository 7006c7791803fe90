"""The security headers, on what a reader really gets."""

import subprocess
import sys

import pytest

from roundtable.bootstrap import production
from tests.factories import make_assignment, make_event, make_note, make_registration, make_speaker
from tests.live import PATIENCE, ROOT, environment

POLICY = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
    "font-src 'self'", "connect-src 'self'", "form-action 'self'", "base-uri 'none'",
    "frame-ancestors 'none'", "manifest-src 'self'",
}  # fmt: skip
POWERS = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"
SLOT = {"title": "Panel", "minutes": 30, "kind": "panel"}
PAGES = [
    ("/", 200), ("/events/", 200), ("/events/e/", 200), ("/events/e/concept-note/", 200),
    ("/events/e/agenda/", 200), ("/events/e/speakers/", 200), ("/events/e/invite.ics", 200),
    ("/events/e/agenda.ics", 200), ("/calendar.ics", 200), ("/speakers/wangari/", 200),
    ("/events/e/register/", 200), ("/events/e/register/done/", 200),
    ("/events/e/register/lost-link/", 200), ("/privacy/", 200), ("/accessibility/", 200),
    ("/accounts/login/", 200), ("/sitemap.xml", 200), ("/robots.txt", 200), ("/livez", 200),
    ("/readyz", 200), ("/nowhere/", 404), ("/organiser/forged/", 404),
    ("/registrations/forged/", 404),
]  # fmt: skip
# Opens the pages of a site whose address begins with https, and tells HSTS of each.
OVER_HTTPS = """
import django
django.setup()
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
client = Client(headers={"host": "roundtable.example.org"})
for path in ("/", "/nowhere/"):
    answer = client.get(path, headers={"x-forwarded-proto": "https"})
    print(answer.status_code, answer.get("Strict-Transport-Security"))
print(client.get("/").get("Strict-Transport-Security"))
"""


@pytest.fixture
def event(db):
    event = make_event(slug="e", items=[SLOT])
    make_note(event)
    make_assignment(event.agenda_items.get(), make_speaker(slug="wangari"))
    return event


def policy(response):
    return set(response["Content-Security-Policy"].split("; "))


@pytest.mark.parametrize(("path", "status"), PAGES)
def test_page_lets_nothing_in_and_gives_nothing_away(client, event, path, status):
    response = client.get(path)
    assert response.status_code == status
    assert policy(response) == POLICY
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Permissions-Policy"] == POWERS
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert not response.has_header("Strict-Transport-Security")
    # What a page tells another site of ours, and what it leaves with the reader.
    kept = "strict-origin-when-cross-origin" if status == 200 else "no-referrer"
    assert response["Referrer-Policy"] == kept
    assert set(client.cookies) == ({"csrftoken"} if path.startswith("/accounts/") else set())


def test_personal_page_is_kept_nowhere_and_handed_to_nobody(client, event):
    from events.registration.links import Power, token_for

    token = token_for(make_registration(event), Power.MANAGE)
    response = client.get(f"/registrations/{token}/")
    assert response.status_code == 200
    assert {"private", "no-store"} <= set(response["Cache-Control"].split(", "))
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Robots-Tag"] == "noindex"
    assert policy(response) == POLICY
    assert not client.cookies


def test_304_has_the_headers_of_the_page_it_stands_for(client, event):
    first = client.get("/events/e/")
    second = client.get("/events/e/", HTTP_IF_NONE_MATCH=first["ETag"])
    assert second.status_code == 304
    assert policy(second) == POLICY
    assert second["X-Content-Type-Options"] == "nosniff"


def test_site_with_an_https_address_asks_browsers_to_stay_on_https(tmp_path):
    settings = {**production(), "ROUNDTABLE_DATA": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", OVER_HTTPS],
        cwd=ROOT,
        env={**environment(**settings), "DJANGO_SETTINGS_MODULE": "roundtable.settings"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    # By the proxy's word the request came over https; without it, it did not (RFC 6797, 7.2).
    year = "max-age=31536000; includeSubDomains"
    assert done.stdout.splitlines() == [f"200 {year}", f"404 {year}", "None"], done.stderr
