"""The pages of somebody invited: what she sees, says, and what opening them does not do."""

from datetime import timedelta

import pytest

from events import clock
from events.registration import rules
from events.registration.links import Power, invitation_token, token_for
from events.registration.models import Invitation, Registration, SeatRequest
from tests.factories import AT, NOW, make_event, make_group, make_registration
from tests.registration.people import (
    OUR_PAGE,
    Browser,
    answers,
    held_by,
    lost_from,
    rows,
    words,
)
from tests.registration.test_invitations import DAY, ROOM, UNTIL, holding, make_invitation

pytestmark = pytest.mark.django_db
USED = "Somebody took a seat by this invitation already."


@pytest.fixture
def event():
    make_group("cso")
    return make_event(quotas={"in_room": 1, "online": None}, convenor="UN-Habitat")


@pytest.fixture
def browser():
    return Browser()


@pytest.fixture
def at(monkeypatch):
    def set_clock(moment):
        monkeypatch.setattr(clock, "now", lambda: moment)

    return set_clock


def page(invitation, more=""):
    return f"/invitations/{invitation_token(invitation)}/{more}"


def state(invitation):
    return Invitation.objects.get(pk=invitation.pk).state(NOW)


def typed(**changes):
    from events.registration import guards

    old = guards.timezone.now() - timedelta(seconds=60)
    from django.core import signing

    token = signing.dumps({"submission": "s", "at": old.timestamp()}, salt=guards.SALT)
    return answers(**{"email": "guest@example.org", "form_token": token, **changes})


def test_the_page_says_what_until_when_and_how_to_answer(browser, event):
    invitation = holding(event)
    response = browser.get(page(invitation))
    text = words(response)
    for said in (
        "You are invited", "Grace Achieng", "A seat is held for you: In the room.",
        "Please answer by Saturday 17 October 2020, 09:00 EAT.", page(invitation, "register/"),
        "I can't come",
    ):  # fmt: skip
        assert said in text
    assert response["X-Robots-Tag"] == "noindex"
    assert response["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response["Cache-Control"]
    assert not response.cookies


def test_seeing_it_is_noted_and_changes_nothing_else(browser, event):
    invitation = holding(event)
    before = rows()
    browser.head(page(invitation))
    browser.get(page(invitation), headers={"sec-purpose": "prefetch;prerender"})
    assert state(invitation) == "sent"
    browser.get(page(invitation))
    browser.get(page(invitation, "register/"))
    assert state(invitation) == "opened"
    assert rows() == before


def test_no_other_token_opens_it(browser, event):
    invitation = make_invitation(event)
    person = make_registration(event)
    token = invitation_token(invitation)
    for bad in (token[:-1], token + "x", f"{invitation.reference}.", "x.y",
                token_for(person, Power.MANAGE), token_for(person, Power.CALENDAR)):  # fmt: skip
        assert browser.get(f"/invitations/{bad}/").status_code == 404
    assert browser.get(f"/registrations/{token}/").status_code == 404


def test_the_form_is_filled_in_and_takes_the_seat_held(browser, event):
    invitation = holding(event, group=make_group("cso"))
    make_registration(event, email="walk-in@example.org", mode="online")
    form = browser.get(page(invitation, "register/"))
    held = held_by(form)
    assert {name: held[name] for name in ("name", "email", "mode", "group")} == {
        "name": ["Grace Achieng"], "email": ["guest@example.org"], "mode": ["in_room"],
        "group": ["cso"],
    }  # fmt: skip
    assert "you wait for one" not in words(form)
    response = browser.post(page(invitation, "register/"), typed(), **OUR_PAGE)
    assert (response.status_code, response["Location"]) == (
        303, f"/events/{event.slug}/register/done/",
    )  # fmt: skip
    seat = SeatRequest.objects.get(registration__email="guest@example.org")
    assert (seat.mode, seat.status) == ("in_room", "confirmed")
    assert state(invitation) == "accepted"


def test_used_it_tells_what_became_of_it_and_opens_nobodys_page(browser, event):
    invitation = make_invitation(event)
    browser.post(page(invitation, "register/"), typed(), **OUR_PAGE)
    again = browser.get(page(invitation, "register/"))
    assert (again.status_code, again["Location"]) == (302, page(invitation))
    text = words(browser.get(page(invitation)))
    assert "You said yes" in text
    assert f"/events/{event.slug}/register/lost-link/" in text
    assert token_for(Registration.objects.get(), Power.MANAGE) not in text
    second = typed(email="b@example.org")
    response = browser.post(page(invitation, "register/"), second, **OUR_PAGE)
    assert response.status_code == 409
    assert USED in words(response)
    assert lost_from(response, second) == set()
    refused = browser.post(page(invitation), **OUR_PAGE)
    assert refused.status_code == 409
    assert USED in words(refused)


def test_no_is_one_button_and_may_be_taken_back(browser, event):
    invitation = holding(event)
    make_registration(event, email="next@example.org")
    response = browser.post(page(invitation), **OUR_PAGE)
    assert (response.status_code, response["Location"]) == (303, page(invitation))
    assert SeatRequest.objects.get().status == "confirmed"
    text = words(browser.get(page(invitation)))
    assert "Thank you: that helps others." in text
    assert "Take a seat after all" in text
    assert "is held for you" not in text
    browser.post(page(invitation, "register/"), typed(mode="online"), **OUR_PAGE)
    assert state(invitation) == "accepted"


def test_a_foreign_page_can_say_neither(browser, event):
    invitation = holding(event)
    foreign = {"headers": {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}}
    assert browser.post(page(invitation), **foreign).status_code == 403
    assert browser.post(page(invitation, "register/"), typed(), **foreign).status_code == 403
    assert state(invitation) == "sent"


def test_too_late_or_taken_back_it_says_so_and_what_to_do(browser, event, at):
    invitation, other = make_invitation(event), make_invitation(event, "b@example.org")
    rules.withdraw(other, now=NOW, at=AT)
    at(UNTIL)
    text = words(browser.get(page(invitation)))
    assert "This invitation is no longer valid" in text
    assert "It could be answered until Saturday 17 October 2020, 09:00 EAT." in text
    assert "You can still take a seat as everybody can." in text
    assert f"/events/{event.slug}/register/" in text
    assert "The organisers took it back." in words(browser.get(page(other)))
    late = browser.post(page(invitation, "register/"), typed(), **OUR_PAGE)
    assert late.status_code == 409
    assert lost_from(late, typed(form_token=None)) == set()
    assert browser.post(page(invitation), **OUR_PAGE).status_code == 409
    assert browser.get(page(invitation, "register/")).status_code == 302


def test_what_it_does_not_open_says_why(browser):
    event = make_event(settings={"opens_at": NOW + DAY})
    plain = make_invitation(event)
    text = words(browser.get(page(plain)))
    assert "Registration is not open yet" in text
    assert page(plain, "register/") not in text
    assert browser.get(page(plain, "register/")).status_code == 302
    opening = make_invitation(event, "b@example.org", opens_registration=True)
    assert browser.get(page(opening, "register/")).status_code == 200


def test_the_public_pages_say_that_it_is_by_invitation(browser):
    make_group("cso")
    event = make_event(settings={"by_invitation": True})
    said = "This roundtable is by invitation"
    assert said in words(browser.get(f"/events/{event.slug}/"))
    form = browser.get(f"/events/{event.slug}/register/")
    assert said in words(form)
    assert "form_token" not in held_by(form)
    assert said in words(browser.get(f"/events/{event.slug}/seats/"))
    sent = browser.post(f"/events/{event.slug}/register/", typed(), **OUR_PAGE)
    assert sent.status_code == 409
    invitation = make_invitation(event)
    assert browser.post(page(invitation, "register/"), typed(), **OUR_PAGE).status_code == 303


@pytest.mark.parametrize("others", [1, 3])
def test_the_page_costs_a_constant_number_of_queries(
    browser, event, others, django_assert_num_queries
):
    invitation = holding(event)
    for number in range(others):
        make_invitation(event, f"{number}@example.org", mode=ROOM)
    browser.get(page(invitation))
    with django_assert_num_queries(2):
        browser.get(page(invitation))
