import pytest
from django.conf import settings as site

from events.models import Event
from events.registration import rules
from events.registration.models import AttendanceMode
from events.registration.queries import availability_of, seats_taken, with_registration
from events.registration.seats import Reason
from roundtable.env import mail_server
from tests.factories import AT, NOW, START, make_event, make_registration

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
