"""The gate before the desk: who comes in, by role, by install, by second factor."""

import re
from html import unescape

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.contrib.auth.models import Group
from django.test import Client

from roundtable.roles import Role
from tests.factories import make_event
from tests.roundtable.accounts.conftest import make_person
from tests.signing_in import app_code, give_factor, show_factor

pytestmark = pytest.mark.django_db
SET_UP = (302, "/accounts/2fa/")


def answer(response):
    return response.status_code, response.get("Location")


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize("factor", [False, True])
def test_organiser_comes_in_unless_the_demanded_factor_is_missing(
    client, organiser, settings, local, factor
):
    settings.LOCAL_INSTALL = local
    client.force_login(organiser)
    if factor:
        show_factor(client)
    assert answer(client.get("/admin/")) == ((200, None) if local or factor else SET_UP)


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize("factor", [False, True])
def test_attendee_gets_403_and_no_detour(client, person, settings, local, factor):
    settings.LOCAL_INSTALL = local
    client.force_login(person)
    if factor:
        show_factor(client)
    for path in ("/admin/", "/admin/events/event/", "/admin/login/", "/admin/jsi18n/"):
        response = client.get(path)
        assert answer(response) == (403, None)
        assert b"This page is not for you" in response.content


def main(response):
    page = unescape(response.content.decode())
    page = page[page.index("<main") : page.index("</main>")]
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def offers_sign_in(response):
    return '<a href="/accounts/">Sign in</a>' in response.content.decode()


def test_who_has_no_role_is_told_so_and_signs_out(person):
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    response = client.get("/admin/")
    assert main(response) == (
        "403 This page is not for you You are signed in as amina@example.org, and this account "
        "has no role at the organisers' desk. Should it have one? Then ask an owner among the "
        "organisers to give it a role. Or sign out, and sign in again with another address. "
        "Sign out Your seats To the event"
    )
    assert not offers_sign_in(response)
    # A page without referrer would send its form as from nowhere.
    assert response["Referrer-Policy"] == "same-origin"
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', response.content.decode())[1]
    typed = {"csrfmiddlewaretoken": token, "next": "/accounts/login/"}
    out = client.post("/accounts/logout/", typed, headers={"origin": "http://testserver"})
    assert answer(out) == (302, "/accounts/login/")
    assert "_auth_user_id" not in client.session


def test_whose_role_does_not_open_a_page_is_told_so(client):
    editor = make_person("editor@example.org", is_staff=True)
    editor.groups.set(Group.objects.filter(name=Role.EDITOR))
    client.force_login(editor)
    response = client.get("/admin/registration/registration/")
    assert response.status_code == 403
    assert main(response) == (
        "403 This page is not for you Your roles at the organisers' desk don't include this "
        "page. Do you need it? Then ask an owner among the organisers to give you a role that "
        "does. To the organisers' desk"
    )
    assert not offers_sign_in(response)


def test_pages_offer_to_sign_in_only_to_who_is_not(client, person):
    event = make_event(slug="e")
    for path in ("/events/e/", "/accounts/login/"):
        assert offers_sign_in(client.get(path))
    client.force_login(person)
    for path in ("/accounts/", "/accounts/2fa/", "/accounts/email/"):
        assert not offers_sign_in(client.get(path))
    # One page for all: it is kept, and knows nobody.
    assert offers_sign_in(client.get("/events/e/"))
    client.force_login(make_person("o@example.org", is_staff=True, is_superuser=True))
    assert not offers_sign_in(client.get(f"/admin/events/event/{event.pk}/preview/"))


@pytest.mark.parametrize("local", [True, False])
def test_anonymous_signs_in_first(client, settings, local):
    settings.LOCAL_INSTALL = local
    chain = client.get("/admin/events/event/", follow=True).redirect_chain
    assert chain[-1] == ("/accounts/login/?next=%2Fadmin%2Fevents%2Fevent%2F", 302)


@pytest.mark.parametrize("method", ["get", "head", "post", "options", "put", "delete", "patch"])
@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/admin/events/event/",
        "/admin/events/event/add/",
        "/admin/auth/user/",
        "/admin/outbox/outboxmail/",
        "/admin/registration/registration/",
        "/admin/login/",
        "/admin/jsi18n/",
        "/admin/autocomplete/",
        "/admin/password_change/",
        "/admin/nowhere/",
        "/admin/events/event",
    ],
)
def test_no_address_and_no_method_gets_round_the_gate(
    client, organiser, on_the_internet, method, path
):
    client.force_login(organiser)
    assert answer(getattr(client, method)(path)) == SET_UP


def test_nothing_is_written_by_who_is_turned_away(client, organiser, on_the_internet):
    event = make_event(title="Before")
    client.force_login(organiser)
    path = f"/admin/events/event/{event.pk}/delete/"
    assert answer(client.post(path, {"post": "yes"})) == SET_UP
    event.refresh_from_db()
    assert event.title == "Before"


def test_page_it_leads_to_says_why(client, organiser, on_the_internet):
    client.force_login(organiser)
    page = client.get("/admin/", follow=True)
    assert page.status_code == 200
    assert "the desk opens only with a second step" in page.content.decode()
    assert "Not now" not in page.content.decode()


def test_recovery_codes_alone_are_no_second_factor(client, organiser, on_the_internet):
    RecoveryCodes.activate(organiser)
    client.force_login(organiser)
    assert answer(client.get("/admin/")) == SET_UP


def test_session_that_never_showed_the_factor_is_asked_for_it(client, organiser, on_the_internet):
    # Opened before the factor was set up, by somebody else perhaps.
    client.force_login(organiser)
    secret, _codes = give_factor(organiser)
    asked = "/accounts/2fa/reauthenticate/?next=%2Fadmin%2Fevents%2Fevent%2F"
    assert answer(client.get("/admin/events/event/")) == (302, asked)
    assert answer(client.post("/admin/events/event/add/", {}))[1].endswith("?next=%2Fadmin%2F")
    wrong = client.post(asked, {"code": "000000"})
    assert "This is not the code." in wrong.content.decode()
    right = client.post(asked, {"code": app_code(secret), "next": "/admin/events/event/"})
    assert answer(right) == (302, "/admin/events/event/")
    assert client.get("/admin/events/event/").status_code == 200


def test_factor_taken_away_closes_the_desk(client, organiser, on_the_internet):
    client.force_login(organiser)
    show_factor(client)
    assert client.get("/admin/").status_code == 200
    Authenticator.objects.filter(user=organiser, type="totp").delete()
    assert answer(client.get("/admin/")) == SET_UP


def test_factor_of_somebody_else_opens_nothing(client, organiser, on_the_internet):
    give_factor(make_person("other@example.org", is_staff=True))
    client.force_login(organiser)
    assert answer(client.get("/admin/")) == SET_UP


def test_signing_out_is_never_refused(client, organiser, on_the_internet):
    client.force_login(organiser)
    assert client.post("/admin/logout/").status_code in {200, 302}
    assert "_auth_user_id" not in client.session


def test_gate_stands_before_the_desk_only(client, organiser, on_the_internet):
    client.force_login(organiser)
    for path in ("/", "/accounts/", "/accounts/email/", "/accounts/2fa/", "/accounts/logout/"):
        assert client.get(path).status_code in {200, 302}, path
        assert client.get(path).get("Location") != "/accounts/2fa/"


def test_banner_offers_it_on_a_local_install_and_is_gone_once_set_up(client, rf, organiser, person):
    from django.template.loader import render_to_string

    def banner(user):
        request = rf.get("/admin/")
        request.user = user
        return render_to_string("account/second_factor_banner.html", {}, request).strip()

    assert 'href="/accounts/2fa/"' in banner(organiser)
    assert banner(person) == ""
    give_factor(organiser)
    assert banner(organiser) == ""


@pytest.mark.parametrize("path", ["/accounts/", "/accounts/login/", "/accounts/2fa/",
                                  "/accounts/email/", "/accounts/password/reset/"])  # fmt: skip
def test_no_page_of_accounts_is_kept_by_a_cache(client, person, path):
    client.force_login(person)
    assert {"private", "no-store"} <= set(client.get(path)["Cache-Control"].split(", "))
