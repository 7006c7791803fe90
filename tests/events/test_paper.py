"""The printed sheets, read by other software."""

import datetime as dt
import logging

import pypdfium2
import pytest
from pypdfium2 import raw

from events import paper
from events.agenda import timed
from events.rules import record_change
from tests.factories import AT, make_assignment, make_event, make_note, make_speaker

pytestmark = pytest.mark.django_db
PANEL = {"title": "Panel", "minutes": 90, "kind": "panel"}
URL = "https://roundtable.example.org/events/x/"


class Read:
    """A PDF as another program reads it."""

    def __init__(self, content):
        document = pypdfium2.PdfDocument(content)
        self.pages = len(document)
        self.title = document.get_metadata_dict()["Title"]
        self.is_tagged = bool(raw.FPDFCatalog_IsTagged(document.raw))
        texts = []
        for page in document:
            words = page.get_textpage()
            texts.append(words.get_text_bounded())
            words.close()
            page.close()
        document.close()
        self.text = " ".join(" ".join(texts).split())


def note_of(event, **fields):
    return Read(paper.concept_note(event, make_note(event, **fields), url=URL))


def agenda_of(event, *, over=False):
    slots = timed(event, event.agenda_items.with_people())
    return Read(paper.agenda(event, slots, url=URL, over=over))


def test_the_note_is_printed_word_for_word(nakuru):
    note = nakuru.concept_notes.get()
    read = Read(paper.concept_note(nakuru, note, url=URL))
    parts = [*note.masthead.splitlines(), *note.sign_off.splitlines()]
    for section in note.sections.all():
        parts += [section.heading, *section.text.split("\n\n")]
    expected = [" ".join(part.split()) for part in parts if part.strip()]
    # A page break stands where the foot of one sheet and the head of the next do.
    foot = f" {URL} Page 1 / {read.pages} "
    flowing = read.text.replace(foot, " ")
    assert [part for part in expected if part not in flowing] == []
    assert (read.is_tagged, read.title.startswith("Concept note: Roundtable 2")) == (True, True)


def test_the_agenda_gives_times_and_people():
    event = make_event(items=[PANEL, PANEL | {"title": "Floor", "minutes": 30}])
    item = event.agenda_items.first()
    make_assignment(item, make_speaker("Amina O'Neill", organisation="Kaptembwa <Voices>"))
    make_assignment(item, make_speaker("Youth", to_be_announced=True), role="discussant")
    make_assignment(item, make_speaker("Not asked yet"), status="invited", role="chair")
    read = agenda_of(event)
    assert "31 October 2020, 12:45 – 14:45 EAT (UTC+3) Nakuru, Kenya" in read.text
    assert "Provisional: it may still change." in read.text
    assert "12:45 90 min Panel" in read.text
    assert "Panellist: Amina O'Neill, Kaptembwa <Voices>" in read.text
    assert "Discussant: Youth: to be announced" in read.text
    assert "Chair: to be announced" in read.text
    assert "14:15 30 min Floor Panel" in read.text
    assert "Not asked yet" not in read.text
    assert (read.pages, read.is_tagged, read.title) == (1, True, "Agenda: Working together")


def test_what_was_never_announced_is_not_recorded_once_it_is_over():
    event = make_event(items=[PANEL])
    make_assignment(event.agenda_items.get())
    read = agenda_of(event, over=True)
    assert "Panellist: not recorded here" in read.text
    assert "As it was planned, provisionally." in read.text


def test_a_final_agenda_says_nothing_of_changes_and_a_cancelled_event_says_so():
    event = make_event(items=[PANEL], agenda_status="final", status="cancelled")
    read = agenda_of(event)
    assert "Provisional" not in read.text
    assert "Cancelled." in read.text


def test_what_people_wrote_is_never_markup():
    text = "#let x = 1; $a$ a*b*c _c_ <d> @e = f \\u0012 // g"
    event = make_event(title=text, items=[PANEL | {"title": text, "description": text}])
    assert agenda_of(event).text.count(text) == 3
    assert text in note_of(event, sections=[("", text)]).text


def test_straight_quotes_and_line_breaks_stay():
    read = note_of(make_event(), sections=[("A \"b\" 'c'", "One\ntwo -- three...\n\nFour.")])
    assert "A \"b\" 'c' One two -- three... Four." in read.text


def test_light_markup_is_printed_without_its_signs():
    text = "A **bold** [word](https://unhabitat.org/a).\n\n- one\n- *two*\n\n> said"
    event = make_event(items=[PANEL | {"description": text}])
    for read in (note_of(event, sections=[("", text)]), agenda_of(event)):
        assert "A bold word." in read.text
        assert "• one • two" in read.text
        assert "said" in read.text
        assert "*" not in read.text
        assert read.is_tagged


@pytest.mark.parametrize("title", ["نحو مدن ومجتمعات مستدامة", "Miji na jamii endelevu"])
def test_our_fonts_print_it_with_the_promise(title, caplog):
    with caplog.at_level(logging.WARNING):
        assert agenda_of(make_event(title=title, items=[PANEL])).is_tagged
    assert caplog.records == []


@pytest.mark.parametrize("title", ["城市 and communities", "Emoji 🎤 here"])
def test_a_sign_in_none_of_our_fonts_costs_the_promise_and_not_the_page(title, caplog):
    with caplog.at_level(logging.WARNING):
        read = agenda_of(make_event(title=title, items=[PANEL]))
    assert "12:45 90 min Panel" in read.text
    assert len(caplog.records) == 1


def test_control_signs_are_left_out():
    event = make_event(items=[PANEL])
    event.title = "A\x00B\x1b\ud800C"
    assert agenda_of(event).title == "Agenda: ABC"


@pytest.mark.parametrize("language", ["en", "sw", "pt-br", "", "English", "x"])
def test_any_language_of_a_note_is_printed(language):
    assert note_of(make_event(), language=language).is_tagged


def test_long_things_run_over_pages():
    event = make_event(
        ends_at=make_event().starts_at + dt.timedelta(hours=20),
        items=[PANEL | {"title": f"Slot {n} " + "wide" * 40, "minutes": 20} for n in range(40)],
    )
    read = agenda_of(event)
    assert read.pages > 2
    assert "Slot 39 widewide" in read.text


def test_the_same_content_gives_the_same_bytes(nakuru):
    note = nakuru.concept_notes.get()
    assert paper.concept_note(nakuru, note, url=URL) == paper.concept_note(nakuru, note, url=URL)


def test_an_event_over_two_days_names_both():
    event = make_event(items=[PANEL])
    event.ends_at += dt.timedelta(days=1)
    assert "31 October 2020, 12:45 – 1 November 2020, 14:45 EAT" in agenda_of(event).text


# Their addresses


@pytest.mark.parametrize("name", ["agenda", "concept-note"])
def test_address_gives_the_document_and_304(client, nakuru, name):
    path = f"/events/roundtable-2/{name}.pdf"
    response = client.get(path)
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == f'inline; filename="roundtable-2-{name}.pdf"'
    assert Read(response.content).is_tagged
    assert client.get(path, HTTP_IF_NONE_MATCH=response["ETag"]).status_code == 304
    assert f'href="{path}"' in client.get(f"/events/roundtable-2/{name}/").content.decode()


def test_it_follows_the_agenda(client, nakuru):
    path = "/events/roundtable-2/agenda.pdf"
    before = client.get(path)["ETag"]
    nakuru.agenda_items.filter(kind="closing").update(title="Last words")
    record_change(nakuru, at=AT)
    after = client.get(path)
    assert after["ETag"] != before
    assert "Last words" in Read(after.content).text


def test_what_is_not_there_is_not_found(client):
    event = make_event(items=[PANEL], agenda_status="draft")
    bare, hidden = make_event(), make_event(published=False, items=[PANEL])
    for of, name in [(event, "agenda"), (bare, "agenda"), (bare, "concept-note"),
                     (hidden, "agenda")]:  # fmt: skip
        assert client.get(f"{of.get_absolute_url()}{name}.pdf").status_code == 404


@pytest.mark.parametrize("slots", [1, 3])
def test_it_costs_a_constant_number_of_queries(client, slots, django_assert_num_queries):
    event = make_event(items=[PANEL | {"minutes": 9}] * slots)
    make_note(event)
    for item in event.agenda_items.all():
        make_assignment(item, make_speaker())
    record_change(event, at=AT)
    for name, cold in [("agenda", 4), ("concept-note", 4)]:
        for queries in (cold, 1):
            with django_assert_num_queries(queries):
                client.get(f"{event.get_absolute_url()}{name}.pdf")
