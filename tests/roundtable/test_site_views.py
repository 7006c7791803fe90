import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from html import unescape
from xml.etree import ElementTree as ET

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from events.registration.rules import NOTICE_VERSION
from tests.factories import AT, make_event
from tests.live import PATIENCE, ROOT, environment, free_port

BODY = "application/x-www-form-urlencoded"
NAMESPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def main(response):
    page = response.content.decode()
    page = page[page.index("<main") : page.index("</main>")]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.fixture
def browser():
    """A client that is shown the page of an error, and not the error itself."""
    return Client(raise_request_exception=False)


# Notices


@pytest.mark.django_db
def test_privacy_notice_names_who_answers_and_how_to_reach_them(client, settings):
    settings.CONTROLLER, settings.CONTACT_EMAIL = "Example convenor", "privacy@example.org"
    text = main(client.get("/privacy/"))
    assert "Example convenor" in text
    assert "privacy@example.org" in text
    assert f"Version {NOTICE_VERSION} of this notice." in text


@pytest.mark.django_db
def test_privacy_notice_without_settings_invents_nobody(client):
    text = main(client.get("/privacy/"))
    assert "Who answers for your data on this site is to be announced." in text
    assert "The address to write to is to be announced." in text
    assert "@" not in text


@pytest.mark.django_db
def test_accessibility_statement_names_the_standard_and_a_way_to_write(client, settings):
    settings.CONTACT_EMAIL = "access@example.org"
    text = main(client.get("/accessibility/"))
    assert "WCAG) 2.2, level AA" in text
    assert "access@example.org" in text


# What machines ask for


def test_robots_leave_personal_pages_alone(client):
    response = client.get("/robots.txt")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response.content.decode().splitlines() == [
        "User-agent: *",
        "Disallow: /accounts/",
        "Disallow: /admin/",
        "Disallow: /registrations/",
        "Sitemap: http://localhost:8000/sitemap.xml",
    ]


@pytest.mark.django_db
def test_sitemap_names_the_pages_of_published_events(client):
    make_event(slug="e")
    make_event(slug="secret", published=False)
    response = client.get("/sitemap.xml")
    assert response["Content-Type"] == "application/xml"
    root = ET.fromstring(response.content)
    found = {url.findtext(f"{NAMESPACE}loc"): url.findtext(f"{NAMESPACE}lastmod") for url in root}
    origin, changed = "http://localhost:8000", AT.isoformat()
    assert found == {
        f"{origin}/events/": None,
        f"{origin}/events/e/": changed,
        f"{origin}/events/e/concept-note/": changed,
        f"{origin}/events/e/agenda/": changed,
        f"{origin}/events/e/speakers/": changed,
        f"{origin}/privacy/": None,
        f"{origin}/accessibility/": None,
    }
    assert [client.get(url.removeprefix(origin)).status_code for url in found] == [200] * 7


@pytest.mark.django_db
@pytest.mark.parametrize("events", [1, 3])
def test_sitemap_takes_the_same_queries_however_many_events(
    client, events, django_assert_num_queries
):
    for _ in range(events):
        make_event()
    with django_assert_num_queries(2):
        client.get("/sitemap.xml")


def test_security_txt_says_whom_to_tell_and_until_when(client, settings):
    settings.CONTACT_EMAIL = "security@example.org"
    response = client.get("/.well-known/security.txt")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    contact, expires, canonical = response.content.decode().splitlines()
    assert contact == "Contact: mailto:security@example.org"
    assert canonical == "Canonical: http://localhost:8000/.well-known/security.txt"
    until = datetime.strptime(expires, "Expires: %Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    # At most a year ahead (RFC 9116, 2.5.5).
    assert timedelta(days=179) < until - timezone.now() < timedelta(days=181)


def test_security_txt_without_a_contact_is_not_there(client):
    response = client.get("/.well-known/security.txt")
    assert (response.status_code, response.content) == (404, b"")


def test_livez_answers_without_the_database(client):
    assert client.get("/livez").content == b"ok\n"


@pytest.mark.django_db
def test_readyz_asks_the_database_once(client, django_assert_num_queries):
    with django_assert_num_queries(1):
        response = client.get("/readyz")
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_readyz_is_503_where_the_tables_are_not_there(client):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_event RENAME TO events_event_away")
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (503, b"database away\n")


@pytest.mark.django_db
def test_favicon_is_the_icon(client):
    response = client.get("/favicon.ico")
    assert (response.status_code, response["Location"]) == (301, "/static/img/icon.svg")
    icon = client.get("/static/img/icon.svg")
    assert icon["Content-Type"] == "image/svg+xml"
    assert b"".join(icon.streaming_content).startswith(b"<svg")
    icon.close()


# Refusals. Without the db fixture, pytest-django fails every query.


def refusal(response, status):
    """Return what a refusal says, having looked at how it is sent."""
    assert response.status_code == status
    assert response["Cache-Control"] == "no-store"
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert response.has_header("Content-Security-Policy")
    assert not response.cookies
    return main(response)


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.2", "a b"])
def test_foreign_host_is_told_the_site_s_own_address(browser, host):
    response = browser.get("/events/", headers={"host": host})
    assert "This site has another address" in refusal(response, 400)
    assert 'href="http://localhost:8000/"' in response.content.decode()
    assert host.encode() not in response.content


def test_unknown_page_is_404(browser):
    assert "There is no such page" in refusal(browser.get("/nowhere/"), 404)


def test_null_in_an_address_is_404(browser):
    assert browser.get("/events/%00/").status_code == 404


@pytest.mark.urls("tests.roundtable.broken_urls")
def test_page_of_others_is_403(browser):
    assert "This page is not for you" in refusal(browser.get("/forbidden/"), 403)


@pytest.mark.urls("tests.roundtable.broken_urls")
def test_broken_page_is_500_and_tells_no_secret(browser):
    response = browser.get("/broken/")
    assert "It is our fault, not yours." in refusal(response, 500)
    assert b"secret" not in response.content
    assert b"ValueError" not in response.content


def test_form_without_its_cookie_is_told_how_to_go_on():
    from roundtable.organisers import SALT, signing

    token = signing.TimestampSigner(salt=SALT, sep=".").sign("first")
    response = Client(enforce_csrf_checks=True).post(f"/organiser/{token}/", {"email": "a@b.org"})
    assert "The form came without its cookie" in refusal(response, 403)


@pytest.mark.django_db
def test_form_of_12_megabytes_is_read_and_a_longer_one_is_413(browser):
    make_event(slug="e")
    most = 12 * 1024 * 1024
    start = b"name=Amina&question="
    longest = browser.post("/events/e/register/", start.ljust(most, b"x"), content_type=BODY)
    assert longest.status_code == 200
    longer = browser.post("/events/e/register/", start.ljust(most + 1, b"x"), content_type=BODY)
    assert "What was sent is longer than this site takes." in refusal(longer, 413)


@pytest.mark.django_db
def test_form_of_4000_fields_is_read_and_of_more_is_413(browser):
    make_event(slug="e")
    most = browser.post("/events/e/register/", b"&".join([b"a=b"] * 4000), content_type=BODY)
    assert most.status_code == 200
    more = browser.post("/events/e/register/", b"&".join([b"a=b"] * 4001), content_type=BODY)
    assert "What was sent is longer" in refusal(more, 413)


# The database is gone, really: nobody listens at its port, or somebody holds its file.

AWAY = """
import json, os, sqlite3
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from django.test import Client

browser = Client(raise_request_exception=False, headers={"host": "localhost"})
options = connection.settings_dict["OPTIONS"]
if connection.vendor == "sqlite":
    call_command("migrate", verbosity=0)
    call_command("load_roundtable", verbosity=0)
    kept = browser.get("/").status_code
    connection.close()
    options["timeout"] = 0.1
    holder = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
else:
    options["pool"]["timeout"] = 0.1

def told(response):
    names = ["Cache-Control", "Retry-After", "Referrer-Policy"]
    return [response.status_code, response.content.decode(), [response.get(n) for n in names]]

form = os.environ["TYPED"]
found = {
    "live": told(browser.get("/livez")),
    "ready": told(browser.get("/readyz")),
    "page": told(browser.get("/")),
    "form": told(browser.post("/events/roundtable-2/register/?from=mail", form,
                              content_type="application/x-www-form-urlencoded")),
    "unreadable": told(browser.post("/events/roundtable-2/register/", b"x=%ff&" * 4001,
                                    content_type="application/x-www-form-urlencoded")),
    "cut off": told(browser.post("/events/roundtable-2/register/", b"--x",
                                 content_type="multipart/form-data")),
    "personal": told(browser.get("/registrations/some.token/")),
    "missing": told(browser.get("/nowhere/")),
}
if connection.vendor == "sqlite":
    holder.execute("ROLLBACK")
    found["again"] = told(browser.get("/"))
print(json.dumps(found))
"""
TYPED = [("name", 'Ngũgĩ "wa" <Thiong\'o>'), ("voices", "women"), ("voices", "youth"),
         ("question", "One line.\r\nAnother & more."), ("form_token", "a.b:c")]  # fmt: skip


@pytest.fixture(scope="module", params=["nobody listens", "file is held"])
def away(request, tmp_path_factory):
    """What a site answers whose database is gone."""
    from urllib.parse import urlencode

    settings = {"ROUNDTABLE_DATA": str(tmp_path_factory.mktemp("data"))}
    if request.param == "nobody listens":
        settings["DATABASE_URL"] = f"postgres://nobody@127.0.0.1:{free_port()}/none"
    done = subprocess.run(
        [sys.executable, "-c", AWAY],
        cwd=ROOT,
        env={
            **environment(**settings),
            "DJANGO_SETTINGS_MODULE": "roundtable.settings",
            "TYPED": urlencode(TYPED),
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout.splitlines()[-1]), "log": done.stderr}


def test_lost_database_is_told_to_who_watches_the_site(away):
    assert away["live"][:2] == [200, "ok\n"]
    assert away["ready"][:2] == [503, "database away\n"]
    assert "The database can't be reached" in away["log"]


def test_reader_is_told_to_try_again(away):
    status, page, headers = away["page"]
    assert status == 503
    assert "The site can&#x27;t answer just now." in page or "can't answer just now" in page
    assert '<a class="button" href="/">' in page
    assert headers == ["no-store", "30", "no-referrer"]


def test_typed_form_is_kept_and_sent_again_by_one_button(away):
    status, page, headers = away["form"]
    assert status == 503
    assert '<form method="post" action="/events/roundtable-2/register/?from=mail">' in page
    kept = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page, re.DOTALL)
    assert [(unescape(name), unescape(value)) for name, value in kept] == TYPED
    # With no referrer at all the browser would send the form as from nowhere.
    assert headers == ["no-store", "30", "same-origin"]


@pytest.mark.parametrize("sent", ["unreadable", "cut off"])
def test_form_that_cannot_be_read_is_told_to_try_again_too(away, sent):
    status, page, headers = away[sent]
    assert status == 503
    assert '<a class="button" href="/events/roundtable-2/register/">' in page
    assert headers == ["no-store", "30", "no-referrer"]


def test_personal_page_without_database_hands_its_address_to_nobody(away):
    assert (away["personal"][0], away["personal"][2]) == (503, ["no-store", "30", "no-referrer"])
    assert "some.token" not in away["log"]


def test_page_that_never_was_is_404_without_database(away):
    assert away["missing"][0] == 404


def test_site_is_back_with_its_database(away):
    if "again" in away:
        assert away["again"][0] == 200
    else:
        assert away["ready"][0] == 503


# The band


@pytest.mark.django_db
def test_page_tells_of_the_stopped_clock(client):
    assert "clock stands at 12 October 2020, 09:00 EAT" in client.get("/events/").content.decode()


@pytest.mark.django_db
def test_page_of_a_site_with_real_time_tells_of_no_clock(client, settings):
    settings.ROUNDTABLE_CLOCK = None
    assert "clock stands" not in client.get("/events/").content.decode()
