"""Signing in and up by mailed code, through the outbox, and what is refused."""

import re
from html import unescape

import pytest
from allauth.account.models import EmailAddress
from cryptography.hazmat.primitives.asymmetric import ec
from django.contrib.auth.models import User
from django.test import Client
from fido2.cose import ES256
from fido2.webauthn import AttestedCredentialData

from events.registration.outbox.models import OutboxMail
from tests.roundtable.accounts.conftest import EMAIL, make_person
from tests.signing_in import app_code, give_factor, mailed_code, mails

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"
CONFIRM = "/accounts/login/code/confirm/"


def ask(client, email=EMAIL, **more):
    return client.post(LOGIN, {"login": email, **more})


def type_code(client, code, **more):
    return client.post(CONFIRM, {"code": code, **more})


def signed_in(client):
    return "_auth_user_id" in client.session


def words(response):
    return unescape(response.content.decode())


def test_mailed_code_signs_in_and_leads_to_her_seats(client, person):
    assert ask(client)["Location"].startswith(CONFIRM)
    assert not signed_in(client)
    response = type_code(client, mailed_code(EMAIL))
    assert (response.status_code, response["Location"]) == (302, "/accounts/")
    assert client.session["_auth_user_id"] == str(person.pk)


def test_organiser_is_led_to_the_desk(client, organiser):
    ask(client, organiser.email)
    assert type_code(client, mailed_code())["Location"] == "/admin/"


@pytest.mark.parametrize("typed", [str.lower, lambda code: code.replace("-", ""),
                                   lambda code: f" {code} "])  # fmt: skip
def test_code_may_be_typed_as_people_type(client, person, typed):
    ask(client)
    assert type_code(client, typed(mailed_code())).status_code == 302
    assert signed_in(client)


def test_address_may_be_typed_in_capitals(client, person):
    ask(client, "AMINA@Example.org")
    assert type_code(client, mailed_code()).status_code == 302
    assert signed_in(client)


@pytest.mark.parametrize("code", ["", "WRON-GONE", "é", "x" * 9999, "\x00"])
def test_wrong_code_is_told_at_the_field_and_kept(client, person, code):
    ask(client)
    response = type_code(client, code)
    assert response.status_code == 200
    assert "Nothing you typed is lost." in words(response)
    assert not signed_in(client)
    assert type_code(client, mailed_code()).status_code == 302


def test_third_wrong_code_ends_the_try_and_the_right_one_is_too_late(client, person):
    ask(client)
    code = mailed_code()
    for _ in range(3):
        type_code(client, "WRON-GONE")
    type_code(client, code)
    assert not signed_in(client)


def test_code_works_once_and_in_the_browser_that_asked(client, person):
    ask(client)
    code = mailed_code()
    other = Client()
    type_code(other, code)
    assert not signed_in(other)
    ask(other)
    type_code(other, code)
    assert not signed_in(other)
    type_code(client, code)
    client.post("/accounts/logout/")
    type_code(client, code)
    assert not signed_in(client)


@pytest.mark.parametrize(("minutes", "works"), [(14, True), (16, False)])
def test_code_works_for_a_quarter_of_an_hour(client, person, clock, minutes, works):
    ask(client)
    code = mailed_code()
    clock.shift(minutes * 60)
    type_code(client, code)
    assert signed_in(client) is works


def test_another_code_can_be_asked_for_and_takes_the_place_of_the_first(client, person):
    ask(client)
    first = mailed_code()
    client.post(CONFIRM, {"action": "resend"})
    second = mailed_code()
    assert first != second
    type_code(client, first)
    assert not signed_in(client)
    type_code(client, second)
    assert signed_in(client)


def test_unknown_address_looks_the_same_and_gets_a_mail_that_helps(client, person):
    known, unknown = ask(client), ask(Client(), "nobody@example.org")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    subject, text = mails("nobody@example.org")[0]
    assert subject == "There is no account with this address"
    assert "http://localhost:8000/accounts/signup/" in text
    assert not User.objects.filter(email="nobody@example.org").exists()


@pytest.mark.parametrize("email", ["", "amina", "a@b\r\nBcc: x@y.org"])
def test_what_is_no_address_is_told(client, email):
    response = ask(client, email)
    assert response.status_code == 200
    assert response.context["form"].errors
    assert not OutboxMail.objects.exists()


def test_signing_up_confirms_the_address_by_code(client):
    response = client.post("/accounts/signup/", {"email": EMAIL})
    assert response["Location"].startswith("/accounts/confirm-email/")
    assert not signed_in(client)
    response = client.post("/accounts/confirm-email/", {"code": mailed_code(EMAIL)})
    assert (response.status_code, response["Location"]) == (302, "/accounts/")
    user = User.objects.get()
    assert (user.is_staff, user.has_usable_password()) == (False, False)
    assert EmailAddress.objects.get().verified is True


def test_signing_up_twice_looks_the_same_and_makes_no_second_account(client, person):
    new = Client().post("/accounts/signup/", {"email": "new@example.org"})
    again = client.post("/accounts/signup/", {"email": EMAIL})
    assert (new.status_code, new["Location"]) == (again.status_code, again["Location"])
    assert User.objects.filter(emailaddress__email=EMAIL).count() == 1
    subject, text = mails(EMAIL)[-1]
    assert subject == "You have an account already"
    assert "password" not in text
    assert "http://localhost:8000/accounts/login/" in text


def test_account_that_was_closed_is_told_so(client):
    make_person(is_active=False)
    ask(client)
    if OutboxMail.objects.filter(subject="Your code to sign in").exists():
        type_code(client, mailed_code())
    assert not signed_in(client)
    assert "This account is closed" in words(client.get("/accounts/inactive/"))


@pytest.mark.parametrize(
    "onward", ["/events/", "/accounts/email/", "/admin/events/event/?q=a%20b&p=1", "/sw/"]
)
def test_next_is_kept_on_the_way(client, person, onward):
    ask(client, next=onward)
    assert type_code(client, mailed_code(), next=onward)["Location"] == onward


@pytest.mark.parametrize(
    "onward",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "https:evil.example",
     "javascript:alert(1)", "\thttps://evil.example", "http://testserver@evil.example/",
     "///evil.example", "https://testserver.evil.example/"],
)  # fmt: skip
def test_next_never_leads_to_another_site(client, person, onward):
    ask(client, next=onward)
    assert type_code(client, mailed_code(), next=onward)["Location"] == "/accounts/"
    # Signed in already, signing out, signing in again, signing in by a passkey.
    assert client.get(LOGIN, {"next": onward})["Location"] == "/accounts/"
    again = client.post("/accounts/reauthenticate/", {"next": onward})
    assert again["Location"] == "/accounts/login/?next=%2Faccounts%2F"
    assert client.post("/accounts/logout/", {"next": onward})["Location"] == "/"


def test_account_with_a_factor_is_asked_for_it_after_the_code(client, person):
    secret, _codes = give_factor(person)
    ask(client, next="/events/")
    response = type_code(client, mailed_code(), next="/events/")
    assert response["Location"] == "/accounts/2fa/authenticate/"
    assert not signed_in(client)
    wrong = client.post(response["Location"], {"code": "000000"})
    assert "This is not the code." in words(wrong)
    assert not signed_in(client)
    right = client.post("/accounts/2fa/authenticate/", {"code": app_code(secret)})
    assert (right.status_code, right["Location"]) == (302, "/events/")
    assert signed_in(client)


@pytest.mark.parametrize("has_one", [False, True])
def test_a_passkey_is_asked_for_only_where_there_is_one(client, person, monkeypatch, has_one):
    give_factor(person)
    key = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    passkey = AttestedCredentialData.create(b"\x00" * 16, b"a key", key)
    monkeypatch.setattr(
        "allauth.mfa.webauthn.internal.auth.get_credentials",
        lambda user: [passkey] if has_one else [],
    )
    ask(client)
    shown = words(client.get(type_code(client, mailed_code())["Location"]))
    assert ("You set up a passkey?" in shown, "webauthn_form" in shown) == (has_one, has_one)


def test_code_of_the_app_works_once(client, person):
    secret, _codes = give_factor(person)
    code = app_code(secret)
    for expected in (True, False):
        client = Client()
        ask(client)
        type_code(client, mailed_code())
        client.post("/accounts/2fa/authenticate/", {"code": code})
        assert signed_in(client) is expected


@pytest.mark.parametrize(("step", "works"), [(-2, False), (-1, True), (0, True), (1, True),
                                             (2, False)])  # fmt: skip
def test_clock_of_the_phone_may_be_half_a_minute_off(client, person, clock, step, works):
    secret, _codes = give_factor(person)
    ask(client)
    type_code(client, mailed_code())
    client.post("/accounts/2fa/authenticate/", {"code": app_code(secret, step=step)})
    assert signed_in(client) is works


def test_recovery_code_works_once(person):
    _secret, codes = give_factor(person)
    for number, expected in ((0, True), (0, False), (9, True)):
        client = Client()
        ask(client)
        type_code(client, mailed_code())
        client.post("/accounts/2fa/authenticate/", {"code": codes[number]})
        assert signed_in(client) is expected


def test_guessing_the_app_s_code_is_stopped(client, person):
    secret, _codes = give_factor(person)
    ask(client)
    type_code(client, mailed_code())
    for _ in range(5):
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    response = client.post("/accounts/2fa/authenticate/", {"code": app_code(secret)})
    assert "Too many tries. Please wait a while, then try again." in words(response)
    assert not signed_in(client)


def test_fourth_code_in_a_minute_is_refused_at_the_field(person):
    for _ in range(3):
        assert ask(Client()).status_code == 302
    response = ask(Client())
    assert response.status_code == 200
    assert "Too many tries." in words(response)
    assert OutboxMail.objects.count() == 3


def test_no_more_than_twenty_codes_go_to_an_address_in_an_hour(person, clock):
    for _ in range(20):
        assert ask(Client()).status_code == 302
        clock.shift(61)
    assert "Too many tries." in words(ask(Client()))
    assert OutboxMail.objects.count() == 20
    clock.shift(3600)
    assert ask(Client()).status_code == 302


def test_signing_up_with_somebody_s_address_does_not_flood_her(person, clock):
    for _ in range(20):
        assert Client().post("/accounts/signup/", {"email": EMAIL}).status_code == 302
        clock.shift(61)
    assert Client().post("/accounts/signup/", {"email": EMAIL}).status_code == 429
    assert OutboxMail.objects.count() == 20


def test_flood_from_one_machine_gets_429_in_the_site_s_look(client):
    answers = [client.post("/accounts/signup/", {"email": "no address"}) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    page = words(answers[-1])
    assert "Please wait a little" in page
    assert "css/site" in page
    assert "There were many tries in a short time." in page
    assert answers[-1]["Retry-After"] == "60"
    assert "no-store" in answers[-1]["Cache-Control"]


def test_limits_are_counted_where_all_processes_look(settings):
    assert settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache")


@pytest.mark.parametrize(
    "path",
    ["password/change/", "password/set/", "password/reset/", "password/reset/done/",
     "password/reset/key/1-set-password/", "password/reset/key/done/", "password/"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["get", "post"])
def test_there_are_no_passwords(client, person, path, method):
    for who in (Client(), client):
        if who is client:
            client.force_login(person)
        response = getattr(who, method)(f"/accounts/{path}", {"email": EMAIL})
        assert response.status_code == 404
        assert "css/site" in words(response)
    assert not OutboxMail.objects.exists()


def test_password_signs_nobody_in(client):
    make_person()
    user = User.objects.get()
    user.set_password("a password")
    user.save()
    ask(client, password="a password")
    assert not signed_in(client)
    assert 'type="password"' not in words(client.get(LOGIN))
    client.force_login(user)
    assert 'type="password"' not in words(client.get("/accounts/reauthenticate/"))


# What the mails say, and to whom


def every_mail(client):
    """Have every kind of mail written that an account causes."""
    person = make_person("staff@example.org", is_staff=True, is_superuser=True)
    ask(client, person.email)
    type_code(client, mailed_code(person.email))
    ask(Client(), "nobody@example.org")
    Client().post("/accounts/signup/", {"email": "new@example.org"})
    Client().post("/accounts/signup/", {"email": person.email})
    client.get("/accounts/2fa/totp/activate/")
    code = app_code(client.session["mfa.totp.secret"])
    client.post("/accounts/2fa/totp/activate/", {"code": code})
    client.post("/accounts/2fa/recovery-codes/generate/")
    client.post("/accounts/email/", {"action_add": "", "email": "second@example.org"})
    client.post("/accounts/2fa/totp/deactivate/")


@pytest.mark.django_db(transaction=True)
def test_no_code_stands_in_a_subject(client):
    every_mail(client)
    found = mails()
    assert sorted(subject for subject, _text in found) == [
        "An authenticator app was set up",
        "Please confirm your address",
        "Please confirm your address",
        "There is no account with this address",
        "You have an account already",
        "You have new recovery codes",
        "Your authenticator app was turned off",
        "Your code to sign in",
    ]
    codes = [text for _subject, text in found if re.search(r"[A-Z]{4}-[A-Z]{4}", text)]
    assert len(codes) == 3


def test_other_staff_see_no_code_anywhere_in_the_desk(client, organiser):
    ask(Client(), make_person().email)
    code = mailed_code(EMAIL)
    mail = OutboxMail.objects.get(to=EMAIL)
    client.force_login(organiser)
    listed = "/admin/outbox/outboxmail/"
    for path in (listed, f"{listed}{mail.pk}/change/", f"{listed}{mail.pk}/history/",
                 f"{listed}?q={EMAIL}", f"{listed}?all="):  # fmt: skip
        page = words(client.get(path, follow=True))
        assert code not in page
        assert "give the code to nobody" not in page.lower()
    assert EMAIL in words(client.get(listed))
    assert client.get(listed, {"q": code}).context["cl"].result_count == 0


@pytest.mark.parametrize(
    "lookup",
    ["payload__contains", "payload__icontains", "payload__startswith", "payload__regex",
     "payload", "payload__gt", "payload__isnull", "key__startswith"],
)  # fmt: skip
def test_filters_in_the_address_do_not_feel_for_the_code(client, organiser, lookup):
    ask(Client(), make_person().email)
    code = mailed_code(EMAIL)
    client.force_login(organiser)
    for value in (code, code[:2], "0"):
        assert client.get("/admin/outbox/outboxmail/", {lookup: value}).status_code == 400
    listed = client.get("/admin/outbox/outboxmail/", {"state__exact": "kept"})
    assert listed.context["cl"].result_count == 1


@pytest.mark.django_db(transaction=True)
def test_mails_name_the_site_and_speak_of_no_password(client):
    every_mail(client)
    for subject, text in mails():
        assert "http://localhost:8000" in text, subject
        assert "testserver" not in text
        assert "password" not in (subject + text).lower()
        assert "Thank you for using" not in text
