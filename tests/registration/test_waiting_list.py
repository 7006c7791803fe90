"""Waiting for a seat: who gets it, when, what it does to the seat held meanwhile, who is told."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from events.models import Event
from events.registration import rules, turns
from events.registration.models import (
    AttendanceMode,
    KeptSeats,
    Quota,
    Registration,
    RegistrationSettings,
    RegistrationState,
    SeatRequest,
)
from events.registration.queries import availability_of, place_in_line
from events.registration.rules import Outcome, Refused, giving
from events.registration.seats import Kept, ModeSeats, Reason, Waiting, groups_with_a_seat, in_turn
from tests.factories import AT, NOW, make_details, make_event, make_group
from tests.registration.people import calendar_lines, calendar_parts, mails, text_of

ROOM, ONLINE = AttendanceMode.IN_ROOM, AttendanceMode.ONLINE
UNTIL = NOW + timedelta(days=7)
SECOND = timedelta(seconds=1)


# The policy, pure


def line(*groups):
    return [Waiting(number, group) for number, group in enumerate(groups, 1)]


def who(given):
    return [one.request for one in given]


def test_free_seats_go_to_the_first_on_the_list():
    assert who(in_turn(ModeSeats(limit=5, taken=3), line("a", "b", "c"), now=NOW)) == [1, 2]


def test_nobody_gets_a_seat_that_is_not_there():
    assert in_turn(ModeSeats(limit=3, taken=3), line("a"), now=NOW) == []
    assert in_turn(ModeSeats(limit=3, taken=5), line("a"), now=NOW) == []
    assert in_turn(ModeSeats(limit=5, taken=3), [], now=NOW) == []


def test_without_a_limit_nobody_goes_on_waiting():
    assert who(in_turn(ModeSeats(limit=None), line("a", "b"), now=NOW)) == [1, 2]


def test_a_kept_seat_passes_by_those_it_is_not_kept_for():
    seats = ModeSeats(limit=4, taken=3, kept=(Kept("c", 1, UNTIL),))
    assert who(in_turn(seats, line("a", "c", "c"), now=NOW)) == [2]
    assert who(in_turn(seats, line("a", "c", "c"), now=UNTIL)) == [1]


def test_what_the_group_took_by_it_is_kept_no_longer():
    """Two seats free, one of them kept: the second of the group comes after the first in turn."""
    seats = ModeSeats(limit=4, taken=2, kept=(Kept("c", 1, UNTIL),))
    assert who(in_turn(seats, line("c", "a", "c"), now=NOW)) == [1, 2]
    assert who(in_turn(seats, line("a", "b", "c"), now=NOW)) == [1, 3]


def test_groups_with_a_seat_are_anybody_some_or_none():
    kept = (Kept("c", 1, UNTIL), Kept("d", 1, UNTIL, taken=1))
    assert groups_with_a_seat(ModeSeats(4, taken=1, kept=kept), now=NOW) is None
    assert groups_with_a_seat(ModeSeats(4, taken=3, kept=kept), now=NOW) == {"c"}
    assert groups_with_a_seat(ModeSeats(4, taken=4, kept=kept), now=NOW) == frozenset()
    assert groups_with_a_seat(ModeSeats(None), now=NOW) is None


# What it does to people


@pytest.fixture
def event(db):
    """One seat in the room, and as many online as come."""
    return make_event(quotas={"in_room": 1, "online": None})


def register(event, name, *, now=NOW, group="cso", **fields):
    """Register by name@example.org; return what came of it."""
    details = make_details(name=name.title(), group=make_group(group), **fields)
    return rules.register(
        event, details, email=f"{name}@example.org", language="en", submission=None, now=now, at=AT
    )


def person(name):
    return Registration.objects.with_details().get(email=f"{name}@example.org")


def stands(name):
    """Mode → status of all that somebody asked for."""
    return dict(person(name).seat_requests.values_list("mode", "status"))


def subjects(name):
    return [mail["Subject"].partition(":")[0] for mail in mails(f"{name}@example.org")]


def told(name):
    """The history of somebody: what, mode, why."""
    return list(person(name).history.values_list("what", "mode", "why"))


def test_who_finds_no_seat_waits_for_one_and_is_told_her_place(event):
    assert register(event, "amina") == Outcome.REGISTERED
    assert register(event, "baraka") == Outcome.WAITING
    assert register(event, "chebet") == Outcome.WAITING
    assert (stands("baraka"), stands("chebet")) == ({"in_room": "waiting"}, {"in_room": "waiting"})
    assert [place_in_line(person(name).wishes[0]) for name in ("baraka", "chebet")] == [1, 2]
    assert subjects("chebet") == ["You are on the waiting list"]
    (mail,) = mails("chebet@example.org")
    assert "Your place on the list now: 2" in text_of(mail)
    assert calendar_parts(mail) == []
    assert told("chebet") == [("registered", "in_room", "full")]


def test_availability_at_a_full_event_is_its_waiting_list(event):
    event.quotas.filter(mode="online").delete()
    register(event, "amina")
    found = availability_of(event, now=NOW)
    assert (found.state, found.reason) == (RegistrationState.WAITING_LIST, Reason.FULL)
    assert (found.is_open, found.offered, found.free) == (True, (ROOM,), ())


def test_a_seat_given_up_goes_to_the_next_in_turn_who_is_told_at_once(event):
    for name in ("amina", "baraka", "chebet"):
        register(event, name)
    rules.cancel(person("amina"), now=NOW, at=AT)
    assert (stands("baraka"), stands("chebet")) == (
        {"in_room": "confirmed"}, {"in_room": "waiting"},
    )  # fmt: skip
    assert subjects("baraka") == ["You are on the waiting list", "A seat is yours now"]
    mail = mails("baraka@example.org")[-1]
    lines = calendar_lines(mail)
    assert "METHOD:REQUEST" in lines
    assert "/cancel/" in text_of(mail)
    assert told("baraka")[-1] == ("moved_up", "in_room", "in_turn")
    assert subjects("chebet") == ["You are on the waiting list"]
    assert place_in_line(person("chebet").wishes[0]) == 1


def test_one_meanwhile_online_is_given_up_when_the_room_is_hers(event):
    register(event, "amina")
    assert register(event, "baraka", meanwhile=True) == Outcome.REGISTERED
    assert stands("baraka") == {"in_room": "waiting", "online": "confirmed"}
    assert person("baraka").seat.mode == "online"
    assert subjects("baraka") == ["Your seat is confirmed"]
    assert "You wait for a seat: In the room." in text_of(mails("baraka@example.org")[0])
    rules.cancel(person("amina"), now=NOW, at=AT)
    assert stands("baraka") == {"in_room": "confirmed", "online": "cancelled"}
    assert told("baraka")[-2:] == [
        ("gave_up", "online", "wanted_less"), ("moved_up", "in_room", "in_turn"),
    ]  # fmt: skip


def test_meanwhile_is_nothing_where_a_seat_is_free_at_once(event):
    assert register(event, "amina", meanwhile=True) == Outcome.REGISTERED
    assert stands("amina") == {"in_room": "confirmed"}


@pytest.fixture
def both_full(db):
    """One seat each; Amina has the room, Baraka is online and waits for the room, Chebet waits."""
    event = make_event(quotas={"in_room": 1, "online": 1})
    register(event, "amina")
    register(event, "baraka", meanwhile=True)
    register(event, "chebet", mode="online")
    return event


def test_a_seat_in_the_room_frees_one_online_for_the_next_there(both_full):
    assert stands("chebet") == {"online": "waiting"}
    rules.cancel(person("amina"), now=NOW, at=AT)
    assert stands("baraka") == {"in_room": "confirmed", "online": "cancelled"}
    assert stands("chebet") == {"online": "confirmed"}
    assert subjects("chebet")[-1] == "A seat is yours now"


def test_switching_where_it_is_full_waits_and_loses_nothing(both_full):
    details = make_details(name="Amina", mode="online")
    rules.change(person("amina"), details, now=NOW, at=AT)
    assert stands("amina") == {"in_room": "confirmed", "online": "waiting"}
    assert place_in_line(person("amina").wishes[0]) == 2
    assert subjects("amina") == ["Your seat is confirmed", "You are on the waiting list"]
    mail = text_of(mails("amina@example.org")[-1])
    assert "Until then you keep your seat: In the room." in mail
    # Asking once more for what she waits for already changes nothing.
    rules.change(person("amina"), details, now=NOW, at=AT)
    assert place_in_line(person("amina").wishes[0]) == 2
    assert len(subjects("amina")) == 2


def test_switching_where_a_seat_is_free_gives_the_old_one_to_the_next(event):
    for name in ("amina", "baraka"):
        register(event, name)
    rules.change(person("amina"), make_details(mode="online"), now=NOW, at=AT)
    assert stands("amina") == {"in_room": "cancelled", "online": "confirmed"}
    assert stands("baraka") == {"in_room": "confirmed"}


def test_who_waits_and_takes_the_other_way_after_all_leaves_the_list(event):
    for name in ("amina", "baraka"):
        register(event, name)
    rules.change(person("baraka"), make_details(mode="online"), now=NOW, at=AT)
    assert stands("baraka") == {"in_room": "cancelled", "online": "confirmed"}
    assert subjects("baraka")[-1] == "You take part another way now"


def test_taking_a_seat_online_while_waiting_keeps_the_place(event):
    for name in ("amina", "baraka", "chebet"):
        register(event, name)
    assert rules.take_meanwhile(person("baraka"), mode=ONLINE, now=NOW, at=AT) is True
    assert stands("baraka") == {"in_room": "waiting", "online": "confirmed"}
    assert place_in_line(person("baraka").wishes[0]) == 1
    assert rules.take_meanwhile(person("baraka"), mode=ONLINE, now=NOW, at=AT) is False
    rules.cancel(person("amina"), now=NOW, at=AT)
    assert stands("baraka") == {"in_room": "confirmed", "online": "cancelled"}


def test_meanwhile_is_refused_where_none_is_free_and_to_who_does_not_wait(both_full):
    with pytest.raises(Refused, match="full"):
        rules.take_meanwhile(person("chebet"), mode=ROOM, now=NOW, at=AT)
    rules.cancel(person("chebet"), now=NOW, at=AT)
    with pytest.raises(Refused, match="not_asked"):
        rules.take_meanwhile(person("chebet"), mode=ROOM, now=NOW, at=AT)


def test_leaving_the_list_keeps_the_seat_held_and_moves_the_others_forward(event):
    register(event, "amina")
    register(event, "baraka", meanwhile=True)
    register(event, "chebet")
    assert rules.stop_waiting(person("baraka"), mode=ROOM, now=NOW, at=AT) is True
    assert stands("baraka") == {"in_room": "cancelled", "online": "confirmed"}
    assert place_in_line(person("chebet").wishes[0]) == 1
    assert rules.stop_waiting(person("baraka"), mode=ROOM, now=NOW, at=AT) is False


def test_leaving_the_only_list_is_giving_up(event):
    register(event, "amina")
    register(event, "baraka")
    assert rules.stop_waiting(person("baraka"), mode=ROOM, now=NOW, at=AT) is True
    assert person("baraka").is_cancelled
    assert subjects("baraka")[-1] == "You wait for a seat no longer"


def test_who_comes_back_is_the_last_in_turn(event):
    for name in ("amina", "baraka", "chebet"):
        register(event, name)
    rules.cancel(person("baraka"), now=NOW, at=AT)
    rules.come_back(person("baraka"), mode=ROOM, now=NOW, at=AT)
    assert [place_in_line(person(name).wishes[0]) for name in ("chebet", "baraka")] == [1, 2]
    assert register(event, "baraka") == Outcome.ALREADY_REGISTERED


def test_declining_a_person_frees_her_seat_for_the_next(event):
    for name in ("amina", "baraka"):
        register(event, name)
    rules.decline(person("amina"), by=None, now=NOW, at=AT, reason="No room.")
    assert (stands("amina"), stands("baraka")) == (
        {"in_room": "declined"}, {"in_room": "confirmed"},
    )  # fmt: skip


def test_erasing_a_person_frees_her_seat_for_the_next(event):
    for name in ("amina", "baraka"):
        register(event, name)
    rules.erase(person("amina"), now=NOW, at=AT)
    assert stands("baraka") == {"in_room": "confirmed"}


def test_more_seats_go_to_who_waits_in_turn(event):
    for name in ("amina", "baraka", "chebet", "dalmar"):
        register(event, name)
    room = event.quotas.get(mode="in_room")
    room.seats = 3
    rules.set_quota(room, now=NOW, at=AT)
    assert [stands(name)["in_room"] for name in ("baraka", "chebet", "dalmar")] == [
        "confirmed", "confirmed", "waiting",
    ]  # fmt: skip
    room.seats = None
    rules.set_quota(room, now=NOW, at=AT)
    assert stands("dalmar") == {"in_room": "confirmed"}


@pytest.mark.parametrize("seats", [5, None])
def test_of_very_many_the_first_move_up_at_once_and_the_worker_sees_to_the_others(
    event, monkeypatch, seats
):
    monkeypatch.setattr(giving, "MOST_MOVED_UP", 2)
    for name in ("amina", "baraka", "chebet", "dalmar"):
        register(event, name)
    room = event.quotas.get(mode="in_room")
    room.seats = seats
    rules.set_quota(room, now=NOW, at=AT)
    assert [stands(name)["in_room"] for name in ("baraka", "chebet", "dalmar")] == [
        "confirmed", "confirmed", "waiting",
    ]  # fmt: skip
    monkeypatch.setattr("events.clock.now", lambda: NOW)
    turns.move_up()
    assert stands("dalmar") == {"in_room": "confirmed"}
    assert register(event, "esi") == Outcome.REGISTERED


def test_nobody_who_comes_then_goes_past_those_whose_seats_are_still_to_be_given(
    event, monkeypatch
):
    for number in range(5):
        register(event, f"person-{number}")
    monkeypatch.setattr(giving, "MOST_MOVED_UP", 1)
    room = event.quotas.get(mode="in_room")
    room.seats = 5
    rules.set_quota(room, now=NOW, at=AT)
    assert register(event, "zawadi") == Outcome.WAITING
    assert [stands(f"person-{number}")["in_room"] for number in range(5)] == [
        "confirmed", "confirmed", "confirmed", "waiting", "waiting",
    ]  # fmt: skip
    for _round in range(3):
        rules.move_up(event, now=NOW, at=AT)
    assert stands("person-4") == {"in_room": "confirmed"}
    assert stands("zawadi") == {"in_room": "waiting"}


def test_a_mode_people_wait_for_is_not_taken_away(event):
    event.quotas.filter(mode="in_room").update(seats=0)
    register(event, "amina")
    with pytest.raises(Refused, match="full"):
        rules.remove_quota(event.quotas.get(mode="in_room"), now=NOW)
    room = event.quotas.get(mode="in_room")
    room.mode = "phone"
    with pytest.raises(Refused, match="full"):
        rules.set_quota(room, now=NOW, at=AT)
    assert Quota.objects.filter(event=event, mode="in_room").exists()


def keep(event, group, seats=1, until=UNTIL):
    row = KeptSeats(event=event, mode="in_room", group=make_group(group), seats=seats, until=until)
    rules.keep_seats(row, now=NOW, at=AT)
    return row


@pytest.fixture
def kept(db):
    """Two seats in the room, one kept for grassroots; Amina has the other, Baraka waits."""
    event = make_event(quotas={"in_room": 2, "online": None})
    keep(event, "grassroots")
    register(event, "amina")
    register(event, "baraka")
    return event


def test_a_kept_seat_goes_past_who_asked_before_and_that_is_on_record(kept):
    assert told("baraka") == [("registered", "in_room", "kept")]
    assert register(kept, "chebet", group="grassroots") == Outcome.REGISTERED
    assert stands("baraka") == {"in_room": "waiting"}
    (wish,) = person("baraka").wishes
    assert [row.registration.name for row in SeatRequest.objects.ahead_of_turn(wish)] == ["Chebet"]


def test_one_of_the_group_who_waits_has_the_kept_seat_when_it_is_free_again(kept):
    register(kept, "chebet", group="grassroots")
    register(kept, "dalmar", group="grassroots")
    rules.cancel(person("chebet"), now=NOW, at=AT)
    assert (stands("baraka"), stands("dalmar")) == (
        {"in_room": "waiting"}, {"in_room": "confirmed"},
    )  # fmt: skip
    assert told("dalmar")[-1] == ("moved_up", "in_room", "of_her_group")


@pytest.mark.parametrize("approval", [False, True])
def test_asking_for_another_mode_does_not_carry_a_kept_seat_to_another_group(kept, approval):
    """The seat stays hers while she waits, so it must stay her group's."""
    register(kept, "chebet", group="grassroots")
    RegistrationSettings.objects.filter(event=kept).update(approval=approval)
    kept.quotas.filter(mode="online").update(seats=0)
    details = make_details(mode="online", group=make_group("cso"))
    with pytest.raises(Refused, match="kept_for_her_group"):
        rules.change(person("chebet"), details, now=NOW, at=AT)
    assert (person("chebet").group.code, stands("chebet")) == (
        "grassroots", {"in_room": "confirmed"},
    )  # fmt: skip


def test_who_has_the_other_mode_at_once_may_change_her_group_with_it(kept):
    register(kept, "chebet", group="grassroots")
    details = make_details(mode="online", group=make_group("cso"))
    rules.change(person("chebet"), details, now=NOW, at=AT)
    assert stands("chebet") == {"in_room": "cancelled", "online": "confirmed"}
    assert stands("baraka") == {"in_room": "waiting"}


def test_what_is_kept_no_longer_goes_to_the_first_who_waits(kept):
    rules.keep_no_longer(kept.kept_seats.get(), now=NOW, at=AT)
    assert stands("baraka") == {"in_room": "confirmed"}


def test_a_group_corrected_by_organisers_may_find_the_kept_seat(kept):
    baraka = person("baraka")
    baraka.group = make_group("grassroots")
    rules.correct(baraka, now=NOW, at=AT)
    assert stands("baraka") == {"in_room": "confirmed"}


def test_when_its_time_has_come_the_worker_gives_it_away(kept, monkeypatch):
    monkeypatch.setattr("events.clock.now", lambda: UNTIL - SECOND)
    turns.move_up()
    assert stands("baraka") == {"in_room": "waiting"}
    monkeypatch.setattr("events.clock.now", lambda: UNTIL)
    turns.move_up()
    assert stands("baraka") == {"in_room": "confirmed"}
    assert subjects("baraka")[-1] == "A seat is yours now"


def test_who_comes_just_then_does_not_go_past_who_waited(kept):
    """The worker has not come round yet; the one who waits has the seat all the same."""
    assert register(kept, "chebet", now=UNTIL) == Outcome.WAITING
    assert (stands("baraka"), stands("chebet")) == (
        {"in_room": "confirmed"}, {"in_room": "waiting"},
    )  # fmt: skip


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_the_worker_asks_once_where_nobody_waits(db, rows, django_assert_num_queries):
    for number in range(rows):
        register(make_event(), f"amina-{number}")
    with django_assert_num_queries(1):
        turns.move_up()


@pytest.mark.parametrize(
    "change",
    [{"status": "cancelled"}, {"status": "postponed"}],
    ids=["cancelled", "postponed"],
)
def test_nobody_moves_up_at_an_event_that_is_off_but_when_it_is_on_again(event, change):
    for name in ("amina", "baraka"):
        register(event, name)
    Event.objects.filter(pk=event.pk).update(**change)
    rules.cancel(person("amina"), now=NOW, at=AT)
    assert stands("baraka") == {"in_room": "waiting"}
    Event.objects.filter(pk=event.pk).update(status="scheduled")
    rules.move_up(event, now=NOW, at=AT)
    assert stands("baraka") == {"in_room": "confirmed"}


def test_nobody_moves_up_while_new_seats_are_stopped(event):
    for name in ("amina", "baraka"):
        register(event, name)
    settings = RegistrationSettings.objects.filter(event=event)
    settings.update(stopped=True)
    rules.cancel(person("amina"), now=NOW, at=AT)
    assert stands("baraka") == {"in_room": "waiting"}
    settings.update(stopped=False)
    rules.move_up(event, now=NOW, at=AT)
    assert stands("baraka") == {"in_room": "confirmed"}


def test_the_list_goes_on_after_registration_has_closed_until_the_event_is_over(event):
    for name in ("amina", "baraka"):
        register(event, name)
    RegistrationSettings.objects.filter(event=event).update(closes_at=NOW + SECOND)
    late = event.ends_at - SECOND
    with pytest.raises(Refused, match="over"):
        register(event, "chebet", now=late)
    rules.cancel(person("amina"), now=late, at=AT)
    assert stands("baraka") == {"in_room": "confirmed"}


def test_after_the_event_nobody_moves_up(event):
    for name in ("amina", "baraka"):
        register(event, name)
    rules.cancel(person("amina"), now=event.ends_at, at=AT)
    assert stands("baraka") == {"in_room": "waiting"}


def test_the_database_itself_knows_no_second_seat(event):
    register(event, "amina")
    with pytest.raises(IntegrityError), transaction.atomic():
        SeatRequest.objects.create(registration=person("amina"), mode="online", status="confirmed")


# Where the organisers look at each registration first


@pytest.fixture
def looked_at(db):
    return make_event(quotas={"in_room": 1, "online": None}, settings={"approval": True})


def test_nobody_has_a_seat_before_the_organisers_say_so(looked_at):
    assert register(looked_at, "amina") == Outcome.WAITING
    assert stands("amina") == {"in_room": "pending"}
    assert told("amina") == [("registered", "in_room", "approval")]
    assert subjects("amina") == ["We have your registration"]
    rules.move_up(looked_at, now=NOW, at=AT)
    assert stands("amina") == {"in_room": "pending"}


def test_who_is_approved_has_a_seat_or_waits_in_the_turn_she_came(looked_at):
    for name in ("amina", "baraka", "chebet"):
        register(looked_at, name)
    for name in ("chebet", "baraka", "amina"):
        assert rules.confirm(person(name), by=None, now=NOW, at=AT) is True
    assert [stands(name)["in_room"] for name in ("amina", "baraka", "chebet")] == [
        "waiting", "waiting", "confirmed",
    ]  # fmt: skip
    assert subjects("amina") == ["We have your registration", "You are on the waiting list"]
    assert told("amina")[-1] == ("approved", "in_room", "full")
    assert [place_in_line(person(name).wishes[0]) for name in ("amina", "baraka")] == [1, 2]
    with pytest.raises(Refused, match="full"):
        rules.confirm(person("amina"), by=None, now=NOW, at=AT)
    rules.cancel(person("chebet"), now=NOW, at=AT)
    assert stands("amina") == {"in_room": "confirmed"}


def test_who_was_declined_and_comes_again_stays_declined(looked_at):
    register(looked_at, "amina")
    rules.decline(person("amina"), by=None, reason="Full of your kind.", now=NOW, at=AT)
    assert register(looked_at, "amina") == Outcome.ALREADY_REGISTERED
    assert stands("amina") == {"in_room": "declined"}
    assert subjects("amina")[-1] == "About your seat"


def test_changing_to_another_mode_asks_the_organisers_and_keeps_the_seat(looked_at):
    register(looked_at, "amina")
    rules.confirm(person("amina"), by=None, now=NOW, at=AT)
    rules.change(person("amina"), make_details(mode="online"), now=NOW, at=AT)
    assert stands("amina") == {"in_room": "confirmed", "online": "pending"}
    rules.confirm(person("amina"), mode="online", by=None, now=NOW, at=AT)
    assert stands("amina") == {"in_room": "cancelled", "online": "confirmed"}


def test_who_is_approved_for_a_full_room_is_told_that_she_waits_not_that_she_has_it(looked_at):
    register(looked_at, "amina")
    rules.confirm(person("amina"), by=None, now=NOW, at=AT)
    register(looked_at, "baraka", mode="online")
    rules.confirm(person("baraka"), by=None, now=NOW, at=AT)
    rules.change(person("baraka"), make_details(mode="in_room"), now=NOW, at=AT)
    rules.confirm(person("baraka"), mode="in_room", by=None, now=NOW, at=AT)
    assert stands("baraka") == {"in_room": "waiting", "online": "confirmed"}
    assert subjects("baraka")[-1] == "You are on the waiting list"
    mail = mails("baraka@example.org")[-1]
    assert "All seats of this kind are taken or kept for others: In the room." in text_of(mail)
    assert "Until then you keep your seat: Online." in text_of(mail)
    assert calendar_parts(mail) == []


def test_who_waits_for_two_decisions_is_told_of_the_one_that_was_made(looked_at):
    looked_at.quotas.update(seats=0)
    register(looked_at, "amina")
    rules.change(person("amina"), make_details(mode="online"), now=NOW, at=AT)
    rules.confirm(person("amina"), mode="in_room", by=None, now=NOW, at=AT)
    assert stands("amina") == {"in_room": "waiting", "online": "pending"}
    assert subjects("amina")[-1] == "You are on the waiting list"


def no_longer_looked_at(event):
    RegistrationSettings.objects.filter(event=event).update(approval=False)
    turns.move_up()


def test_where_the_organisers_look_no_longer_those_who_wait_for_them_have_the_first_turn(looked_at):
    for name in ("amina", "baraka"):
        register(looked_at, name)
    register(looked_at, "chebet", mode="online")
    no_longer_looked_at(looked_at)
    assert stands("amina") == {"in_room": "confirmed"}
    assert stands("baraka") == {"in_room": "waiting"}
    assert stands("chebet") == {"online": "confirmed"}
    assert told("amina")[1:] == [
        ("approved", "in_room", "no_approval"), ("moved_up", "in_room", "in_turn"),
    ]  # fmt: skip
    assert told("baraka")[1:] == [("approved", "in_room", "no_approval")]
    assert subjects("amina") == ["We have your registration", "A seat is yours now"]
    assert subjects("baraka") == ["We have your registration", "You are on the waiting list"]


def test_who_waits_for_a_decision_goes_before_those_who_come_after_it_is_not_needed(looked_at):
    register(looked_at, "amina")
    RegistrationSettings.objects.update(approval=False)
    rules.move_up(looked_at, now=NOW, at=AT)
    assert register(looked_at, "baraka") == Outcome.WAITING
    assert stands("amina") == {"in_room": "confirmed"}


def test_nobody_is_lined_up_while_no_seats_are_given(looked_at):
    register(looked_at, "amina")
    RegistrationSettings.objects.update(stopped=True)
    no_longer_looked_at(looked_at)
    assert stands("amina") == {"in_room": "pending"}


def test_of_very_many_undecided_some_are_lined_up_at_a_time(looked_at, monkeypatch):
    monkeypatch.setattr(giving, "MOST_MOVED_UP", 2)
    for number in range(5):
        register(looked_at, f"person-{number}", mode="online")
    no_longer_looked_at(looked_at)
    statuses = SeatRequest.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == ["confirmed"] * 2 + ["pending"] * 3
    turns.move_up()
    turns.move_up()
    assert set(statuses.all()) == {"confirmed"}


def test_the_worker_looks_at_no_event_where_the_organisers_decide(
    looked_at, django_assert_num_queries
):
    register(looked_at, "amina")
    with django_assert_num_queries(1):
        turns.move_up()


# What it costs


@pytest.mark.parametrize("waiting", [1, 3, 30])
def test_giving_up_a_seat_costs_the_same_however_many_wait(
    event, waiting, django_assert_num_queries
):
    register(event, "amina")
    for number in range(waiting):
        register(event, f"person-{number}")
    amina = person("amina")
    with django_assert_num_queries(26):
        rules.cancel(amina, now=NOW, at=AT)
    assert SeatRequest.objects.filter(status="waiting").count() == waiting - 1
