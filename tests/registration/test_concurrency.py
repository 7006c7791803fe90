"""Many people at once, each in a thread with a connection of its own.

PostgreSQL is real as it is. SQLite's test database stands in memory, where
connections share what they do not share on a site, so these tests have a file
of their own, opened with the site's own options.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, connections
from django.urls import reverse

from events.models import Event
from events.registration import rules
from events.registration.models import Registration, RegistrationSettings, SeatRequest
from events.registration.outbox.models import OutboxMail
from events.registration.queries import seats_taken
from events.registration.rules import Outcome, Refused, giving
from events.registration.seats import Reason
from tests.factories import AT, NOW, make_details, make_event, make_registration
from tests.registration.people import OUR_PAGE, Browser, answers

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
# How long anybody waits for the others, in seconds.
PATIENCE = 60


@pytest.fixture
def site_options(transactional_db, tmp_path):
    """The options of the database's connections. On SQLite a file stands behind them."""
    settings = connections.settings["default"]
    options = dict(settings["OPTIONS"])
    if connection.vendor != "sqlite":
        yield settings["OPTIONS"]
        return
    name, in_memory = settings["NAME"], connections["default"]
    del connections["default"]
    settings["NAME"] = str(tmp_path / "roundtable.sqlite3")
    try:
        call_command("migrate", verbosity=0)
        yield settings["OPTIONS"]
    finally:
        connections["default"].close()
        settings["NAME"], settings["OPTIONS"] = name, options
        connections["default"] = in_memory


@pytest.fixture
def event(site_options):
    return make_event(quotas={"in_room": 5, "online": None})


def at_once(number, task):
    """Do the task so often at the same moment; return what came of each."""
    start = threading.Barrier(number)

    def run(place):
        try:
            start.wait(PATIENCE)
            return task(place)
        except Refused as refusal:
            return refusal.reason
        except OperationalError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as people:
        return list(people.map(run, range(number)))


def take_a_seat(event):
    """Return what each person does: register, by an address of her own."""
    details = make_details()

    def task(place):
        return rules.register(
            event, details, email=f"person-{place}@example.org", language="en", submission=None,
            now=NOW, at=AT,
        )  # fmt: skip

    return task


def counted(outcomes):
    """How many got a seat, how many wait for one, and what else came."""
    registered, waiting = Outcome.REGISTERED, Outcome.WAITING
    others = [outcome for outcome in outcomes if outcome not in {registered, waiting}]
    return outcomes.count(registered), outcomes.count(waiting), others


def test_20_people_at_once_for_5_seats_are_5_confirmed_and_15_waiting(event):
    outcomes = at_once(20, take_a_seat(event))
    assert counted(outcomes) == (5, 15, [])
    assert seats_taken(event) == {"in_room": 5}
    # In the order in which they came.
    statuses = SeatRequest.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == ["confirmed"] * 5 + ["waiting"] * 15
    assert Registration.objects.count() == OutboxMail.objects.count() == 20


def test_without_the_lock_the_same_goes_wrong(site_options, monkeypatch):
    """The control. All have seen the free seat before the first takes it."""
    event = make_event(quotas={"in_room": 1})
    everybody_looked = threading.Barrier(4)
    look = giving.move_up

    def look_and_wait(*args, **kwargs):
        found = look(*args, **kwargs)
        everybody_looked.wait(PATIENCE)
        return found

    monkeypatch.setattr(giving, "move_up", look_and_wait)
    monkeypatch.setattr(giving, "lock", lambda event: Event.objects.get(pk=event.pk))
    if connection.vendor == "sqlite":
        site_options.update(transaction_mode="DEFERRED", timeout=1)
    seated, waiting, others = counted(at_once(4, take_a_seat(event)))
    if connection.vendor == "sqlite":
        # SQLite lets nobody write over what another has read, but fails instead.
        assert (waiting, len(others)) == (0, 4 - seated)
        assert len(others) >= 3
    else:
        assert (seated, waiting, others) == (4, 0, [])
        assert seats_taken(event) == {"in_room": 4}


def test_a_form_sent_8_times_at_once_is_one_row_and_one_mail(event, aged_forms):
    typed, path = (
        answers(group=make_details().group.code),
        reverse("registration:register", args=[event.slug]),
    )
    statuses = at_once(8, lambda _: Browser().post(path, typed, **OUR_PAGE).status_code)
    assert statuses == [303] * 8
    assert Registration.objects.count() == OutboxMail.objects.count() == 1
    assert seats_taken(event) == {"in_room": 1}


def test_8_forms_of_one_address_at_once_are_one_row(event):
    details = make_details()

    def task(place):
        return rules.register(
            event, details, email="Wanjiru@example.org" if place % 2 else "wanjiru@example.org",
            language="en", submission=f"form-{place}", now=NOW, at=AT,
        )  # fmt: skip

    outcomes = at_once(8, task)
    assert outcomes.count(Outcome.REGISTERED) == 1
    assert outcomes.count(Outcome.ALREADY_REGISTERED) == 7
    assert Registration.objects.count() == 1
    # The confirmation, and as many more as one address gets in an hour.
    assert OutboxMail.objects.count() == 5


def test_a_seat_given_up_8_times_at_once_is_given_up_once(event):
    registration = make_registration(event)
    outcomes = at_once(8, lambda _: rules.cancel(registration, now=NOW, at=AT))
    assert sorted(outcomes) == [False] * 7 + [True]
    registration.refresh_from_db()
    assert registration.calendar_revision == 1
    assert OutboxMail.objects.count() == 2


def test_two_who_swap_their_ways_to_take_part_at_once_both_keep_a_seat(site_options):
    """Each wants the seat the other holds, and none is free: both wait and keep what they hold."""
    event = make_event(quotas={"in_room": 1, "online": 1})
    people = [
        make_registration(event, email=f"{mode}@example.org", mode=mode)
        for mode in ("in_room", "online")
    ]
    wishes = [make_details(mode="online"), make_details(mode="in_room")]

    def task(place):
        return rules.change(people[place], wishes[place], now=NOW, at=AT)

    assert at_once(2, task) == [None, None]
    assert seats_taken(event) == {"in_room": 1, "online": 1}
    assert [dict(row.seat_requests.values_list("mode", "status")) for row in people] == [
        {"in_room": "confirmed", "online": "waiting"},
        {"in_room": "waiting", "online": "confirmed"},
    ]


def test_two_organisers_confirm_8_people_at_once_for_5_seats(event):
    """Each of the eight is confirmed by both: five have a seat, once, and three are refused."""
    people = [make_registration(event, email=f"{n}@example.org", mode="online") for n in range(8)]
    SeatRequest.objects.update(mode="in_room", status="waiting")
    # Else the list would give them the seats, whoever asks.
    RegistrationSettings.objects.update(stopped=True)
    mails = OutboxMail.objects.count()

    def task(place):
        return rules.confirm(people[place % 8], by=None, now=NOW, at=AT)

    outcomes = at_once(16, task)
    assert (outcomes.count(True), outcomes.count(False), outcomes.count(Reason.FULL)) == (5, 5, 6)
    assert seats_taken(event) == {"in_room": 5}
    assert OutboxMail.objects.count() == mails + 5
