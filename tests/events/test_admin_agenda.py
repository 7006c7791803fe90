"""A slot's own page: who is in it, in which order, and how a person is chosen."""

import pytest

from speakers.models import Speaker
from tests.desk import address, read, save, saved
from tests.factories import make_assignment, make_event, make_organiser, make_speaker

pytestmark = pytest.mark.django_db


@pytest.fixture
def organiser(client):
    client.force_login(make_organiser())
    return client


@pytest.fixture
def slot(db):
    event = make_event(items=[{"title": "Panel", "minutes": 30, "kind": "panel"}])
    return event.agenda_items.get()


def people(slot):
    return [(row.speaker.name, row.position) for row in slot.assignments.all()]


def add(client, slot, speaker, **typed):
    """Fill in the row that stands there for one more person."""
    number = slot.assignments.count()
    sent = {"speaker": speaker.pk, "role": "panellist", **typed}
    return save(client, slot, **{f"assignments__{number}__{k}": v for k, v in sent.items()})


def test_person_without_a_number_comes_last(organiser, slot):
    make_assignment(slot, make_speaker("Otieno"), position=5)
    assert saved(add(organiser, slot, make_speaker("Wangari")))
    assert saved(add(organiser, slot, make_speaker("Amina")))
    assert people(slot) == [("Otieno", 5), ("Wangari", 15), ("Amina", 25)]


def test_person_with_a_number_stands_where_it_says(organiser, slot):
    make_assignment(slot, make_speaker("Otieno"), position=5)
    assert saved(add(organiser, slot, make_speaker("Wangari"), position="1"))
    assert people(slot) == [("Wangari", 1), ("Otieno", 5)]


def test_row_left_empty_is_nobody(organiser, slot):
    assert saved(save(organiser, slot))
    assert people(slot) == []


def profiles(number):
    Speaker.objects.bulk_create(
        Speaker(name=f"Speaker {n}", slug=f"speaker-of-many-{n}") for n in range(number)
    )


def offered(client, slot):
    """How many choices the empty row's list has, the empty one too."""
    page = client.get(address(slot)).content.decode()
    field = page.split('<select name="assignments-0-speaker"')[1].split("</select>")[0]
    return field.count("<option")


def test_profiles_are_a_plain_list_while_there_are_few(organiser, slot):
    profiles(200)
    assert offered(organiser, slot) == 201
    profiles_before = Speaker.objects.count()
    make_speaker("One too many")
    assert (profiles_before, offered(organiser, slot)) == (200, 1)


@pytest.mark.parametrize("number", [1, 9])
def test_page_costs_a_constant_number_of_queries(
    organiser, slot, number, django_assert_num_queries
):
    for n in range(number):
        make_assignment(slot, make_speaker(f"Speaker {n}"))
    with django_assert_num_queries(11):
        sent = read(organiser.get(address(slot)))
    assert sent["assignments-TOTAL_FORMS"] == str(number + 1)
