import re
from html import unescape

import pytest

from events.models import Venue
from events.rules import record_change
from tests.factories import (
    AT,
    make_assignment,
    make_event,
    make_group,
    make_speaker,
)

pytestmark = pytest.mark.django_db
SLOT = {"title": "Panel on water", "minutes": 30, "kind": "panel"}


def main(response):
    assert response.status_code == 200
    page = response.content.decode()
    page = page[page.index("<main") : page.index("</main>")]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def seat(speaker, **fields):
    """Put the speaker into a slot of an event of her own."""
    status = fields.pop("status", "confirmed")
    event = make_event(items=[SLOT], **fields)
    make_assignment(event.agenda_items.get(), speaker, status=status)
    record_change(event, at=AT)
    return event


def test_profile_tells_who_it_is_and_where_she_speaks(client):
    speaker = make_speaker(
        "Wangari Maathai",
        slug="wangari-maathai",
        job_title="Founder",
        organisation="Green Belt Movement",
        biography="She planted trees.\n\nMany of them.",
        group=make_group(label="Civil society"),
    )
    seat(speaker, title="Working together", number=2)
    text = main(client.get("/speakers/wangari-maathai/"))
    for words in ["Wangari Maathai", "Founder", "Green Belt Movement", "She planted trees.",
                  "Many of them.", "Civil society", "Roundtable 2: Working together",
                  "31 October 2020", "Nakuru, Kenya", "Panel on water", "Panellist"]:  # fmt: skip
        assert words in text


def test_role_to_be_announced_says_so(client, nakuru):
    text = main(client.get("/speakers/un-agency/"))
    assert text.startswith("Representative of a UN agency To be announced.")
    assert "Opening remarks" in text


def test_profile_without_event_names_none(client):
    speaker = make_speaker("Wangari Maathai")
    assert main(client.get(speaker.get_absolute_url())) == "WM Wangari Maathai"


@pytest.mark.parametrize(
    "fields",
    [
        {"published": False},
        {"agenda_status": "draft"},
        {"status": "proposed"},
        {"status": "invited"},
        {"status": "declined"},
    ],
)
def test_profile_names_no_event_that_does_not_name_her(client, fields):
    speaker = make_speaker("Wangari Maathai")
    seat(speaker, title="Secret event", **fields)
    assert main(client.get(speaker.get_absolute_url())) == "WM Wangari Maathai"


def test_profile_that_is_not_published_is_404(client):
    speaker = make_speaker(published=False)
    assert client.get(speaker.get_absolute_url()).status_code == 404


def test_unknown_profile_is_404(client):
    assert client.get("/speakers/nobody/").status_code == 404


def test_profile_in_arabic_stands_as_it_was_written(client):
    speaker = make_speaker("نغوغي وا ثيونغو", slug="ngugi")
    html = client.get(speaker.get_absolute_url()).content.decode()
    assert '<h1 dir="auto">نغوغي وا ثيونغو</h1>' in html


@pytest.mark.parametrize("events", [1, 3])
def test_profile_takes_the_same_queries_however_many_events_there_are(
    client, events, django_assert_num_queries
):
    speaker = make_speaker(group=make_group())
    for _ in range(events):
        seat(speaker, venue=Venue.objects.create(town="Nakuru", country="KE"))
    # What the page depends on, the profile, her slots.
    with django_assert_num_queries(3):
        assert client.get(speaker.get_absolute_url()).status_code == 200
    with django_assert_num_queries(1):
        assert client.get(speaker.get_absolute_url()).status_code == 200
