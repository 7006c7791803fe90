import pytest
from django.urls import NoReverseMatch, reverse
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from events.registration.links import (
    LinkRefused,
    Power,
    calendar_url,
    manage_url,
    registration_for,
    token_for,
)
from tests.factories import make_event, make_registration

pytestmark = pytest.mark.django_db


@pytest.fixture
def registration(db):
    return make_registration(make_event())


def refused(token, power=Power.MANAGE):
    try:
        registration_for(token, power)
    except LinkRefused:
        return True
    return False


@pytest.mark.parametrize("power", list(Power))
def test_a_token_opens_the_registration_it_was_made_for(registration, power):
    assert registration_for(token_for(registration, power), power) == registration


@pytest.mark.parametrize("power", list(Power))
def test_a_token_made_again_is_the_same(registration, power):
    first = token_for(registration, power)
    registration.refresh_from_db()
    assert token_for(registration, power) == first


def test_a_token_fits_in_a_path_and_holds_nothing_of_the_person(registration):
    token = token_for(registration, Power.MANAGE)
    assert token.startswith(f"{registration.reference}.")
    assert len(token) == 56
    assert manage_url(registration) == f"http://localhost:8000/registrations/{token}/"
    assert calendar_url(registration).endswith("/invite.ics")


def test_links_name_the_sites_own_origin_and_two_different_tokens(registration, settings):
    settings.ORIGIN = "https://roundtable.example.org"
    manage, calendar = manage_url(registration), calendar_url(registration)
    assert manage.startswith("https://roundtable.example.org/registrations/")
    assert calendar.startswith("https://roundtable.example.org/registrations/")
    assert manage.rstrip("/").rpartition("/")[2] not in calendar


@pytest.mark.parametrize(("made", "used"), [("manage", "calendar"), ("calendar", "manage")])
def test_one_power_is_not_the_other(registration, made, used):
    assert refused(token_for(registration, Power(made)), Power(used))


def test_another_persons_signature_is_refused(registration):
    other = make_registration(registration.event, email="otieno@example.org")
    signature = token_for(other, Power.MANAGE).partition(".")[2]
    assert refused(f"{registration.reference}.{signature}")


def test_a_raised_version_makes_earlier_links_useless(registration):
    before = token_for(registration, Power.MANAGE)
    registration.link_version += 1
    registration.save()
    assert refused(before)
    assert registration_for(token_for(registration, Power.MANAGE), Power.MANAGE) == registration


def test_a_token_of_somebody_erased_is_refused(registration):
    token = token_for(registration, Power.MANAGE)
    registration.delete()
    assert refused(token)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: "",
        lambda token: ".",
        lambda token: token[:-1],
        lambda token: token[1:],
        lambda token: token.partition(".")[0],
        lambda token: token.partition(".")[0] + ".",
        lambda token: token + "A",
        lambda token: token + ".A",
        lambda token: token + "=",
        lambda token: token + "\n",
        lambda token: token + "\x00",
        lambda token: token.replace(".", "\x00."),
        lambda token: "\x00" + token,
        lambda token: " " + token,
        lambda token: token.swapcase(),
        lambda token: token.replace(".", ":"),
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token + "é",
        lambda token: token.replace(token[0], "\N{CYRILLIC SMALL LETTER A}"),
        lambda token: "%" * 56,
        lambda token: token + "A" * 10_000,
        lambda token: "A" * 10_000,
        lambda token: "A." * 5_000,
    ],
)
def test_a_spoilt_token_is_refused(registration, client, spoil):
    token = spoil(token_for(registration, Power.MANAGE))
    assert refused(token)
    try:
        path = reverse("registration:manage", args=[token])
    except NoReverseMatch:
        return
    assert client.get(path).status_code == 404


@hypothesis_settings(max_examples=60, deadline=None)
@given(token=st.text(max_size=80))
def test_any_other_text_is_refused(token):
    assert refused(token)


def test_every_single_changed_sign_is_refused(registration):
    token = token_for(registration, Power.MANAGE)
    for place, sign in enumerate(token):
        other = "A" if sign != "A" else "B"
        assert refused(token[:place] + other + token[place + 1 :])


def test_links_live_on_when_the_key_is_changed_and_kept_as_a_fallback(registration, settings):
    before = token_for(registration, Power.MANAGE)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key, long enough to be one, made for this test alone"
    assert registration_for(before, Power.MANAGE) == registration
    assert token_for(registration, Power.MANAGE) != before


def test_links_die_with_the_key(registration, settings):
    before = token_for(registration, Power.MANAGE)
    settings.SECRET_KEY = "another key, long enough to be one, made for this test alone"
    assert refused(before)


def test_a_token_opens_all_that_its_pages_show_at_two_queries(
    registration, django_assert_num_queries
):
    token = token_for(registration, Power.MANAGE)
    with django_assert_num_queries(2):
        found = registration_for(token, Power.MANAGE)
        assert str(found.seat) == "In the room: Confirmed"
        assert found.event.venue.town == "Nakuru"


def test_a_spoilt_token_costs_no_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert refused("A" * 10_000)
        assert refused("\x00")
