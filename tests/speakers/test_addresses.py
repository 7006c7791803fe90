"""Addresses made from names where none was typed."""

import pytest

from events.models import Event, Series
from speakers.addresses import free_address
from speakers.models import Speaker
from tests.desk import problems, read, saved
from tests.factories import make_event, make_organiser, make_speaker

pytestmark = pytest.mark.django_db


@pytest.fixture
def organiser(client):
    client.force_login(make_organiser())
    return client


def add(client, path, **typed):
    url = f"/admin/{path}/add/"
    return client.post(url, {**read(client.get(url)), "slug": "", **typed})


def test_free_address_is_the_one_wanted_or_the_next_like_it():
    make_event(slug="e"), make_event(slug="e-2")
    assert free_address(Event, "e") == "e-3"
    assert free_address(Event, "new") == "new"
    assert len(free_address(Event, "x" * 80)) <= 80


@pytest.mark.parametrize(
    ("name", "slug"), [("Wanjirũ Kamaũ", "wanjiru-kamau"), ("Amina", "amina-2")]
)
def test_profile_without_an_address_gets_one_from_its_name(organiser, name, slug):
    make_speaker("Amina", slug="amina")
    assert saved(add(organiser, "speakers/speaker", name=name))
    assert Speaker.objects.latest("pk").slug == slug


def test_series_and_events_get_theirs_from_theme_and_title(organiser):
    assert saved(add(organiser, "events/series", theme="Water for all"))
    day = {"starts_at_0": "2021-03-27", "ends_at_0": "2021-03-27"}
    time = {"starts_at_1": "12:45", "ends_at_1": "14:45"}
    assert saved(add(organiser, "events/event", title="Kĩambu", **day, **time))
    assert [Series.objects.get().slug, Event.objects.get().slug] == ["water-for-all", "kiambu"]


def test_name_that_makes_no_address_asks_for_one(organiser):
    assert problems(add(organiser, "speakers/speaker", name="أمينة")) == {
        "slug": ["This field is required."]
    }


def test_address_that_can_not_be_is_still_refused(organiser):
    response = add(organiser, "speakers/speaker", name="Amina", slug="no good")
    assert list(problems(response)) == ["slug"]
