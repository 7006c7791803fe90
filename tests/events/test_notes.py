"""What is kept of a concept note's version when it becomes another one."""

from datetime import date

import pytest

from events.notes import keep_version, name_is_taken
from tests.factories import AT, make_event, make_note

pytestmark = pytest.mark.django_db
DAY = date(2020, 10, 12)


@pytest.fixture
def note(db):
    return make_note(make_event(), version="1", dated=DAY, what_changed="First.")


def kept(note):
    return list(note.versions.values_list("version", "dated", "what_changed", "kept_at"))


def test_version_before_is_kept_with_its_date_and_what_changed(note):
    version = keep_version(note, version="2", at=AT)
    assert kept(note) == [("1", DAY, "First.", AT)]
    assert list(note.versions.all()) == [version]


@pytest.mark.parametrize("name", ["1a", "1A"])
def test_same_version_keeps_nothing(note, name):
    note.version = "1a"
    assert keep_version(note, version=name, at=AT) is None
    assert kept(note) == []


def test_version_kept_already_is_kept_once(note):
    note.versions.create(version="1", what_changed="As it was.", kept_at=AT)
    keep_version(note, version="2", at=AT)
    assert kept(note) == [("1", None, "As it was.", AT)]


@pytest.mark.parametrize("name", ["Draft", "draft"])
def test_version_that_is_current_again_is_no_earlier_one(note, name):
    note.versions.create(version="Draft", kept_at=AT)
    keep_version(note, version=name, at=AT)
    assert kept(note) == [("1", DAY, "First.", AT)]


@pytest.mark.parametrize(
    ("name", "taken"), [("draft", True), ("DRAFT", True), ("draft 2", False), ("1", False)]
)
def test_name_of_an_earlier_version_is_taken(note, name, taken):
    note.versions.create(version="Draft")
    assert name_is_taken(note, name) is taken


def test_name_in_another_note_is_free(note):
    make_note(make_event()).versions.create(version="Draft")
    assert name_is_taken(note, "Draft") is False
