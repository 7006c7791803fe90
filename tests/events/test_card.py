"""The picture that goes with a link to an event."""

import re
from html import unescape
from io import BytesIO

import pytest
from PIL import Image

from events import paper
from events.models import Event
from events.rules import record_change
from tests.factories import AT, make_event, make_note, make_organiser, make_series

pytestmark = pytest.mark.django_db
LAKE, RIM = (0x12, 0x3F, 0x45), (0xF6, 0xAA, 0xA1)


def opened(png):
    picture = Image.open(BytesIO(png))
    assert picture.format == "PNG"
    return picture.convert("RGB")


def near(colour, other):
    return all(abs(one - two) < 8 for one, two in zip(colour, other, strict=True))


def is_bare(picture, box):
    """Whether nothing but the lake is there."""
    colours = picture.crop(box).getcolors(10_000)
    return all(near(colour, LAKE) for _count, colour in colours)


def meta(page):
    found = re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)"', page)
    return {name: unescape(content) for name, content in found}


@pytest.mark.parametrize(
    "title",
    [
        "Water",
        "Working together " * 11 + "once more",
        "Wirtschaftsförderungsgesellschaft" * 6,
        "معا من أجل مدن ومجتمعات مستدامة " * 6,
        "共同建设可持续城市和社区",
        "Zero\u200bwidth \N{ZERO WIDTH JOINER} & <b>#strong[bold]</b>",
    ],
)
@pytest.mark.parametrize("status", list(Event.Status))
def test_a_title_of_any_length_fits(title, status):
    event = make_event(title=title[:200], status=status, series=make_series(), number=2)
    picture = opened(paper.card(event))
    assert picture.size == paper.CARD_SIZE
    # The lake, its rim, and the middle of the table.
    assert near(picture.getpixel((4, 4)), LAKE)
    assert near(picture.getpixel((600, 625)), RIM)
    assert near(picture.getpixel((912, 307)), LAKE)
    # Text keeps to its column and off the rim; there is some.
    assert is_bare(picture, (0, 0, 66, 600))
    assert is_bare(picture, (675, 0, 690, 600))
    assert is_bare(picture, (66, 590, 690, 612))
    assert not is_bare(picture, (66, 60, 675, 590))
    assert len(paper.card(event)) < 100_000


def test_same_event_same_card_and_another_with_another_date():
    event = make_event()
    first = paper.card(event)
    assert paper.card(event) == first
    event.status = Event.Status.CANCELLED
    assert paper.card(event) != first


def test_card_is_answered_like_other_public_files(client, django_assert_num_queries):
    event = make_event(slug="e")
    first = client.get("/events/e/card.png")
    assert (first.status_code, first["Content-Type"]) == (200, "image/png")
    assert (first["Cache-Control"], first.cookies) == ("public, no-cache", {})
    with django_assert_num_queries(1):
        again = client.get("/events/e/card.png", HTTP_IF_NONE_MATCH=first["ETag"])
    assert again.status_code == 304
    event.title = "Another title"
    event.save()
    record_change(event, at=AT)
    changed = client.get("/events/e/card.png", HTTP_IF_NONE_MATCH=first["ETag"])
    assert (changed.status_code, changed["ETag"] != first["ETag"]) == (200, True)


def test_card_of_a_draft_is_for_organisers(client):
    make_event(slug="e", published=False)
    assert client.get("/events/e/card.png").status_code == 404
    client.force_login(make_organiser())
    seen = client.get("/events/e/card.png")
    assert (seen.status_code, seen["Cache-Control"]) == (200, "private, no-store")


@pytest.mark.parametrize("page", ["", "concept-note/", "agenda/", "speakers/"])
def test_public_pages_name_the_card_and_say_what_it_shows(client, page):
    event = make_event(slug="e", title='Roads & "light"')
    make_note(event)
    found = meta(client.get(f"/events/e/{page}").content.decode())
    assert found["og:image"].endswith(f"/events/e/card.png?v={event.content_version}")
    assert found["og:image"].startswith("http")
    assert (found["og:image:width"], found["og:image:height"]) == ("1200", "630")
    assert found["og:image:alt"] == (
        'Roads & "light". 31 October 2020, 12:45 EAT, Nakuru, Kenya. '
        "Beside it, a round table seen from above, with its seats."
    )
    assert found["twitter:card"] == "summary_large_image"


@pytest.mark.parametrize("page", ["", "agenda/"])
def test_pages_of_a_draft_name_no_card(client, page):
    make_event(slug="e", published=False)
    client.force_login(make_organiser())
    assert "og:image" not in client.get(f"/events/e/{page}").content.decode()
