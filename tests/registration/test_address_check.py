"""Confirming an address: who is asked, reminded, loses a seat by it, and who never does."""

from datetime import timedelta

import pytest

from events.models import Event
from events.registration import rules, turns
from events.registration.address_check import Holder, Plan, groups_that_help, plan
from events.registration.models import (
    AddressCheck,
    AttendanceMode,
    HistoryEntry,
    KeptSeats,
    Registration,
    RegistrationSettings,
)
from events.registration.outbox import rules as outbox_rules
from events.registration.outbox.models import OutboxMail
from events.registration.rules import addresses
from events.registration.seats import Kept, ModeSeats, Waiting
from roundtable.env import MailServer
from tests.factories import AT, NOW, START, make_details, make_event, make_group
from tests.registration.people import calendar_parts, mails, outbox, text_of

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
DAY = 24 * HOUR
NEVER, WHEN_WAITING, BEFORE = AddressCheck.NEVER, AddressCheck.WHEN_WAITING, AddressCheck.BEFORE
FULL = ModeSeats(limit=2, taken=2)
What, Why = HistoryEntry.What, HistoryEntry.Why


# The policy, pure


def line(*groups):
    return [Waiting(100 + number, group) for number, group in enumerate(groups)]


def asked(request, *, group="a", left=AT, reminded=None):
    """Somebody who was asked, and reminded where the time is given at which that mail left."""
    return Holder(request, group, asked=True, asked_left=left,
                  reminded=reminded is not None, reminded_left=reminded)  # fmt: skip


def planned(rule, *holders, seats=FULL, waiting=("a",), now=NOW, at=AT):
    return plan(rule, holders, seats=seats, waiting=line(*waiting), now=now, at=at)


def test_where_somebody_waits_those_with_a_seat_are_asked():
    assert planned(WHEN_WAITING, Holder(1, "a"), Holder(2, "b")) == Plan(ask=(1, 2))


def test_where_nobody_waits_nobody_is_asked_reminded_or_released():
    holders = [Holder(1, "a"), asked(2), asked(3, reminded=AT + DAY)]
    assert planned(WHEN_WAITING, *holders, waiting=(), at=AT + 9 * DAY) == Plan()


def test_before_a_seat_counts_all_are_asked_whoever_waits():
    assert planned(BEFORE, Holder(1, "a"), waiting=()) == Plan(ask=(1,))


def test_never_is_never():
    holders = [Holder(1, "a"), asked(2), asked(3, reminded=AT + DAY)]
    assert planned(NEVER, *holders, at=AT + 9 * DAY) == Plan()


@pytest.mark.parametrize("rule", [WHEN_WAITING, BEFORE])
def test_one_reminder_after_24_hours(rule):
    assert planned(rule, asked(1), at=AT + DAY - SECOND) == Plan()
    assert planned(rule, asked(1), at=AT + DAY) == Plan(remind=(1,))
    assert planned(rule, asked(1, reminded=AT + DAY), at=AT + DAY) == Plan()


@pytest.mark.parametrize("rule", [WHEN_WAITING, BEFORE])
def test_released_after_48_hours(rule):
    holder = asked(1, reminded=AT + DAY)
    assert planned(rule, holder, at=AT + 2 * DAY - SECOND) == Plan()
    assert planned(rule, holder, at=AT + 2 * DAY) == Plan(release=(1,))


def test_a_late_reminder_leaves_her_24_hours_still():
    holder = asked(1, reminded=AT + 5 * DAY)
    assert planned(BEFORE, holder, at=AT + 6 * DAY - SECOND) == Plan()
    assert planned(BEFORE, holder, at=AT + 6 * DAY) == Plan(release=(1,))


def test_hours_in_which_our_mail_had_not_left_do_not_count():
    waits = Holder(1, "a", asked=True)
    half = Holder(2, "a", asked=True, asked_left=AT, reminded=True)
    assert planned(BEFORE, waits, half, at=AT + 9 * DAY) == Plan()


def test_no_more_are_released_than_people_wait_the_longest_asked_first():
    holders = [asked(number, reminded=AT + DAY) for number in (3, 1, 2)]
    found = planned(WHEN_WAITING, *holders, waiting=("a", "b"), at=AT + 2 * DAY)
    assert found.release == (3, 1)
    everybody = planned(BEFORE, *holders, waiting=(), at=AT + 2 * DAY)
    assert everybody.release == (3, 1, 2)


def test_a_seat_that_would_be_kept_for_others_helps_nobody_who_waits():
    """The last seat of a group that seats are kept for is kept again once it is free."""
    seats = ModeSeats(limit=2, taken=2, kept=(Kept("c", 1, NOW + DAY, taken=1),))
    assert groups_that_help(seats, ["a", "c"], {"a"}, now=NOW) == {"a"}
    assert groups_that_help(seats, ["a", "c"], {"a", "c"}, now=NOW) == {"a", "c"}
    assert groups_that_help(seats, ["a", "c"], {"a"}, now=NOW + DAY) == {"a", "c"}
    holders = [Holder(1, "c"), asked(2, group="c", reminded=AT + DAY)]
    assert planned(WHEN_WAITING, *holders, seats=seats, at=AT + 2 * DAY) == Plan()


def test_each_release_counts_with_those_before_it():
    """Two of the group would lose their seats, and only one seat is not kept for it again."""
    seats = ModeSeats(limit=2, taken=2, kept=(Kept("c", 1, NOW + DAY, taken=2),))
    holders = [asked(1, group="c", reminded=AT + DAY), asked(2, group="c", reminded=AT + DAY)]
    found = planned(WHEN_WAITING, *holders, seats=seats, waiting=("a", "a"), at=AT + 2 * DAY)
    assert found.release == (1,)


# The rules, with their mails


@pytest.fixture(autouse=True)
def a_mail_server(settings):
    """Mails are queued as on a real install; ``deliver`` says when they leave."""
    settings.MAIL_SERVER = MailServer("mail.example.org", 25, "", "", False, False)


def deliver(at):
    for mail in OutboxMail.objects.filter(state="queued"):
        outbox_rules.mark_sent(mail, at=at)


def event_with(rule, *, seats=1, **fields):
    return make_event(
        quotas={"in_room": seats, "online": None}, settings={"address_check": rule}, **fields
    )


def register(event, who, *, at=AT, mode="in_room", group="cso"):
    details = make_details(name=who.title(), mode=mode, group=make_group(group))
    return rules.register(
        event, details, email=f"{who}@example.org", language="en", submission=None, now=NOW, at=at
    )


def person(who):
    return Registration.objects.with_details().get(email=f"{who}@example.org")


def stands(who):
    return {row.mode: row.status for row in person(who).seat_requests.all()}


def subjects(who):
    return [mail["Subject"].partition(":")[0] for mail in mails(f"{who}@example.org")]


def rounds(event, *, hours, now=NOW):
    """The worker comes round at each of these hours, and what it writes leaves at once."""
    for hour in hours:
        rules.check_addresses(event, now=now, at=AT + hour * HOUR)
        deliver(AT + hour * HOUR)


ASKS, REMINDS, GONE = (
    "Please confirm your address", "A reminder", "Your seat was given up",
)  # fmt: skip
SEAT = {"in_room": "confirmed"}
NO_SEAT = {"in_room": "cancelled"}


@pytest.fixture
def waited_for(db):
    """Amina holds the only seat, and Baraka waits for it."""
    event = event_with(WHEN_WAITING)
    register(event, "amina")
    register(event, "baraka")
    deliver(AT)
    return event


def test_asked_reminded_released_and_the_next_moves_up(waited_for):
    rounds(waited_for, hours=[0, 23, 24, 25, 47])
    assert subjects("amina") == ["Your seat is confirmed", ASKS, REMINDS]
    assert stands("amina") == SEAT
    rounds(waited_for, hours=[48, 49])
    assert subjects("amina") == ["Your seat is confirmed", ASKS, REMINDS, GONE]
    assert (stands("amina"), stands("baraka")) == (NO_SEAT, SEAT)
    assert subjects("baraka")[-1] == "A seat is yours now"
    entry = person("amina").history.last()
    assert (entry.what, entry.why, entry.from_status, entry.to_status, entry.mode, entry.by) == (
        What.RELEASED, Why.UNCONFIRMED, "confirmed", "cancelled", "in_room", None,
    )  # fmt: skip
    cancelled = [
        part.get_param("method") for part in calendar_parts(mails("amina@example.org")[-1])
    ]
    assert cancelled == ["CANCEL", "CANCEL"]


def test_who_confirms_keeps_her_seat(waited_for):
    rounds(waited_for, hours=[0, 24])
    assert rules.confirm_address(person("amina"), now=NOW, at=AT + 47 * HOUR)
    rounds(waited_for, hours=[48, 100])
    assert (stands("amina"), stands("baraka")) == (SEAT, {"in_room": "waiting"})
    assert person("amina").address_confirmed_at == AT + 47 * HOUR
    assert subjects("amina") == ["Your seat is confirmed", ASKS, REMINDS]
    entry = person("amina").history.last()
    assert (entry.what, entry.by, entry.at) == (What.ADDRESS_CONFIRMED, None, AT + 47 * HOUR)


def test_confirming_twice_is_confirming_once(waited_for):
    known = person("amina")
    assert rules.confirm_address(known, now=NOW, at=AT)
    assert not rules.confirm_address(known, now=NOW, at=AT + HOUR)
    assert not rules.confirm_address(person("amina"), now=NOW, at=AT + HOUR)
    assert person("amina").address_confirmed_at == AT
    assert person("amina").history.filter(what=What.ADDRESS_CONFIRMED).count() == 1


def test_where_nobody_waits_any_more_nothing_is_released(waited_for):
    rounds(waited_for, hours=[0, 24])
    rules.cancel(person("baraka"), now=NOW, at=AT)
    rounds(waited_for, hours=[48, 100])
    assert stands("amina") == SEAT


@pytest.mark.parametrize(
    "fields", [{"address_check": NEVER}, {"stopped": True}], ids=["never", "stopped"]
)
def test_where_the_rule_holds_no_longer_nothing_is_released(waited_for, fields):
    rounds(waited_for, hours=[0, 24])
    RegistrationSettings.objects.filter(event=waited_for).update(**fields)
    rounds(waited_for, hours=[48, 100])
    assert stands("amina") == SEAT


def test_nothing_is_released_once_the_event_has_begun(waited_for):
    rounds(waited_for, hours=[0, 24])
    rounds(waited_for, hours=[48], now=START)
    assert stands("amina") == SEAT
    rounds(waited_for, hours=[48], now=START - SECOND)
    assert stands("amina") == NO_SEAT


@pytest.mark.parametrize("status", ["cancelled", "postponed"])
def test_nothing_is_released_at_an_event_that_is_off(waited_for, status):
    rounds(waited_for, hours=[0, 24])
    Event.objects.filter(pk=waited_for.pk).update(status=status)
    waited_for.refresh_from_db()
    rounds(waited_for, hours=[48])
    assert stands("amina") == SEAT


def test_a_mail_that_waits_for_the_server_does_not_count(waited_for):
    rules.check_addresses(waited_for, now=NOW, at=AT)
    for hour in (24, 48, 100):
        rules.check_addresses(waited_for, now=NOW, at=AT + hour * HOUR)
    assert (subjects("amina"), stands("amina")) == (["Your seat is confirmed", ASKS], SEAT)
    deliver(AT + 100 * HOUR)
    rounds(waited_for, hours=[123])
    assert subjects("amina") == ["Your seat is confirmed", ASKS]
    rounds(waited_for, hours=[124, 147])
    assert subjects("amina") == ["Your seat is confirmed", ASKS, REMINDS]
    rounds(waited_for, hours=[148])
    assert stands("amina") == NO_SEAT


def test_a_mail_that_is_kept_here_never_left(waited_for, settings):
    settings.MAIL_SERVER = None
    rounds(waited_for, hours=[0, 24, 48, 100])
    assert (subjects("amina"), stands("amina")) == (["Your seat is confirmed", ASKS], SEAT)


def fail(at, *, permanent, written):
    for mail in OutboxMail.objects.filter(state="queued"):
        OutboxMail.objects.filter(pk=mail.pk).update(created_at=written)
        mail.created_at = written
        outbox_rules.mark_failed(mail, at=at, error="550 no such user", permanent=permanent)


def test_a_dead_address_counts_as_asked(waited_for):
    """It is what the check is for. The time of the refusal is a few seconds vague."""
    for hour in (0, 25, 50):
        at = AT + hour * HOUR
        rules.check_addresses(waited_for, now=NOW, at=at)
        fail(at, permanent=True, written=at)
    assert stands("amina") == NO_SEAT


def test_a_mail_given_up_because_no_server_was_there_does_not_count(waited_for):
    rules.check_addresses(waited_for, now=NOW, at=AT)
    fail(AT + 4 * DAY + HOUR, permanent=False, written=AT)
    assert outbox()[-1].state == "dead"
    for hour in (150, 250, 350):
        rules.check_addresses(waited_for, now=NOW, at=AT + hour * HOUR)
    assert (subjects("amina"), stands("amina")) == (["Your seat is confirmed", ASKS], SEAT)


def test_who_has_no_address_of_her_own_is_left_alone(db):
    event = event_with(WHEN_WAITING, seats=2)
    register(event, "amina")
    rules.register_companion(
        person("amina"), make_details(name="Wambui"), submission=None, now=NOW, at=AT
    )
    register(event, "baraka")
    register(event, "chebet")
    rounds(event, hours=[0, 24, 48, 72])
    companion = Registration.objects.with_details().get(name="Wambui")
    assert companion.seat.status == "confirmed"
    assert companion.address_asked_at is None
    assert not rules.confirm_address(companion, now=NOW, at=AT)
    assert (stands("amina"), stands("baraka")) == (NO_SEAT, SEAT)


def test_a_seat_in_another_mode_is_nobodys_wish(waited_for):
    register(waited_for, "chebet", mode="online")
    rounds(waited_for, hours=[0, 24, 48])
    assert subjects("chebet") == ["Your seat is confirmed"]


def test_no_more_lose_their_seats_than_wait(db):
    event = event_with(WHEN_WAITING, seats=3)
    for number, who in enumerate(("amina", "njeri", "otieno")):
        register(event, who, at=AT - (3 - number) * HOUR)
    register(event, "baraka")
    rounds(event, hours=[0, 24, 48])
    assert [stands(who) for who in ("amina", "njeri", "otieno", "baraka")] == [
        NO_SEAT, SEAT, SEAT, SEAT,
    ]  # fmt: skip


def test_so_many_at_most_in_one_round_the_longest_unasked_first(db, monkeypatch):
    monkeypatch.setattr(addresses, "MOST_CHECKED", 1)
    event = event_with(WHEN_WAITING, seats=2)
    register(event, "amina", at=AT - HOUR)
    register(event, "njeri")
    register(event, "baraka")
    rules.check_addresses(event, now=NOW, at=AT)
    assert (ASKS in subjects("amina"), ASKS in subjects("njeri")) == (True, False)
    rules.check_addresses(event, now=NOW, at=AT)
    assert ASKS in subjects("njeri")


def test_who_came_by_way_of_the_list_is_asked_anew_for_her_seat(waited_for):
    """Baraka is asked for the seat that is his now; Chebet waits for it."""
    register(waited_for, "chebet")
    rounds(waited_for, hours=[0, 24, 48, 49])
    assert subjects("baraka") == ["You are on the waiting list", "A seat is yours now", ASKS]
    rounds(waited_for, hours=[73, 96])
    assert stands("baraka") == SEAT
    rounds(waited_for, hours=[97])
    assert (stands("baraka"), stands("chebet")) == (NO_SEAT, SEAT)


def test_who_registers_again_has_her_time_anew(waited_for):
    rounds(waited_for, hours=[0, 24, 48])
    rules.cancel(person("baraka"), now=NOW, at=AT + 49 * HOUR)
    register(waited_for, "amina", at=AT + 50 * HOUR)
    register(waited_for, "baraka", at=AT + 50 * HOUR)
    rounds(waited_for, hours=[51, 52])
    assert (stands("amina"), subjects("amina")[-1]) == (SEAT, ASKS)


def test_she_comes_back_after_her_seat_was_released(waited_for):
    rounds(waited_for, hours=[0, 24, 48])
    rules.come_back(person("amina"), mode=AttendanceMode.ONLINE, now=NOW, at=AT + 49 * HOUR)
    assert stands("amina") == {"in_room": "cancelled", "online": "confirmed"}


def test_a_kept_seat_is_not_freed_for_who_may_not_have_it(db):
    """Amina's group has it kept: Baraka could not have it, so she is not asked."""
    event = event_with(WHEN_WAITING, seats=1)
    KeptSeats.objects.create(
        event=event, mode="in_room", group=make_group("grassroots"), seats=1, until=NOW + DAY
    )
    register(event, "amina", group="grassroots")
    register(event, "baraka")
    rounds(event, hours=[0, 24, 48])
    assert subjects("amina") == ["Your seat is confirmed"]


def test_another_address_is_not_confirmed_by_the_earlier_one(waited_for):
    rules.confirm_address(person("amina"), now=NOW, at=AT)
    rules.correct_address(person("amina"), "Amina@example.org", by=None, now=NOW, at=AT)
    amina = Registration.objects.get(name="Amina")
    assert amina.address_confirmed_at == AT
    rules.correct_address(amina, "amina-o@example.org", by=None, now=NOW, at=AT)
    amina = person("amina-o")
    assert (amina.address_confirmed_at, amina.address_asked_at) == (None, None)


# Before a seat counts


@pytest.fixture
def strict(db):
    event = event_with(BEFORE, seats=2)
    register(event, "amina")
    deliver(AT)
    return event


def test_before_her_seat_counts_the_first_mail_asks_and_invites_to_nothing(strict):
    (mail,) = mails("amina@example.org")
    assert mail["Subject"].startswith(ASKS)
    assert calendar_parts(mail) == []
    assert "A seat is held for you: In the room." in text_of(mail)
    assert stands("amina") == SEAT


def test_once_she_confirms_the_invitation_comes(strict):
    rules.confirm_address(person("amina"), now=NOW, at=AT)
    assert subjects("amina") == [ASKS, "Your seat is confirmed"]
    assert len(calendar_parts(mails("amina@example.org")[-1])) == 2
    rounds(strict, hours=[24, 48, 100])
    assert subjects("amina") == [ASKS, "Your seat is confirmed"]


def test_her_seat_is_released_whether_or_not_somebody_waits(strict):
    rounds(strict, hours=[23, 24, 47])
    assert (subjects("amina"), stands("amina")) == ([ASKS, REMINDS], SEAT)
    rounds(strict, hours=[48, 72])
    assert (subjects("amina"), stands("amina")) == ([ASKS, REMINDS, GONE], NO_SEAT)
    assert calendar_parts(mails("amina@example.org")[-1]) == []


def test_who_moves_up_is_asked_too(strict):
    register(strict, "njeri")
    register(strict, "baraka")
    rules.cancel(person("njeri"), now=NOW, at=AT)
    assert subjects("baraka") == ["You are on the waiting list", ASKS]


def test_whom_organisers_give_a_seat_is_asked_too(db):
    event = event_with(BEFORE)
    RegistrationSettings.objects.filter(event=event).update(approval=True)
    register(event, "amina")
    rules.confirm(person("amina"), by=None, now=NOW, at=AT)
    assert subjects("amina") == ["We have your registration", ASKS]


def test_a_new_address_is_asked_too(strict):
    rules.confirm_address(person("amina"), now=NOW, at=AT)
    rules.correct_address(person("amina"), "amina-o@example.org", by=None, now=NOW, at=AT)
    assert subjects("amina-o") == [ASKS]


def test_a_companion_is_told_at_once(strict):
    rules.confirm_address(person("amina"), now=NOW, at=AT)
    rules.register_companion(
        person("amina"), make_details(name="Wambui"), submission=None, now=NOW, at=AT
    )
    assert subjects("amina")[-1] == "Your seat is confirmed"


def test_who_waits_is_asked_only_once_she_has_a_seat(strict):
    register(strict, "njeri")
    register(strict, "baraka")
    rounds(strict, hours=[0])
    assert subjects("baraka") == ["You are on the waiting list"]
    rules.confirm_address(person("baraka"), now=NOW, at=AT)
    assert subjects("baraka") == ["You are on the waiting list"]


def test_after_the_event_nobody_is_invited_to_it(strict):
    rules.confirm_address(person("amina"), now=strict.ends_at, at=AT)
    assert subjects("amina") == [ASKS]


def test_never_tells_of_the_seat_at_once_and_takes_none(db):
    event = event_with(NEVER)
    register(event, "amina")
    register(event, "baraka")
    rounds(event, hours=[0, 24, 48, 100])
    assert (subjects("amina"), stands("amina")) == (["Your seat is confirmed"], SEAT)


# The round


@pytest.fixture
def running(monkeypatch):
    """A clock that runs, three weeks before the event."""
    monkeypatch.setattr("events.clock.now", lambda: NOW)
    monkeypatch.setattr("events.clock.is_fixed", lambda: False)


def test_the_worker_asks(waited_for, running):
    turns.check_addresses()
    assert subjects("amina") == ["Your seat is confirmed", ASKS]


def test_on_a_clock_that_stands_no_hours_pass(waited_for, settings):
    settings.ROUNDTABLE_CLOCK = NOW
    turns.check_addresses()
    assert subjects("amina") == ["Your seat is confirmed"]


@pytest.mark.parametrize("rows", [1, 3])
def test_one_query_where_there_is_nothing_to_do(db, running, rows, django_assert_num_queries):
    for number in range(rows):
        register(event_with(WHEN_WAITING), f"amina-{number}")
        event = event_with(BEFORE)
        register(event, f"baraka-{number}")
        rules.confirm_address(person(f"baraka-{number}"), now=NOW, at=AT)
    with django_assert_num_queries(1):
        turns.check_addresses()


@pytest.mark.parametrize("rows", [1, 3])
def test_looking_costs_as_many_queries_for_one_as_for_three(db, rows, django_assert_num_queries):
    event = event_with(WHEN_WAITING, seats=rows)
    for number in range(rows):
        register(event, f"amina-{number}")
    register(event, "baraka")
    rounds(event, hours=[0])
    with django_assert_num_queries(LOOKING):
        rules.check_addresses(event, now=NOW, at=AT + 25 * HOUR - 2 * HOUR)


LOOKING = 8


@pytest.mark.parametrize("duty", [turns.move_up, turns.check_addresses])
def test_an_event_that_fails_stops_no_round(db, running, duty, monkeypatch, caplog):
    """The first event's rule breaks; the second has its turn all the same."""
    first, second = event_with(WHEN_WAITING), event_with(WHEN_WAITING)
    for event, who in ((first, "amina"), (second, "njeri")):
        register(event, who)
        register(event, f"{who}-waits")
    done = []

    def act(event, **_):
        if event.pk == first.pk:
            raise ValueError("broken")
        done.append(event.pk)

    monkeypatch.setattr(rules, duty.__name__, act)
    duty()
    assert done == [second.pk]
    assert f"The round of event {first.pk} failed" in caplog.text
    assert "@example.org" not in caplog.text


def test_asked_twice_at_one_instant_she_gets_both_mails(strict):
    """For a seat in the room now, and for one online the moment after: the later one counts."""
    rules.change(person("amina"), make_details(name="Amina", mode="online"), now=NOW, at=AT)
    assert subjects("amina") == [ASKS, ASKS]
    rounds(strict, hours=[0, 25, 50])
    assert stands("amina") == {"in_room": "cancelled", "online": "cancelled"}
