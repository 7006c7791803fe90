"""The lists of the desk ask the database as often for 300 rows as for one."""

import pytest
from django.contrib.auth.models import User

from events.models import AgendaItem, ConceptNote, Event, Series, Venue
from events.registration.outbox.models import OutboxMail
from speakers.models import Speaker, StakeholderGroup, Voice
from tests.factories import START, make_organiser

pytestmark = pytest.mark.django_db


def event(number):
    return Event(
        slug=f"e{number}",
        title=f"Event {number}",
        starts_at=START,
        ends_at=START.replace(hour=20),
        series=Series.objects.create(slug=f"s{number}", theme="Theme"),
        venue=Venue.objects.create(town="Nakuru"),
    )


def in_an_event(number, model, **fields):
    row = event(number)
    row.save()
    return model(event=row, **fields)


def speaker(number):
    group, _ = StakeholderGroup.objects.get_or_create(code=f"g{number}", label="Group")
    return Speaker(slug=f"s{number}", name=f"Speaker {number}", group=group)


# What a row is, and how many queries its list costs: session, user, permissions
# and groups come first.
LISTS = {
    "events/event": (event, 8),
    "events/agendaitem": (
        lambda n: in_an_event(n, AgendaItem, title="Panel", minutes=9, kind="panel"), 6,
    ),
    "events/conceptnote": (lambda n: in_an_event(n, ConceptNote), 6),
    "events/venue": (lambda n: Venue(town=f"Town {n}"), 5),
    "events/series": (lambda n: Series(slug=f"s{n}", theme="Theme"), 5),
    "speakers/speaker": (speaker, 6),
    "speakers/stakeholdergroup": (lambda n: StakeholderGroup(code=f"g{n}", label="Group"), 5),
    "speakers/voice": (lambda n: Voice(code=f"v{n}", label="Voice"), 5),
    "outbox/outboxmail": (lambda n: OutboxMail(to=f"a{n}@example.org", subject="Hello"), 9),
    "auth/user": (lambda n: User(username=f"u{n}", email=f"u{n}@example.org"), 7),
}  # fmt: skip


@pytest.mark.parametrize("rows", [1, 3, 300])
@pytest.mark.parametrize("kind", LISTS)
def test_list_costs_a_constant_number_of_queries(client, kind, rows, django_assert_num_queries):
    make, queries = LISTS[kind]
    client.force_login(make_organiser())
    made = [make(number) for number in range(rows)]
    type(made[0]).objects.bulk_create(made)
    with django_assert_num_queries(queries):
        response = client.get(f"/admin/{kind}/")
    assert len(response.context["cl"].result_list) >= min(rows, 100)
