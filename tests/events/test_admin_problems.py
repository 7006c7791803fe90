"""The list of what is to be mended, above a form that was not saved."""

import re
from html import unescape

import pytest

from tests.desk import address, read, save
from tests.factories import make_event, make_note, make_organiser

pytestmark = pytest.mark.django_db


@pytest.fixture
def organiser(client):
    client.force_login(make_organiser())
    return client


@pytest.fixture
def event(db):
    return make_event(items=[{"title": "Panel", "minutes": 30, "kind": "panel"}])


def listed(response):
    """Each line of the list with the address it leads to, and whether that is on the page."""
    page = unescape(response.content.decode())
    section = page.split('aria-labelledby="problems"')[1].split("</section>")[0]
    lines = re.findall(r'<li>(?:<a href="#(.*?)">)?(.*?)(?:</a>)?</li>', section)
    return [(text, f'id="{anchor}"' in page and anchor) for anchor, text in lines]


def test_every_error_is_listed_with_a_link_to_its_field(organiser, event):
    response = save(
        organiser, event, title="", starts_at_0="never", agenda_items__0__minutes="0",
        agenda_items__1__title="New",
    )  # fmt: skip
    assert listed(response) == [
        ("Title: This field is required.", "id_title"),
        ("Start: Enter a valid date.", "id_starts_at_0"),
        ("Slot 1, “Panel”: Minutes: Give the minutes as a whole number from 1 to 600.",
         "id_agenda_items-0-minutes"),
        ("Slot 2: Minutes: This field is required.", "id_agenda_items-1-minutes"),
    ]  # fmt: skip
    page = response.content.decode()
    assert 'role="alert" aria-labelledby="problems"' in page
    assert '<h2 id="problems" tabindex="-1" autofocus>Not saved yet: 4 things to mend</h2>' in page


def test_row_ticked_to_go_has_nothing_to_mend(organiser, event):
    typed = {"agenda_items__0__minutes": "0", "agenda_items__0__DELETE": "on"}
    response = save(organiser, event, title="", **typed)
    assert listed(response) == [("Title: This field is required.", "id_title")]


def test_note_s_sections_are_listed_too(organiser, event):
    note = make_note(event, sections=[("Aim", "One.")])
    assert listed(save(organiser, note, sections__0__text="")) == [
        ("Section 1, “Aim”: Text: This field is required.", "id_sections-0-text")
    ]


def test_form_as_it_opens_lists_nothing(organiser, event):
    page = organiser.get(address(event))
    assert read(page)
    assert 'aria-labelledby="problems"' not in page.content.decode()
