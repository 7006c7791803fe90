"""The concept note at the desk: sections in place, versions kept, links refused."""

from datetime import date

import pytest
from django.contrib.messages import get_messages

from events.models import ConceptNote
from events.rules import record_change
from tests.events.test_templates import words
from tests.factories import AT, make_event, make_note, make_organiser
from tests.roundtable.test_admin import address, problems, read, save, saved

pytestmark = pytest.mark.django_db
PAGE = "/events/e/concept-note/"


@pytest.fixture
def organiser(client):
    client.force_login(make_organiser())
    return client


@pytest.fixture
def note(db):
    event = make_event(slug="e")
    note = make_note(
        event,
        sections=[("", "One."), ("Aim", "Two.")],
        version="1",
        dated=date(2020, 10, 1),
        what_changed="The first.",
    )
    record_change(event, at=AT)
    return note


def told(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def warned(response):
    return [text for text in told(response) if "version" in text]


def add_section(client, note, **typed):
    """Save the note with one more section, as the desk's script adds it."""
    number = note.sections.count()
    sent = {"heading": "", "text": "", "id": "", "note": note.pk, "position": "", **typed}
    new = {f"sections__{number}__{name}": value for name, value in sent.items()}
    return save(client, note, sections__TOTAL_FORMS=number + 1, **new)


# Sections


def test_sections_stand_in_their_positions(organiser, note):
    assert saved(save(organiser, note, sections__0__position=3))
    assert "Aim Two. One." in words(organiser.get(PAGE))


def test_section_without_position_goes_last(organiser, note):
    assert saved(add_section(organiser, note, text="Three."))
    assert [(row.position, row.text) for row in note.sections.all()] == [
        (1, "One."), (2, "Two."), (12, "Three."),
    ]  # fmt: skip
    assert "Two. Three." in words(organiser.get(PAGE))


def test_section_is_put_between_two_others(organiser, note):
    note.sections.filter(text="Two.").update(position=20)
    assert saved(add_section(organiser, note, text="Between.", position=10))
    assert "One. Between. Aim Two." in words(organiser.get(PAGE))


def test_section_ticked_to_go_is_gone(organiser, note):
    assert saved(save(organiser, note, sections__0__DELETE="on"))
    assert [row.text for row in note.sections.all()] == ["Two."]
    assert "One." not in words(organiser.get(PAGE))


@pytest.mark.parametrize("position", ["-1", "32001", "x"])
def test_position_that_is_none_is_refused_and_nothing_typed_is_lost(organiser, note, position):
    response = save(organiser, note, sections__0__position=position, sections__1__text="Typed.")
    assert set(problems(response)) == {"sections-0-position"}
    assert read(response)["sections-1-text"] == "Typed."


def test_markup_is_on_the_page(organiser, note):
    text = "A **bold** [word](https://unhabitat.org).\r\n\r\n- one\r\n- two"
    assert saved(save(organiser, note, sections__0__text=text))
    page = organiser.get(PAGE).content.decode()
    assert (
        '<p id="p1-1">A <strong>bold</strong> '
        '<a href="https://unhabitat.org" rel="noreferrer">word</a>.</p>\n'
        '<ul id="p1-2"><li>one</li><li>two</li></ul>'
    ) in page


def test_link_that_leads_nowhere_is_refused_at_its_field_and_nothing_typed_is_lost(organiser, note):
    text = "Read [this](javascript:alert(1))."
    response = save(organiser, note, sections__1__text=text, masthead="Typed.")
    assert problems(response) == {
        "sections-1-text": [
            (
                "A link can't lead to “javascript:alert(1)”. Begin it with https://, http:// or "
                "mailto: and write the whole address."
            )
        ]
    }
    assert (read(response)["sections-1-text"], read(response)["masthead"]) == (text, "Typed.")
    assert "Two." in words(organiser.get(PAGE))


def test_form_says_how_markup_is_written(organiser, note):
    page = organiser.get(address(note)).content.decode()
    assert page.count("A line that starts with - is a point of a list") >= 2


# Versions


def test_version_before_is_kept_and_named_on_the_page(organiser, note):
    response = save(
        organiser, note, version="2", dated="2020-10-12", what_changed="Places are named."
    )
    assert saved(response)
    assert warned(response) == []
    assert [(row.version, row.dated, row.what_changed) for row in note.versions.all()] == [
        ("1", date(2020, 10, 1), "The first.")
    ]
    text = words(organiser.get(PAGE))
    assert "Version 2 of 12 October 2020. What changed: Places are named." in text
    assert "Earlier versions Version 1 of 1 October 2020. What changed: The first." in text


def test_earlier_versions_stand_latest_first(organiser, note):
    for name in ("2", "3", "4"):
        assert saved(save(organiser, note, version=name, what_changed=f"For {name}."))
    text = words(organiser.get(PAGE))
    places = [text.index(f"What changed: {mark}") for mark in ("For 4.", "For 3.", "For 2.", "The")]
    assert places == sorted(places)


def test_note_with_one_version_lists_no_earlier_one(organiser, note):
    text = words(organiser.get(PAGE))
    assert "Version 1 of 1 October 2020. What changed: The first." in text
    assert "Earlier versions" not in text


@pytest.mark.parametrize("name", ["1", " 1 "])
def test_name_of_an_earlier_version_is_refused_at_its_field(organiser, note, name):
    assert saved(save(organiser, note, version="2"))
    response = save(organiser, note, version=name, what_changed="Typed.")
    assert problems(response) == {
        "version": ["There was a version “1” already. Give this one another name."]
    }
    assert read(response)["what_changed"] == "Typed."
    assert ConceptNote.objects.get().version == "2"


def test_name_that_stays_is_not_asked_about(organiser, note):
    note.versions.create(version="1")
    assert saved(save(organiser, note, masthead="Another line"))


def test_edit_that_leaves_the_version_alone_keeps_none(organiser, note):
    assert saved(save(organiser, note, version="2"))
    assert saved(save(organiser, note, what_changed="Said better."))
    assert [row.version for row in note.versions.all()] == ["1"]


@pytest.mark.parametrize(
    "typed", [{"sections__0__text": "Anew."}, {"masthead": "Anew."}, {"sections__1__DELETE": "on"}]
)
def test_changed_text_of_the_same_version_is_asked_about_and_saved(organiser, note, typed):
    response = save(organiser, note, **typed)
    assert saved(response)
    assert warned(response) == [
        (
            "The text changed, and it is still called version “1”. If readers should know, give "
            "the version a new name and say what changed."
        )
    ]


def test_new_version_with_the_old_words_about_it_is_asked_about(organiser, note):
    response = save(organiser, note, version="2", sections__0__text="Anew.")
    assert saved(response)
    assert warned(response) == ["“What changed” still says what it said of version “1”."]


def test_unchanged_note_is_asked_nothing(organiser, note):
    response = save(organiser, note)
    assert saved(response)
    assert warned(response) == []


def test_earlier_versions_are_to_read_at_the_desk(organiser, note):
    note.versions.create(version="0.9", what_changed="A draft.")
    page = organiser.get(address(note))
    assert b"0.9" in page.content
    assert b"A draft." in page.content
    assert not [name for name in read(page) if name.startswith("versions-0-version")]
    assert saved(save(organiser, note, versions__0__version="Forged"))
    assert [row.version for row in note.versions.all()] == ["0.9"]


def test_new_note_is_made_on_one_page(organiser, note):
    event = make_event(slug="f")
    url = "/admin/events/conceptnote/add/"
    new = {"heading": "Aim", "text": "Peace.", "id": "", "note": "", "position": ""}
    sent = {
        **read(organiser.get(url)),
        "event": event.pk,
        "sections-TOTAL_FORMS": 1,
        **{f"sections-0-{name}": value for name, value in new.items()},
    }
    response = organiser.post(url, sent)
    assert saved(response)
    assert "Aim Peace. Version 1." in words(organiser.get("/events/f/concept-note/"))


def test_deleting_the_only_note_takes_it_off_the_page(organiser, note):
    organiser.get(PAGE)
    note.versions.create(version="0")
    organiser.post(address(note).replace("change", "delete"), {"post": "yes"})
    assert ConceptNote.objects.count() == 0
    assert "The concept note is to be announced." in words(organiser.get(PAGE))
    assert organiser.get("/events/e/concept-note.pdf").status_code == 404


# Cost: the page of the desk, however many sections and versions


@pytest.mark.parametrize("rows", [1, 3])
def test_note_s_form_takes_the_same_queries_however_long(
    organiser, rows, django_assert_num_queries
):
    note = make_note(make_event(), sections=[("Part", "Text.")] * rows)
    for number in range(rows):
        note.versions.create(version=f"0.{number}")
    with django_assert_num_queries(10):
        assert organiser.get(address(note)).status_code == 200
