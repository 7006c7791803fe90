"""Seats kept for a group until a time: the policy, what it does to people, who sets it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from events.models import Event
from events.registration import rules
from events.registration.models import AttendanceMode, HistoryEntry, KeptSeats, RegistrationState
from events.registration.queries import availability_of, seats_taken, with_registration
from events.registration.rules import Outcome, Refused
from events.registration.seats import Kept, ModeSeats, Reason, seats_free, without_one
from tests.factories import AT, NOW, make_details, make_event, make_group, make_registration
from tests.registration.people import OUR_PAGE, answers, mails, text_of

ROOM, ONLINE = AttendanceMode.IN_ROOM, AttendanceMode.ONLINE
SECOND = timedelta(seconds=1)
UNTIL = NOW + timedelta(days=7)


# The policy


def test_what_is_kept_is_free_for_its_group_and_for_nobody_else():
    seats = ModeSeats(limit=10, taken=0, kept=[Kept("grassroots", 4, UNTIL)])
    assert seats_free(seats, group="grassroots", now=NOW) == 10
    assert seats_free(seats, group="cso", now=NOW) == 6
    assert seats_free(seats, group=None, now=NOW) == 6


def test_what_the_group_has_taken_is_kept_no_longer():
    seats = ModeSeats(limit=10, taken=3, kept=[Kept("grassroots", 4, UNTIL, taken=3)])
    assert seats_free(seats, group="cso", now=NOW) == 6
    seats = ModeSeats(limit=10, taken=5, kept=[Kept("grassroots", 4, UNTIL, taken=5)])
    assert seats_free(seats, group="cso", now=NOW) == 5


def test_two_groups_are_kept_seats_for_each_against_the_other():
    seats = ModeSeats(limit=5, kept=[Kept("a", 2, UNTIL), Kept("b", 3, UNTIL)])
    assert [seats_free(seats, group=group, now=NOW) for group in ("a", "b", "c")] == [2, 3, 0]


@pytest.mark.parametrize(("now", "free"), [(UNTIL - SECOND, 6), (UNTIL, 10), (UNTIL + SECOND, 10)])
def test_from_the_stated_time_on_it_is_anybodys(now, free):
    seats = ModeSeats(limit=10, kept=[Kept("grassroots", 4, UNTIL)])
    assert seats_free(seats, group="cso", now=now) == free


def test_without_a_limit_nobody_is_turned_away():
    assert seats_free(ModeSeats(None, taken=9), group=None, now=NOW) is None


def test_fewer_seats_than_are_kept_or_taken_are_none():
    seats = ModeSeats(limit=3, taken=5, kept=[Kept("a", 2, UNTIL)])
    assert [seats_free(seats, group=group, now=NOW) for group in ("a", "b")] == [0, 0]


groups = st.sampled_from("abcd")
kept = st.dictionaries(st.sampled_from("abc"), st.integers(1, 4), max_size=3)


@given(
    limit=st.integers(0, 12), kept=kept, people=st.lists(groups, max_size=30), late=st.booleans()
)
def test_whoever_comes_in_whatever_turn_the_promise_is_kept(limit, kept, people, late):
    """Nobody is seated over the limit; until the time, each group finds what was kept for it."""
    now = UNTIL if late else NOW
    if sum(kept.values()) > limit:
        kept = {}
    seated = []

    def seats():
        rows = [Kept(g, n, UNTIL, taken=seated.count(g)) for g, n in kept.items()]
        return ModeSeats(limit, taken=len(seated), kept=rows)

    for group in people:
        if seats_free(seats(), group=group, now=now):
            seated.append(group)
        elif not late:
            # Turned away only when all that is left is promised to others.
            promised = sum(max(n - seated.count(g), 0) for g, n in kept.items() if g != group)
            assert limit - len(seated) <= promised
    assert len(seated) <= limit
    if not late:
        for group, number in kept.items():
            assert seated.count(group) >= min(number, people.count(group))
    else:
        assert len(seated) == min(limit, len(people))


def test_without_one_gives_back_what_her_group_took():
    seats = ModeSeats(limit=5, taken=2, kept=(Kept("a", 2, UNTIL, taken=1), Kept("b", 1, UNTIL)))
    assert without_one(seats, group="a") == ModeSeats(
        limit=5, taken=1, kept=(Kept("a", 2, UNTIL, taken=0), Kept("b", 1, UNTIL))
    )
    assert without_one(seats, group="c").kept == seats.kept


# What it does to people


def keep(event, group="grassroots", seats=1, mode="in_room", until=UNTIL):
    row = KeptSeats(event=event, mode=mode, group=make_group(group), seats=seats, until=until)
    rules.keep_seats(row, now=NOW, at=AT)
    return row


@pytest.fixture
def event(db):
    """Two seats in the room, one of them kept, and as many online as come."""
    event = make_event(quotas={"in_room": 2, "online": None})
    keep(event)
    return event


def register(event, group, email, *, mode="in_room", now=NOW):
    details = make_details(group=make_group(group), mode=mode)
    return rules.register(
        event, details, email=email, language="en", submission=None, now=now, at=AT
    )


def whys(event):
    """Why each seat that was asked for was given or not, in the order of asking."""
    entries = HistoryEntry.objects.filter(registration__event=event).exclude(why="")
    return list(entries.order_by("pk").values_list("why", flat=True))


def test_the_kept_seat_waits_for_its_group(event):
    assert register(event, "cso", "a@example.org") == Outcome.REGISTERED
    assert register(event, "cso", "b@example.org") == Outcome.WAITING
    assert register(event, "grassroots", "c@example.org") == Outcome.REGISTERED
    assert register(event, "grassroots", "d@example.org") == Outcome.WAITING
    assert register(event, "cso", "e@example.org", mode="online") == Outcome.REGISTERED
    assert whys(event) == ["free", "kept", "free", "full", "free"]


def test_after_its_time_it_is_for_whoever_comes(event):
    register(event, "cso", "a@example.org")
    assert register(event, "cso", "b@example.org", now=UNTIL) == Outcome.REGISTERED


def test_availability_tells_free_from_kept_at_one_query(event, django_assert_num_queries):
    register(event, "cso", "a@example.org")
    with django_assert_num_queries(1):
        found = availability_of(event, now=NOW)
    assert (found.reason, found.free, found.kept) == (Reason.OPEN, (ONLINE,), (ROOM,))
    assert found.seats[ROOM] == ModeSeats(2, taken=1, kept=(Kept("grassroots", 1, UNTIL),))
    assert availability_of(event, now=UNTIL).free == (ROOM, ONLINE)


def test_when_only_kept_seats_are_left_registration_is_open_to_some(event):
    event.quotas.filter(mode="online").delete()
    register(event, "cso", "a@example.org")
    found = availability_of(event, now=NOW)
    assert (found.state, found.reason) == (RegistrationState.OPEN, Reason.KEPT)
    assert found.is_open


@pytest.mark.parametrize("rows", [1, 3])
def test_many_events_with_kept_seats_cost_one_query(db, rows, django_assert_num_queries):
    for _ in range(rows):
        event = make_event(quotas={"in_room": 9})
        keep(event, "grassroots", 2)
        keep(event, "women", 3)
    with django_assert_num_queries(1):
        found = [
            availability_of(event, now=NOW) for event in with_registration(Event.objects.all())
        ]
    assert {tuple(kept.seats for kept in of.seats[ROOM].kept) for of in found} == {(2, 3)}


def test_a_seat_given_up_is_kept_again(event):
    registration = make_registration(event, group=make_group("grassroots"))
    register(event, "cso", "a@example.org")
    rules.cancel(registration, now=NOW, at=AT)
    assert register(event, "cso", "b@example.org") == Outcome.WAITING
    assert whys(event) == ["free", "free", "kept"]
    assert register(event, "grassroots", "c@example.org") == Outcome.REGISTERED


def test_changing_to_another_group_does_not_carry_the_kept_seat_along(event):
    registration = make_registration(event, group=make_group("grassroots"))
    register(event, "cso", "a@example.org")
    with pytest.raises(Refused, match="kept_for_her_group"):
        rules.change(registration, make_details(group=make_group("cso")), now=NOW, at=AT)
    registration.refresh_from_db()
    assert registration.group.code == "grassroots"
    rules.change(registration, make_details(group=make_group("cso")), now=UNTIL, at=AT)
    registration.refresh_from_db()
    assert registration.group.code == "cso"


def test_changing_group_where_a_seat_is_free_for_it(event):
    registration = make_registration(event, group=make_group("grassroots"))
    rules.change(registration, make_details(group=make_group("cso")), now=NOW, at=AT)
    assert register(event, "grassroots", "b@example.org") == Outcome.REGISTERED


def test_who_comes_back_asks_as_her_group(event):
    gone = make_registration(event, group=make_group("cso"))
    rules.cancel(gone, now=NOW, at=AT)
    register(event, "cso", "a@example.org")
    rules.come_back(gone, mode=ROOM, now=NOW, at=AT)
    assert gone.seat_requests.get().status == "waiting"
    assert gone.history.get(what="returned").why == "kept"
    assert seats_taken(event) == {"in_room": 1}


# What pages say


def test_the_form_says_at_its_question_that_the_rest_is_kept(event, aged_forms, client):
    register(event, "cso", "a@example.org")
    make_group("cso")
    page = f"/events/{event.slug}/register/"
    shown = client.get(page).content.decode()
    assert "In the room (seats for some groups, others wait)" in shown
    typed = answers(mode="in_room", group="cso", email="b@example.org")
    assert client.post(page, typed, **OUR_PAGE).status_code == 303
    (mail,) = mails("b@example.org")
    assert str(mail["Subject"]).startswith("You are on the waiting list: ")
    assert "All seats of this kind are taken or kept for others: In the room." in text_of(mail)
    typed = answers(mode="in_room", group="grassroots", email="c@example.org")
    assert client.post(page, typed, **OUR_PAGE).status_code == 303
    (mail,) = mails("c@example.org")
    assert str(mail["Subject"]).startswith("Your seat is confirmed: ")


def test_the_panel_says_what_is_kept(event, client):
    register(event, "cso", "a@example.org")
    shown = client.get(event.get_absolute_url()).content.decode()
    assert "Those left in the room are kept for some groups." in shown
    assert f'href="/events/{event.slug}/seats/"' in shown
    event.quotas.filter(mode="online").delete()
    shown = client.get(event.get_absolute_url()).content.decode()
    assert "The last seats are kept for some groups" in shown
    assert f'href="/events/{event.slug}/register/"' in shown


def test_the_page_follows_when_the_kept_seat_is_taken(event, client):
    event.quotas.filter(mode="online").delete()
    register(event, "cso", "a@example.org")
    client.get(event.get_absolute_url())
    register(event, "grassroots", "b@example.org")
    assert "All seats are taken" in client.get(event.get_absolute_url()).content.decode()


def test_how_seats_are_given_says_who_is_kept_what_and_until_when(event, client):
    shown = client.get(f"/events/{event.slug}/seats/").content.decode()
    assert (
        "In the room: at least 1 seat for “Group grassroots”, until 19 October 2020, 09:00 EAT."
    ) in " ".join(shown.split())
    KeptSeats.objects.update(until=NOW)
    shown = client.get(f"/events/{event.slug}/seats/").content.decode()
    assert "At this event no seats are kept for anybody." in shown
    assert client.get("/events/nothing/seats/").status_code == 404


# Who sets it


def test_seats_without_a_limit_can_not_be_kept(event):
    with pytest.raises(Refused, match="nothing_to_keep"):
        keep(event, "women", mode="online")
    event.quotas.filter(mode="online").delete()
    with pytest.raises(Refused, match="nothing_to_keep"):
        keep(event, "women", mode="online")


def test_no_more_are_kept_than_there_are(event):
    keep(event, "women", 1)
    with pytest.raises(Refused, match="more_than_seats"):
        keep(event, "youth", 1)
    row = event.kept_seats.get(group__code="women")
    row.seats = 2
    with pytest.raises(Refused, match="more_than_seats"):
        rules.keep_seats(row, now=NOW, at=AT)
    rules.keep_no_longer(row, now=NOW, at=AT)
    keep(event, "youth", 1)


@pytest.mark.parametrize("fields", [{"seats": 0}, {"mode": "roof"}, {"again": True}])
def test_the_database_refuses_what_makes_no_sense(event, fields):
    again = fields.pop("again", False)
    values = {"event": event, "mode": "in_room", "seats": 1, "until": UNTIL, **fields}
    with pytest.raises(IntegrityError), transaction.atomic():
        KeptSeats.objects.create(group=make_group("grassroots" if again else "x"), **values)


@pytest.fixture
def organiser(db):
    from tests.factories import make_organiser

    client = Client()
    client.force_login(make_organiser())
    return client


def saved(organiser, event, *, seats, limit="2", mode="in_room"):
    from tests.roundtable.test_admin import read

    page = f"/admin/events/event/{event.pk}/change/"
    fields = read(organiser.get(page))
    number = next(n for n in range(2) if fields[f"quotas-{n}-mode"] == ["in_room"])
    fields[f"quotas-{number}-seats"] = limit
    fields |= {"kept_seats-0-seats": seats, "kept_seats-0-mode": mode}
    return organiser.post(page, fields)


def test_an_organiser_sets_it_on_the_events_page(organiser, event):
    assert saved(organiser, event, seats="3", limit="5").status_code == 302
    assert event.kept_seats.get().seats == 3


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"seats": "3"}, "seats", "There are 2 seats of this kind in all."),
        ({"seats": "0"}, "seats", "Ensure this value is greater than or equal to 1."),
        (
            {"seats": "1", "mode": "online"},
            "mode",
            "This way to take part has no limit, so there is nothing to keep seats from.",
        ),
        (
            {"seats": "1", "limit": ""},
            "mode",
            "This way to take part has no limit, so there is nothing to keep seats from.",
        ),
    ],
)
def test_an_organiser_is_told_at_the_field(organiser, event, typed, field, sentence):
    answer = saved(organiser, event, **typed)
    assert answer.status_code == 200
    (formset,) = [
        formset.formset
        for formset in answer.context["inline_admin_formsets"]
        if formset.formset.model is KeptSeats
    ]
    assert formset.errors == [{field: [sentence]}]
    assert formset.forms[0]["seats"].value() == typed["seats"]
    assert event.kept_seats.get().seats == 1
