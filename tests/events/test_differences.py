"""What differs between two states, without a database."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from events.differences import Change, FieldChange, Kind, Line, Word, difference, differences, moves
from events.differences import text_difference as text
from events.models import AgendaItem, Assignment, ConceptNote, Event, NoteSection, Venue
from speakers.models import Speaker

NAIROBI = ZoneInfo("Africa/Nairobi")
SAME, GONE, NEW = Word


def differ(before, after, names=None, **more):
    return difference(before, after, names=names or {}, zone=NAIROBI, **more)


def item(pk, position, title, **fields):
    return AgendaItem(
        pk=pk, event_id=1, position=position, title=title, kind="panel",
        **{"minutes": 30, **fields},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("abc", "abc", {}),
        ("abcdefgh", "abcdefhg", {"g": (7, 8)}),
        ("abcdefgh", "ahbcdefg", {"h": (8, 2)}),
        ("abcd", "bcda", {"a": (1, 4)}),
        ("abc", "abxc", {}),
        ("abc", "ac", {}),
        ("", "abc", {}),
        ("abc", "", {}),
        ("abc", "cba", {"b": (2, 2), "a": (1, 3)}),
    ],
)
def test_moves_are_as_few_as_explain_the_order(before, after, expected):
    assert moves(list(before), list(after)) == expected


def test_field_is_told_in_its_own_words_with_values_as_people_read_them():
    before = item(1, 1, "Panel")
    after = item(1, 1, "Panel", minutes=45, emphasis="success_stories")
    assert differ(before, after) == Change(
        Kind.CHANGED,
        "Agenda: “Panel”",
        (
            FieldChange("Minutes", "30", "45"),
            FieldChange("Emphasis", "", "Success stories"),
        ),
    )


def test_same_row_makes_no_change_and_no_row_neither():
    assert differ(item(1, 1, "Panel"), item(1, 9, "Panel")) is None
    assert differ(None, None) is None


def test_times_are_those_of_the_place_and_ticks_are_words():
    start = datetime(2020, 10, 31, 9, 45, tzinfo=UTC)
    end = datetime(2020, 10, 31, 11, 45, tzinfo=UTC)
    before = Event(pk=1, title="E", starts_at=start, ends_at=end, published=False)
    after = Event(pk=1, title="E", starts_at=start, ends_at=end.replace(hour=12), published=True)
    assert differ(before, after).fields == (
        FieldChange("End", "31 October 2020, 14:45 EAT", "31 October 2020, 15:45 EAT"),
        FieldChange("Published", "no", "yes"),
    )


def test_what_record_change_writes_is_no_change():
    start = datetime(2020, 10, 31, 9, 45, tzinfo=UTC)
    rows = [
        Event(pk=1, title="E", starts_at=start, ends_at=start, sequence=number, uid=str(number))
        for number in (1, 2)
    ]
    assert differ(*rows) is None


def test_who_is_pointed_to_is_named_and_a_country_by_its_name():
    names = {(Speaker, 7): "Otieno", (AgendaItem, 3): "Panel"}
    before = Assignment(pk=1, item_id=3, role="chair")
    after = Assignment(pk=1, item_id=3, role="chair", speaker_id=7)
    assert differ(before, after, names) == Change(
        Kind.CHANGED,
        "Agenda: chair to be announced in “Panel”",
        (FieldChange("Speaker", "", "Otieno"),),
    )
    venues = Venue(pk=1, town="Nakuru"), Venue(pk=1, town="Nakuru", country="KE")
    assert differ(*venues).fields == (FieldChange("Country", "", "Kenya"),)


def test_who_is_not_known_any_more_was_deleted():
    before = Assignment(pk=1, item_id=3, role="chair", speaker_id=7)
    after = Assignment(pk=1, item_id=3, role="chair")
    assert differ(before, after).fields == (FieldChange("Speaker", "deleted since", ""),)


def test_added_and_removed_say_what_there_was_but_not_their_name_twice():
    row = item(1, 1, "Panel")
    assert differ(None, row) == Change(
        Kind.ADDED,
        "Agenda: “Panel”",
        (FieldChange("Minutes", "", "30"), FieldChange("Kind", "", "Panel")),
    )
    assert differ(row, None) == Change(
        Kind.REMOVED,
        "Agenda: “Panel”",
        (FieldChange("Minutes", "30", ""), FieldChange("Kind", "Panel", "")),
    )


def test_note_in_another_language_says_which():
    assert differ(None, ConceptNote(pk=1, language="sw", version="1")).thing == "Note (sw)"
    assert differ(None, ConceptNote(pk=1, version="1")).thing == "Note"
    assert differ(None, NoteSection(pk=1, text="x")).thing == "Note: section “Opening”"


def test_rows_come_in_the_order_they_stand_in_and_what_went_last():
    rows = ["Welcome", "Panel", "Scene", "Closing"]
    before = [item(pk, pk, title) for pk, title in enumerate(rows, 1)]
    after = [item(pk, at, title) for at, (pk, title) in enumerate(
        [(4, "Closing"), (1, "Welcome"), (3, "Scene"), (5, "Floor")], 1)]  # fmt: skip
    found = differences(before, after, names={}, zone=NAIROBI)
    assert [(change.kind, change.thing, change.moved) for change in found] == [
        (Kind.CHANGED, "Agenda: “Closing”", (4, 1)),
        (Kind.ADDED, "Agenda: “Floor”", None),
        (Kind.REMOVED, "Agenda: “Panel”", None),
    ]


# Long text


def test_reworded_line_shows_its_words_and_leaves_far_lines_out():
    before = "One.\nTwo.\nThree.\nFour is a line.\nFive.\nSix."
    after = "One.\nTwo.\nThree.\nFour was a line.\nFive.\nSix."
    assert text(before, after) == (
        Line(),
        Line(((SAME, "Three."),)),
        Line(((SAME, "Four "), (GONE, "is"), (NEW, "was"), (SAME, " a line."))),
        Line(((SAME, "Five."),)),
        Line(),
    )


def test_lines_with_little_in_common_stand_below_each_other():
    assert text("Water and roads.", "Something else entirely here") == (
        Line(((GONE, "Water and roads."),)),
        Line(((NEW, "Something else entirely here"),)),
    )


def test_added_and_removed_paragraphs():
    assert text("One.", "One.\n\nTwo.") == (Line(((SAME, "One."),)), Line(((NEW, "Two."),)))
    assert text("One.\n\nTwo.", "Two.") == (Line(((GONE, "One."),)), Line(((SAME, "Two."),)))
    assert text("", "One.") == (Line(((NEW, "One."),)),)
    assert text("One.", "") == (Line(((GONE, "One."),)),)


def test_line_breaks_of_a_browser_are_no_change():
    before = NoteSection(pk=1, text="One.\nTwo.")
    assert differ(before, NoteSection(pk=1, text="One.\r\nTwo.")) is None


def test_blank_lines_alone_are_said_to_be_just_that():
    before, after = NoteSection(pk=1, text="One.\nTwo."), NoteSection(pk=1, text="One.\n\nTwo.")
    (change,) = differ(before, after).fields
    assert change.is_spacing
    (change,) = differ(before, NoteSection(pk=1, text="One.\nTwo. Three.")).fields
    assert not change.is_spacing


def test_text_too_long_to_compare_is_shown_before_and_after(monkeypatch):
    monkeypatch.setattr("events.differences.MOST_COMPARISONS", 3)
    assert text("a\nb", "a\nc") == tuple(
        Line(((what, line),)) for what, line in [(GONE, "a"), (GONE, "b"), (NEW, "a"), (NEW, "c")]
    )
