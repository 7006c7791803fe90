"""What the template tags of events hand to pages."""

from django.template import Context, Template

from events.paragraphs import paragraphs
from events.templatetags.event_tags import aim_of, initials
from tests.factories import make_event, make_note


def test_paragraphs_are_divided_by_empty_lines_and_keep_their_words():
    assert paragraphs("One  \n\n two\nlines\n \n\nThree\n") == ["One", "two\nlines", "Three"]


def test_paragraphs_of_windows_lines():
    assert paragraphs("One\r\n\r\nTwo") == ["One", "Two"]


def test_paragraphs_of_nothing():
    assert paragraphs("\n \n") == []


def test_initials_are_of_the_first_and_the_last_word():
    assert initials("Wangari Muta Maathai") == "WM"


def test_initials_of_one_word_and_of_none():
    assert (initials("wangari"), initials("  ")) == ("W", "")


def test_initials_leave_titles_out():
    assert initials("Dr. Wanjirũ Kamau") == "WK"
    assert initials("Hon. Prof Amina Odhiambo") == "AO"
    assert (initials("Rev. Tutu"), initials("Drummond Hon-Lee"), initials("Dr.")) == (
        "T",
        "DH",
        "D",
    )


def test_initials_of_a_word_said_twice():
    assert initials("Ali Ali") == "A"


def test_aim_is_the_first_paragraph_under_a_heading(db):
    note = make_note(
        make_event(), sections=(("", "Opening."), ("The roundtable", "It aims.\n\nMore."))
    )
    assert aim_of(note) == "It aims."


def test_aim_of_a_note_without_headings_is_its_first_paragraph(db):
    note = make_note(make_event(), sections=(("", "First.\n\nSecond."),))
    assert aim_of(note) == "First."


def test_aim_of_an_empty_note(db):
    assert aim_of(make_note(make_event(), sections=())) == ""


def test_share_links_carry_title_and_address_and_nothing_else():
    template = Template(
        "{% load event_tags %}{% share_links title url as links %}"
        "{% for link in links %}{{ link.url|safe }}\n{% endfor %}"
    )
    rendered = template.render(Context({"title": "Cities & us", "url": "https://x.org/e/"}))
    assert rendered.split("\n")[:3] == [
        "https://wa.me/?text=Cities+%26+us+https%3A%2F%2Fx.org%2Fe%2F",
        "sms:?body=Cities%20%26%20us%20https%3A%2F%2Fx.org%2Fe%2F",
        "mailto:?subject=Cities%20%26%20us&body=https%3A%2F%2Fx.org%2Fe%2F",
    ]
