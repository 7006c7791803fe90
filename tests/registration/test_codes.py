"""Short codes: how people without an address come to their page."""

import re

import pytest
from django.urls import reverse

from events.registration import rules
from events.registration.links import (
    LinkRefused,
    Power,
    code_url,
    registration_for,
    registration_of_code,
    token_for,
)
from events.registration.models import CODE_SIGNS, Registration, new_code
from tests.factories import AT, NOW, make_details, make_event, make_organiser, make_registration
from tests.registration.people import OUR_PAGE, Browser, lost_from, rows, words

pytestmark = pytest.mark.django_db
UNKNOWN = "This code is not known here. Please look at it again, sign by sign."


@pytest.fixture(autouse=True)
def before_the_event(settings):
    settings.ROUNDTABLE_CLOCK = NOW


@pytest.fixture
def person():
    return Browser()


@pytest.fixture
def event():
    return make_event(number=2)


@pytest.fixture
def wanjiru(event):
    return make_registration(event)


@pytest.fixture
def otieno(wanjiru):
    """Registered by Wanjiru, and without an address."""
    rules.register_companion(wanjiru, make_details(name="Otieno"), submission=None, now=NOW, at=AT)
    return wanjiru.companions.get()


def page(event):
    return reverse("registration:code", args=[event.slug])


def manage(registration):
    return reverse("registration:manage", args=[token_for(registration, Power.MANAGE)])


def type_code(person, event, code, **extra):
    return person.post(page(event), {"code": code}, **(extra or OUR_PAGE))


def with_code(registration, code):
    Registration.objects.filter(pk=registration.pk).update(code=code)


# The code


def test_a_code_is_eight_signs_that_look_like_no_other():
    assert len(set(CODE_SIGNS)) == 32
    assert not set("OILU") & set(CODE_SIGNS)
    assert all(re.fullmatch(f"[{CODE_SIGNS}]{{8}}", new_code()) for _ in range(100))
    assert len({new_code() for _ in range(100)}) == 100


def test_who_has_an_address_has_no_code_and_who_has_none_has_one(wanjiru, otieno):
    assert (wanjiru.code, wanjiru.code_written) == (None, "")
    assert otieno.code_written == f"{otieno.code[:4]}-{otieno.code[4:]}"


def test_a_code_that_is_somebodys_is_drawn_again(event, wanjiru, otieno, monkeypatch):
    drawn = iter([otieno.code, otieno.code, "K7M4QX9T"])
    monkeypatch.setattr("events.registration.rules.answers.new_code", lambda: next(drawn))
    rules.register_companion(wanjiru, make_details(name="Akinyi"), submission=None, now=NOW, at=AT)
    assert wanjiru.companions.get(name="Akinyi").code == "K7M4QX9T"


@pytest.mark.parametrize(
    "typed",
    [
        "K7M4-QX01", "k7m4qx01", " K7M4 QX01 ", "K7M4QXO1", "k7m4-qxoi", "K7M4–QXOL", "K7M4_QX.0l",
    ],
)  # fmt: skip
def test_however_it_is_typed_it_opens_her_page(event, otieno, typed):
    with_code(otieno, "K7M4QX01")
    assert registration_of_code(event, typed) == otieno


def test_a_v_may_look_like_a_u(event, otieno):
    with_code(otieno, "V7M4QX01")
    assert registration_of_code(event, "u7m4 qx01") == otieno


@pytest.mark.parametrize(
    "typed", ["", "K7M4", "K7M4-QX0", "K7M4-QX011", "K7M4-QX02", "K7M4*QX01", "К7М4-QX01", "\0" * 8]
)
def test_any_other_code_opens_nothing(event, otieno, typed):
    with_code(otieno, "K7M4QX01")
    with pytest.raises(LinkRefused):
        registration_of_code(event, typed)


def test_a_code_opens_nothing_at_another_event(otieno):
    with pytest.raises(LinkRefused):
        registration_of_code(make_event(), otieno.code)


# Where links stop working, codes do


def test_codes_change_with_the_links_of_a_moved_address(event, wanjiru, otieno):
    old, token = otieno.code, token_for(otieno, Power.MANAGE)
    rules.correct_address(wanjiru, "new@example.org", by=make_organiser(), now=NOW, at=AT)
    otieno.refresh_from_db()
    wanjiru.refresh_from_db()
    assert (otieno.link_version, wanjiru.link_version, wanjiru.code) == (2, 2, None)
    assert len(otieno.code) == 8
    for opens in (
        lambda: registration_of_code(event, old),
        lambda: registration_for(token, Power.MANAGE),
    ):
        with pytest.raises(LinkRefused):
            opens()
    assert registration_of_code(event, otieno.code) == otieno


def test_an_address_of_ones_own_takes_the_place_of_the_code_and_back(event, otieno):
    organiser, old = make_organiser(), otieno.code
    rules.correct_address(otieno, "otieno@example.org", by=organiser, now=NOW, at=AT)
    otieno.refresh_from_db()
    assert otieno.code is None
    rules.correct_address(otieno, None, by=organiser, now=NOW, at=AT)
    otieno.refresh_from_db()
    assert len(otieno.code) == 8
    assert otieno.code != old


def test_a_capital_in_the_address_changes_no_code(wanjiru, otieno):
    rules.correct_address(wanjiru, "Wanjiru@example.org", by=make_organiser(), now=NOW, at=AT)
    assert Registration.objects.get(pk=otieno.pk).code == otieno.code


# The page


def test_the_right_code_leads_to_her_page(person, event, otieno):
    before = rows()
    response = type_code(person, event, otieno.code_written.lower())
    assert (response.status_code, response["Location"]) == (303, manage(otieno))
    shown = words(person.get(response["Location"]))
    assert f'<strong class="code">{otieno.code_written}</strong>' in shown
    assert f'<a href="{page(event)}">{code_url(event)}</a>' in shown
    assert rows() == before


def test_who_has_an_address_sees_no_code_on_her_page(person, wanjiru):
    assert 'class="code"' not in words(person.get(manage(wanjiru)))


@pytest.mark.parametrize("code", ["K7M4-QX9T", "K7M4", "?", "K" * 41])
def test_a_wrong_code_gets_one_kind_sentence_and_stays_typed(person, event, otieno, code):
    response = type_code(person, event, code)
    assert response.status_code == 200
    assert UNKNOWN in words(response)
    assert lost_from(response, {"code": code}) == set()


def test_an_empty_code_is_asked_for(person, event):
    assert "Please write your code." in words(type_code(person, event, ""))


def test_who_tries_many_codes_is_stopped_even_before_the_right_one(person, event, otieno, settings):
    settings.CODES_PER_HOUR = 2
    assert [type_code(person, event, "AAAA-AAAA").status_code for _ in range(3)] == [200, 200, 429]
    response = type_code(person, event, otieno.code)
    assert response.status_code == 429
    assert "Many forms came from your connection." in words(response)


def test_codes_are_counted_apart_from_registrations(person, event, otieno, settings):
    settings.REGISTRATION_POSTS_PER_HOUR = 0
    assert type_code(person, event, otieno.code).status_code == 303


def test_a_foreign_page_opens_nothing(person, event, otieno):
    response = type_code(person, event, otieno.code, headers={"sec-fetch-site": "cross-site"})
    assert response.status_code == 403
    assert "This form came from another website." in words(response)


def test_the_page_is_kept_nowhere_and_sets_no_cookie(person, event, otieno):
    for response in (
        person.get(page(event)),
        type_code(person, event, "AAAA-AAAA"),
        type_code(person, event, otieno.code),
    ):
        assert "no-store" in response["Cache-Control"]
        assert response["X-Robots-Tag"] == "noindex"
        assert not response.cookies


def test_the_page_leads_from_form_and_panel(person, event):
    for path in (event.get_absolute_url(), reverse("registration:register", args=[event.slug])):
        assert f'<a href="{page(event)}">I have a code</a>' in words(person.get(path))


def test_an_unpublished_event_has_no_such_page(person):
    assert person.get(page(make_event(published=False))).status_code == 404


@pytest.mark.parametrize("others", [1, 3])
def test_a_code_costs_a_constant_number_of_queries(
    person, otieno, others, django_assert_num_queries
):
    for place in range(others):
        details = make_details(name=f"W {place}")
        rules.register_companion(otieno.contact, details, submission=None, now=NOW, at=AT)
    type_code(person, otieno.event, "AAAA-AAAA")
    # As many for a wrong one, so that the time it takes tells nothing.
    for code in (otieno.code, "AAAA-AAAA"):
        with django_assert_num_queries(8):
            type_code(person, otieno.event, code)
