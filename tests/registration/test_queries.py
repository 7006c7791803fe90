import pytest
from django.conf import settings as site

from events.models import Event
from events.registration import rules
from events.registration.drawing import Place
from events.registration.models import AttendanceMode, SeatRequest
from events.registration.queries import (
    OpenSeats,
    availability_of,
    open_seats_of,
    seats_taken,
    table_of,
    with_registration,
)
from events.registration.seats import Reason
from events.registration.table import Tally
from roundtable.env import mail_server
from speakers.models import StakeholderGroup
from tests.factories import (
    AT,
    NOW,
    START,
    make_assignment,
    make_event,
    make_group,
    make_registration,
    make_speaker,
    make_voice,
)

pytestmark = pytest.mark.django_db
ROOM, ONLINE = AttendanceMode.IN_ROOM, AttendanceMode.ONLINE


def fill(event, mode, number):
    for place in range(number):
        make_registration(event, email=f"{mode}-{place}@example.org", mode=mode)


def test_availability_of_a_fresh_event():
    found = availability_of(make_event(), now=NOW)
    assert (found.reason, found.offered, found.free) == (
        Reason.OPEN,
        (ROOM, ONLINE),
        (ROOM, ONLINE),
    )
    assert found.closes_at == START


@pytest.mark.parametrize(
    ("seats", "taken", "free"),
    [(0, 0, ()), (1, 0, (ROOM,)), (1, 1, ()), (2, 1, (ROOM,)), (2, 2, ()), (None, 3, (ROOM,))],
)
def test_a_mode_is_free_while_fewer_seats_are_taken_than_there_are(seats, taken, free):
    event = make_event(quotas={"in_room": seats})
    fill(event, "in_room", taken)
    found = availability_of(event, now=NOW)
    assert (found.offered, found.free) == ((ROOM,), free)


def test_each_mode_counts_its_own_seats_only():
    event = make_event(quotas={"in_room": 1, "online": 1})
    fill(event, "in_room", 1)
    assert availability_of(event, now=NOW).free == (ONLINE,)


def test_each_event_counts_its_own_seats_only():
    full, other = make_event(quotas={"in_room": 1}), make_event(quotas={"in_room": 1})
    fill(full, "in_room", 1)
    assert availability_of(full, now=NOW).reason == Reason.FULL
    assert availability_of(other, now=NOW).reason == Reason.OPEN


def test_a_seat_given_up_is_free_again():
    event = make_event(quotas={"in_room": 1})
    rules.cancel(make_registration(event), now=NOW, at=AT)
    assert availability_of(event, now=NOW).free == (ROOM,)
    assert seats_taken(event) == {}


def test_an_event_without_settings_and_quotas_is_not_offered():
    event = Event.objects.create(slug="bare", title="Bare", starts_at=START, ends_at=make_end())
    assert availability_of(event, now=NOW).reason == Reason.NOT_OFFERED


def make_end():
    return make_event().ends_at


def test_settings_of_the_event_are_read():
    opens, closes = START.replace(day=20), START.replace(day=25)
    event = make_event(settings={"opens_at": opens, "closes_at": closes})
    found = availability_of(event, now=opens)
    assert (found.reason, found.opens_at, found.closes_at) == (Reason.OPEN, opens, closes)
    assert availability_of(make_event(settings={"stopped": True}), now=NOW).reason == Reason.STOPPED


def test_a_real_site_without_a_mail_server_does_not_open(settings):
    event = make_event()
    settings.LOCAL_INSTALL = False
    assert site.MAIL_SERVER is None
    assert availability_of(event, now=NOW).reason == Reason.NO_MAIL
    settings.MAIL_SERVER = mail_server_at("smtp://localhost:25")
    assert availability_of(event, now=NOW).reason == Reason.OPEN


def mail_server_at(address):
    with pytest.MonkeyPatch.context() as shell:
        shell.setenv("EMAIL_URL", address)
        return mail_server("EMAIL_URL")


def test_a_plain_event_costs_one_query(django_assert_num_queries):
    event = make_event()
    with django_assert_num_queries(1):
        availability_of(event, now=NOW)


@pytest.mark.parametrize("number", [1, 3])
def test_events_read_with_their_registration_cost_one_query(number, django_assert_num_queries):
    for place in range(number):
        fill(make_event(quotas={"in_room": 2, "online": place}), "in_room", 1)
    with django_assert_num_queries(1):
        found = [
            availability_of(event, now=NOW) for event in with_registration(Event.objects.all())
        ]
    assert [row.reason for row in found] == [Reason.OPEN] * number


def test_seats_taken_counts_confirmed_seats_by_mode(django_assert_num_queries):
    event = make_event()
    fill(event, "in_room", 2)
    fill(event, "online", 1)
    make_registration(make_event())
    with django_assert_num_queries(1):
        assert seats_taken(event) == {"in_room": 2, "online": 1}


# Who is at the table

SLOT = {"title": "Panel", "minutes": 30, "kind": "panel"}
SHOWN = {"shows_open_seats": True}


def make_groups(number):
    return [
        make_group(f"g{place}", label=f"G{place}", position=place, in_note=True)
        for place in range(number)
    ]


def test_the_table_counts_people_speakers_and_voices_of_this_event():
    note, other, empty = make_group("cso", in_note=True), make_group("media"), make_group("farmers")
    event = make_event(items=[SLOT, SLOT])
    women, refugees = make_voice("women"), make_voice("refugees")
    make_voice("gone", offered=False)
    make_registration(event, group=note, voices=[women, refugees], email="a@example.org")
    make_registration(event, group=note, voices=[women], mode="online", email="b@example.org",
                      country="UG")  # fmt: skip
    waiting = make_registration(event, group=other, voices=[women], email="c@example.org")
    left = make_registration(event, group=empty, voices=[refugees], email="d@example.org")
    rules.cancel(left, now=NOW, at=AT)
    SeatRequest.objects.filter(registration=waiting).update(status="waiting")
    make_registration(make_event(), group=empty, voices=[refugees], email="e@example.org")
    first, second = event.agenda_items.all()
    amina, juma = make_speaker("Amina", group=note), make_speaker("Juma", group=other)
    make_assignment(first, amina, status="invited")
    make_assignment(second, amina, role="moderator")
    make_assignment(first, juma, status="declined")
    make_assignment(second, juma, role="rapporteur")
    make_assignment(first, make_speaker("Somebody", group=other, to_be_announced=True))
    make_assignment(first, None)
    make_assignment(first, make_speaker("Groupless"))
    found = table_of(event)
    assert [
        (row.group.code, row.group.target, row.registered, row.confirmed, row.by_mode,
         row.speaking, row.agreed, row.unnamed)
        for row in found.rows
    ] == [
        ("cso", 1, 2, 2, {"in_room": 1, "online": 1}, 1, 1, 0),
        ("media", 0, 1, 0, {"in_room": 0, "online": 0}, 0, 0, 1),
    ]  # fmt: skip
    assert [row.group.code for row in found.others] == ["farmers"]
    assert found.modes == [Tally("In the room", 2, 1), Tally("Online", 1, 1)]
    assert found.countries == [Tally("Kenya", 2, 1), Tally("Uganda", 1, 1)]
    assert {voice.code: voice.number for voice in found.voices} == {"women": 3, "refugees": 1}
    assert found.people == 3


def test_a_person_with_a_seat_online_who_waits_for_the_room_counts_once():
    event = make_event()
    registration = make_registration(event, group=make_group(in_note=True), mode="online")
    SeatRequest.objects.create(registration=registration, mode="in_room", status="waiting", rank=2)
    found = table_of(event)
    assert (found.people, found.rows[0].registered, found.rows[0].confirmed) == (1, 1, 1)
    assert found.modes == [Tally("In the room", 1, 0), Tally("Online", 1, 1)]


def test_targets_are_those_of_the_event_and_the_standard_elsewhere():
    cso, media = make_group("cso", in_note=True), make_group("media")
    event, other = make_event(), make_event()
    rules.set_targets(event, targets={cso.pk: 0, media.pk: 3})
    assert {row.group.code: row.group.target for row in table_of(event).rows} == {
        "cso": 0, "media": 3,
    }  # fmt: skip
    assert {row.group.code: row.group.target for row in table_of(other).rows} == {"cso": 1}


@pytest.mark.parametrize("number", [1, 3, 30])
def test_the_table_costs_four_queries(number, django_assert_num_queries):
    event = make_event(items=[SLOT])
    for place, group in enumerate(make_groups(number)):
        make_registration(event, group=group, email=f"p{place}@example.org",
                          voices=[make_voice(f"v{place}")])  # fmt: skip
        make_assignment(event.agenda_items.get(), make_speaker(group=group))
    with django_assert_num_queries(4):
        found = table_of(event)
    assert len(found.rows) == len(found.voices) == number


@pytest.mark.parametrize("number", [1, 3, 30])
def test_open_seats_come_with_the_events(number, django_assert_num_queries):
    groups = make_groups(number)
    for _event in range(number):
        make_registration(make_event(settings=SHOWN, items=[SLOT]), group=groups[0])
    with django_assert_num_queries(1):
        rows = with_registration(Event.objects.all(), places=True)
        found = [open_seats_of(row, now=NOW) for row in rows]
    labels = [group.label for group in groups]
    places = [Place(label, label == labels[0]) for label in labels]
    assert found == [OpenSeats(tuple(places), tuple(labels[1:]))] * number


def test_a_plain_event_costs_one_query_for_its_open_seats(django_assert_num_queries):
    make_groups(2)
    event = make_event(settings=SHOWN)
    with django_assert_num_queries(1):
        assert open_seats_of(event, now=NOW).invited == ("G0", "G1")


def test_nothing_is_shown_unless_organisers_wish_it():
    make_groups(2)
    assert open_seats_of(make_event(), now=NOW) is None
    bare = Event.objects.create(slug="bare", title="Bare", starts_at=START, ends_at=make_end())
    assert open_seats_of(bare, now=NOW) is None


@pytest.mark.parametrize(
    "closed",
    [
        {"settings": {**SHOWN, "stopped": True}},
        {"settings": {**SHOWN, "opens_at": START}},
        {"settings": SHOWN, "status": "cancelled"},
        {"settings": SHOWN, "starts_at": NOW},
        {"settings": SHOWN, "quotas": {"in_room": 0}},
    ],
)
def test_nobody_is_invited_who_could_not_register(closed):
    make_groups(2)
    assert open_seats_of(make_event(**closed), now=NOW) is None


def test_without_a_group_in_the_note_there_is_nothing_to_show():
    make_group("media")
    assert open_seats_of(make_event(settings=SHOWN), now=NOW) is None


@pytest.mark.parametrize(
    ("how", "there"),
    [
        ({}, True),
        ({"status": "invited"}, False),
        ({"status": "proposed"}, False),
        ({"status": "declined"}, False),
        ({"role": "opening"}, True),
        ({"role": "rapporteur"}, False),
    ],
)
def test_a_group_is_at_the_table_once_somebody_has_agreed_to_speak(how, there):
    (group,) = make_groups(1)
    event = make_event(settings=SHOWN, items=[SLOT])
    make_assignment(event.agenda_items.get(), make_speaker(group=group), **how)
    make_assignment(event.agenda_items.get(), make_speaker(group=group, to_be_announced=True))
    found = open_seats_of(event, now=NOW)
    assert found.places == (Place("G0", there),)
    # The desk draws the same.
    assert list(found.places) == table_of(event).places


@pytest.mark.parametrize("status", ["waiting", "pending", "declined", "cancelled"])
def test_who_holds_no_seat_fills_none(status):
    (group,) = make_groups(1)
    event = make_event(settings=SHOWN)
    make_registration(event, group=group)
    assert open_seats_of(event, now=NOW) == OpenSeats((Place("G0", True),), ())
    SeatRequest.objects.update(status=status)
    assert open_seats_of(event, now=NOW) == OpenSeats((Place("G0", False),), ("G0",))


def test_a_group_nobody_is_wished_for_of_is_not_invited():
    first, second, third = make_groups(3)
    StakeholderGroup.objects.filter(pk=third.pk).update(offered=False)
    event = make_event(settings=SHOWN)
    rules.set_targets(event, targets={first.pk: 0})
    assert open_seats_of(event, now=NOW) == OpenSeats((Place("G1", False),), ("G1",))
    # Somebody has come all the same.
    make_registration(event, group=first)
    found = open_seats_of(event, now=NOW)
    assert found.places == (Place("G0", True), Place("G1", False))
    assert found.invited == (second.label,)


def test_where_the_last_seats_are_kept_only_their_groups_are_invited():
    first, _second = make_groups(2)
    event = make_event(settings=SHOWN, quotas={"in_room": 2})
    event.kept_seats.create(mode="in_room", group=first, seats=1, until=START)
    make_registration(event, group=make_group("media"))
    found = open_seats_of(event, now=NOW)
    assert found == OpenSeats((Place("G0", False), Place("G1", False)), ("G0",))
