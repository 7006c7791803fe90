"""A person's own page, setting up factors, and signing in again before what matters."""

from datetime import timedelta
from html import unescape

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client

from events.models import Event
from events.registration import rules
from events.registration.models import Registration, SeatRequest
from tests.factories import AT, NOW, START, make_event, make_registration
from tests.roundtable.accounts.conftest import EMAIL, make_person
from tests.signing_in import app_code, give_factor, mailed_code

pytestmark = pytest.mark.django_db
ACTIVATE = "/accounts/2fa/totp/activate/"
RECOVERY = "/accounts/2fa/recovery-codes/"


def words(response):
    return unescape(response.content.decode())


def sign_in(client, email=EMAIL):
    """Sign in as people do, with the code from the mail."""
    client.post("/accounts/login/", {"login": email})
    response = client.post("/accounts/login/code/confirm/", {"code": mailed_code(email)})
    assert "_auth_user_id" in client.session
    return response


@pytest.fixture
def amina(client, person):
    client.force_login(person)
    return client


def names(rows):
    return [(row.registration.event.slug, row.registration.name) for row in rows]


# The seats of an account


def test_her_seats_coming_and_past_by_the_event_s_clock(amina):
    for slug, days in (("long-ago", -400), ("last", -1), ("next", 1), ("later", 90)):
        event = make_event(slug=slug, starts_at=NOW + timedelta(days=days))
        make_registration(event, email=EMAIL, now=event.starts_at - timedelta(days=9))
    page = amina.get("/accounts/")
    assert page.status_code == 200
    assert names(page.context["coming"]) == [("next", "Wanjiru Kamau"), ("later", "Wanjiru Kamau")]
    assert names(page.context["past"]) == [("last", "Wanjiru Kamau"), ("long-ago", "Wanjiru Kamau")]
    assert "Only organisers" not in words(page)
    assert "Organisers' desk" not in words(page)


@pytest.mark.parametrize(("seconds", "coming"), [(1, 1), (0, 0), (-1, 0)])
def test_event_is_past_at_its_end(amina, settings, seconds, coming):
    make_registration(make_event(), email=EMAIL)
    settings.ROUNDTABLE_CLOCK = START + timedelta(hours=2) - timedelta(seconds=seconds)
    page = amina.get("/accounts/")
    assert (len(page.context["coming"]), len(page.context["past"])) == (coming, 1 - coming)


def test_each_seat_says_its_state_and_leads_to_its_page(amina):
    event = make_event(title="Water and people")
    registration = make_registration(event, email=EMAIL, mode="online")
    page = words(amina.get("/accounts/"))
    assert "Water and people" in page
    assert "Online: Confirmed" in page
    assert "Saturday 31 October 2020" in page
    path = page.split('<h3><a href="')[1].split('"')[0]
    managed = Client().get(path)
    assert managed.status_code == 200
    assert managed.context["registration"] == registration


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("pending", "In the room: Waiting for the organisers"),
        ("waiting", "In the room: On the waiting list"),
        ("declined", "The organisers could not give a seat."),
        ("cancelled", "The seat was given up."),
    ],
)
def test_every_state_is_said(amina, status, said):
    make_registration(make_event(), email=EMAIL)
    SeatRequest.objects.update(status=status)
    page = words(amina.get("/accounts/"))
    assert said in page
    assert "Confirmed" not in page


def test_seat_she_gave_up_is_shown_as_given_up(amina):
    registration = make_registration(make_event(), email=EMAIL)
    rules.cancel(registration, now=NOW, at=AT)
    page = amina.get("/accounts/")
    assert "The seat was given up." in words(page)
    assert len(page.context["coming"]) == 1


def test_cancelled_event_is_tagged(amina):
    make_registration(make_event(), email=EMAIL)
    Event.objects.update(status="cancelled")
    assert '<span class="tag">Cancelled</span>' in words(amina.get("/accounts/"))


def add_companion(contact, name):
    return Registration.objects.create(
        event=contact.event, name=name, contact=contact, country="KE", group=contact.group
    )


def test_people_she_registered_are_among_them(amina):
    event = make_event(slug="e")
    add_companion(make_registration(event, email=EMAIL), "Grandmother")
    page = amina.get("/accounts/")
    assert names(page.context["coming"]) == [("e", "Wanjiru Kamau"), ("e", "Grandmother")]
    assert "registered by you" in words(page)


def test_registrations_of_others_never_show(amina):
    event = make_event()
    for number, email in enumerate(
        ["other@example.org", "xamina@example.org", "amina@example.org.evil.example",
         "amina+1@example.org", "amina@example.com"]
    ):  # fmt: skip
        contact = make_registration(event, email=email, name=f"Stranger {number}")
        add_companion(contact, f"Companion {number}")
    page = amina.get("/accounts/")
    assert page.context["coming"] == page.context["past"] == []
    assert "Stranger" not in words(page)
    assert "There is nothing here yet." in words(page)


def test_only_confirmed_addresses_count(amina, person):
    make_registration(make_event(slug="e"), email="second@example.org")
    address = EmailAddress.objects.create(user=person, email="second@example.org", verified=False)
    assert amina.get("/accounts/").context["coming"] == []
    address.verified = True
    address.save()
    assert names(amina.get("/accounts/").context["coming"]) == [("e", "Wanjiru Kamau")]


def test_address_of_the_account_that_is_not_confirmed_counts_as_little(client):
    person = make_person()
    EmailAddress.objects.update(verified=False)
    make_registration(make_event(), email=EMAIL)
    client.force_login(person)
    assert client.get("/accounts/").context["coming"] == []


def test_address_confirmed_by_somebody_else_shows_there_only(amina, person):
    other = make_person("second@example.org")
    EmailAddress.objects.create(user=person, email="second@example.org", verified=False)
    make_registration(make_event(slug="e"), email="second@example.org")
    assert amina.get("/accounts/").context["coming"] == []
    client = Client()
    client.force_login(other)
    assert len(client.get("/accounts/").context["coming"]) == 1


def test_capitals_make_no_difference(amina):
    make_registration(make_event(slug="e"), email="Amina@Example.ORG")
    assert len(amina.get("/accounts/").context["coming"]) == 1


@pytest.mark.parametrize("number", [1, 3, 300])
def test_page_takes_the_same_queries_however_many_seats(
    amina, person, number, django_assert_num_queries
):
    event = make_event()
    contact = make_registration(event, email=EMAIL)
    rows = [
        Registration(event=event, name=f"P{n}", contact=contact, country="KE", group=contact.group)
        for n in range(number - 1)
    ]
    SeatRequest.objects.bulk_create(
        SeatRequest(registration=row, event=event, mode="online", status="confirmed")
        for row in Registration.objects.bulk_create(rows)
    )
    # Session, account, addresses, registrations, their seats.
    with django_assert_num_queries(5):
        page = amina.get("/accounts/")
    assert len(page.context["coming"]) == number


def test_organiser_gets_the_way_to_the_desk(client, organiser):
    client.force_login(organiser)
    page = words(client.get("/accounts/"))
    assert 'class="button" href="/admin/"' in page


def test_anonymous_signs_in_first_and_nothing_is_posted(client, amina):
    assert Client().get("/accounts/")["Location"] == "/accounts/login/?next=/accounts/"
    assert amina.post("/accounts/").status_code == 405


def test_signing_out_everywhere_else(amina, person):
    elsewhere = Client()
    elsewhere.force_login(person)
    assert amina.get("/accounts/sign-out-elsewhere/").status_code == 405
    page = amina.post("/accounts/sign-out-elsewhere/", follow=True)
    assert "You are signed out everywhere else." in words(page)
    assert elsewhere.get("/accounts/")["Location"] == "/accounts/login/?next=/accounts/"
    assert amina.get("/accounts/").status_code == 200


# Setting up a second factor


def set_up_app(client):
    client.get(ACTIVATE)
    secret = client.session["mfa.totp.secret"]
    return secret, client.post(ACTIVATE, {"code": app_code(secret)})


def test_app_is_set_up_and_its_codes_for_the_day_of_loss_are_shown_at_once(client, person):
    sign_in(client)
    page = words(client.get(ACTIVATE))
    assert 'src="data:image/svg+xml;base64,' in page
    assert 'href="otpauth://totp/amina%40example.org?secret=' in page
    assert "issuer=Roundtable" in page
    secret, response = set_up_app(client)
    assert (response.status_code, response["Location"]) == (302, RECOVERY)
    # The code was typed a moment ago: it is not asked for again.
    shown = client.get(RECOVERY)
    assert len(shown.context["unused_codes"]) == 10
    assert all(code in words(shown) for code in shown.context["unused_codes"])
    assert 'href="/accounts/"' in words(shown)
    saved = client.get(RECOVERY + "download/")
    assert saved.content.decode().split() == shown.context["unused_codes"]
    assert 'filename="recovery-codes.txt"' in saved["Content-Disposition"]
    assert "mfa.totp.secret" not in client.session
    assert secret not in str(Authenticator.objects.get(type="totp").data)


@pytest.mark.parametrize("code", ["", "000000", "12345", "abcdef", "١٢٣٤٥٦", "\x00"])
def test_wrong_code_sets_nothing_up_and_keeps_the_key(client, person, code):
    sign_in(client)
    client.get(ACTIVATE)
    secret = client.session["mfa.totp.secret"]
    response = client.post(ACTIVATE, {"code": code})
    assert response.status_code == 200
    assert response.context["form"].errors
    assert secret in words(response)
    assert not Authenticator.objects.exists()
    assert client.post(ACTIVATE, {"code": app_code(secret)}).status_code == 302


def test_organiser_goes_on_from_the_codes_to_the_desk(client, organiser, on_the_internet):
    assert sign_in(client, organiser.email)["Location"] == "/admin/"
    assert client.get("/admin/")["Location"] == "/accounts/2fa/"
    set_up_app(client)
    assert 'href="/admin/" class="button"' in words(client.get(RECOVERY))
    assert client.get("/admin/").status_code == 200


def test_codes_are_shown_to_nobody_without_the_factor(client, person):
    client.force_login(person)
    give_factor(person)
    for path in (RECOVERY, RECOVERY + "download/", RECOVERY + "generate/"):
        response = client.get(path)
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/2fa/reauthenticate/?next=")


def test_there_is_no_page_of_codes_without_codes(client, person):
    sign_in(client)
    assert client.get(RECOVERY).status_code == 404
    assert client.get(RECOVERY + "download/").status_code == 404


def test_taking_the_last_factor_away_ends_the_recovery_codes(client, person):
    sign_in(client)
    set_up_app(client)
    assert client.post("/accounts/2fa/totp/deactivate/")["Location"] == "/accounts/2fa/"
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("path", ["totp/deactivate/", "webauthn/add/", "recovery-codes/generate/"])
def test_factor_set_up_is_asked_for_before_it_is_changed(client, person, clock, path):
    sign_in(client)
    _secret, _response = set_up_app(client)
    clock.shift(601)
    for method in (client.get, client.post):
        response = method(f"/accounts/2fa/{path}")
        assert response["Location"].startswith("/accounts/2fa/reauthenticate/?next=")
    assert Authenticator.objects.filter(type="totp").exists()


# A session left open


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize(("seconds", "asked"), [(599, False), (600, True), (9999, True)])
@pytest.mark.parametrize("path", [ACTIVATE, "/accounts/2fa/webauthn/add/", "/accounts/email/"])
def test_who_signed_in_long_ago_signs_in_again_first(client, clock, path, seconds, asked):
    sign_in(client)
    clock.shift(seconds)
    response = client.get(path)
    if asked:
        onward = path.replace("/", "%2F")
        assert response["Location"] == f"/accounts/reauthenticate/?next={onward}"
    else:
        assert response.status_code == 200


def test_session_without_any_sign_in_of_its_own_gives_itself_no_factor(amina):
    # As a stolen cookie, or one from before there were factors.
    for method in (amina.get, amina.post):
        assert method(ACTIVATE)["Location"].startswith("/accounts/reauthenticate/")
    assert not Authenticator.objects.exists()


def test_form_opened_in_time_may_be_sent_a_little_later(client, person, clock):
    sign_in(client)
    clock.shift(590)
    client.get(ACTIVATE)
    secret = client.session["mfa.totp.secret"]
    clock.shift(300)
    assert client.post(ACTIVATE, {"code": app_code(secret)})["Location"] == RECOVERY


def test_form_sent_much_later_is_not_taken(client, person, clock):
    sign_in(client)
    client.get(ACTIVATE)
    secret = client.session["mfa.totp.secret"]
    clock.shift(1200)
    response = client.post(ACTIVATE, {"code": app_code(secret)})
    assert response["Location"].startswith("/accounts/reauthenticate/")
    assert not Authenticator.objects.exists()


def test_signing_in_again_leads_back(client, person, clock):
    sign_in(client)
    clock.shift(9999)
    asked = client.get(ACTIVATE)["Location"]
    page = words(client.get(asked))
    assert "You signed in some time ago." in page
    assert f'name="next" value="{ACTIVATE}"' in page
    response = client.post(asked, {"next": ACTIVATE})
    assert "_auth_user_id" not in client.session
    assert response["Location"] == f"/accounts/login/?next={ACTIVATE.replace('/', '%2F')}"
    client.post("/accounts/login/", {"login": EMAIL, "next": ACTIVATE})
    entered = {"code": mailed_code(EMAIL), "next": ACTIVATE}
    assert client.post("/accounts/login/code/confirm/", entered)["Location"] == ACTIVATE
    assert client.get(ACTIVATE).status_code == 200


# Addresses


def test_address_is_added_by_its_code_and_then_signs_in(client, person):
    sign_in(client)
    client.post("/accounts/email/", {"action_add": "", "email": "second@example.org"})
    assert EmailAddress.objects.filter(verified=True).count() == 1
    code = mailed_code("second@example.org")
    client.post("/accounts/confirm-email/", {"code": code})
    assert EmailAddress.objects.filter(user=person, verified=True).count() == 2
    make_registration(make_event(slug="e"), email="second@example.org")
    assert names(client.get("/accounts/").context["coming"]) == [("e", "Wanjiru Kamau")]


def test_last_address_is_not_removed(client, person):
    sign_in(client)
    client.post("/accounts/email/", {"action_remove": "", "email": EMAIL})
    assert EmailAddress.objects.get().email == EMAIL


def test_address_of_an_account_with_a_factor_is_changed_only_with_it(client, person, clock):
    sign_in(client)
    _secret, _response = set_up_app(client)
    clock.shift(601)
    response = client.post("/accounts/email/", {"action_add": "", "email": "evil@example.org"})
    assert response["Location"].startswith("/accounts/2fa/reauthenticate/")
    assert EmailAddress.objects.count() == 1


def test_page_for_a_code_leads_to_the_one_page_to_sign_in(client):
    response = client.get("/accounts/login/code/?next=/events/")
    assert response["Location"] == "/accounts/login/?next=/events/"
