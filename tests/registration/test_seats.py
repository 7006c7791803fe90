from datetime import UTC, datetime, timedelta

import pytest

from events.models import Event
from events.registration.models import AttendanceMode, RegistrationState
from events.registration.seats import Facts, ModeSeats, Reason, availability

SECOND = timedelta(seconds=1)
START = datetime(2020, 10, 31, 9, 45, tzinfo=UTC)
END = START + timedelta(hours=2)
NOW = START - timedelta(days=19)
ROOM, ONLINE = AttendanceMode.IN_ROOM, AttendanceMode.ONLINE
Status = Event.Status


def ask(now=NOW, **changes):
    """The availability at an event that is open, but for ``changes``."""
    offered = changes.pop("offered", [ROOM, ONLINE])
    free = changes.pop("free", [ROOM, ONLINE])
    facts = {
        "status": Status.SCHEDULED,
        "starts_at": START,
        "ends_at": END,
        "opens_at": None,
        "closes_at": None,
        "stopped": False,
        "seats": {mode: ModeSeats(limit=9 if mode in free else 0) for mode in offered},
        "mail_leaves": True,
        **changes,
    }
    return availability(Facts(**facts), now=now)


def test_seats_can_be_had_while_nothing_stands_against_it():
    found = ask()
    assert (found.state, found.reason) == (RegistrationState.OPEN, Reason.OPEN)
    assert found.is_open
    assert found.offered == found.free == (ROOM, ONLINE)
    assert (found.opens_at, found.closes_at) == (None, START)


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        ({"status": Status.CANCELLED}, "closed", Reason.CANCELLED),
        ({"status": Status.POSTPONED}, "closed", Reason.POSTPONED),
        ({"now": START}, "closed", Reason.OVER),
        ({"closes_at": NOW}, "closed", Reason.TIME_UP),
        ({"offered": [], "free": []}, "closed", Reason.NOT_OFFERED),
        ({"stopped": True}, "closed", Reason.STOPPED),
        ({"mail_leaves": False}, "closed", Reason.NO_MAIL),
        ({"opens_at": NOW + SECOND}, "not_yet", Reason.NOT_YET),
    ],
    ids=lambda value: str(value) if isinstance(value, Reason) else "",
)
def test_each_reason_closes_registration_alone(changes, state, reason):
    found = ask(**changes)
    assert (found.state, found.reason) == (state, reason)
    assert not found.is_open


def test_when_all_seats_are_taken_one_can_wait():
    found = ask(free=[])
    assert (found.state, found.reason) == (RegistrationState.WAITING_LIST, Reason.FULL)
    assert found.is_open
    assert (found.offered, found.free, found.kept) == ((ROOM, ONLINE), (), ())


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (START - timedelta(days=2) - SECOND, Reason.NOT_YET),
        (START - timedelta(days=2), Reason.OPEN),
        (START - timedelta(days=1) - SECOND, Reason.OPEN),
        (START - timedelta(days=1), Reason.TIME_UP),
        (START - SECOND, Reason.TIME_UP),
        (START, Reason.OVER),
        (END + timedelta(days=400), Reason.OVER),
    ],
)
def test_window_is_half_open_to_the_second(now, reason):
    opens, closes = START - timedelta(days=2), START - timedelta(days=1)
    assert ask(now, opens_at=opens, closes_at=closes).reason == reason


@pytest.mark.parametrize(
    ("now", "reason"),
    [(START - SECOND, Reason.OPEN), (START, Reason.OVER), (END, Reason.OVER)],
)
def test_without_a_closing_time_the_start_closes(now, reason):
    assert ask(now).reason == reason


@pytest.mark.parametrize(
    ("now", "reason"),
    [(START, Reason.OPEN), (END - SECOND, Reason.OPEN), (END, Reason.OVER)],
)
def test_a_later_closing_time_lets_people_in_until_the_end_and_no_longer(now, reason):
    midnight = datetime(2020, 10, 31, 21, 0, tzinfo=UTC)
    assert ask(now, closes_at=midnight).reason == reason
    assert ask(now, closes_at=midnight).closes_at == END


def test_reasons_outweigh_each_other_in_this_order():
    """From all at once, the weightiest is taken away one by one."""
    everything = {
        "now": START + SECOND,
        "status": Status.CANCELLED,
        "closes_at": START,
        "opens_at": START + timedelta(minutes=1),
        "offered": [],
        "free": [],
        "stopped": True,
        "mail_leaves": False,
    }
    seen = [ask(**everything).reason]
    for less in (
        {"status": Status.POSTPONED},
        {"now": START - SECOND, "closes_at": START - SECOND},
        {"status": Status.SCHEDULED},
        {"closes_at": None},
        {"offered": [ROOM]},
        {"stopped": False},
        {"mail_leaves": True},
        {"opens_at": START - SECOND},
        {"free": [ROOM]},
    ):
        everything |= less
        seen.append(ask(**everything).reason)
    assert seen == [
        Reason.CANCELLED,
        Reason.OVER,
        Reason.POSTPONED,
        Reason.TIME_UP,
        Reason.NOT_OFFERED,
        Reason.STOPPED,
        Reason.NO_MAIL,
        Reason.NOT_YET,
        Reason.FULL,
        Reason.OPEN,
    ]


def test_one_free_mode_keeps_registration_open():
    found = ask(free=[ONLINE])
    assert found.is_open
    assert found.state == RegistrationState.OPEN
    assert (found.offered, found.free, found.kept) == ((ROOM, ONLINE), (ONLINE,), ())


def test_modes_come_in_their_own_order_whatever_order_they_were_read_in():
    found = ask(offered=[ONLINE, ROOM], free=[ONLINE, ROOM])
    assert found.offered == found.free == (ROOM, ONLINE)
