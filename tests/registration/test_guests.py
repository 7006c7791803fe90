"""Lists of people to invite, as people type them and spreadsheets save them."""

import pytest
from django.core.exceptions import ValidationError

from events.registration import guests
from speakers.models import StakeholderGroup

GROUPS = {"cso": StakeholderGroup(code="cso", label="Civil society, NGOs")}
HEAD = "name,email,group,mode\n"
NO_COLUMN = (
    "The name is missing. The email address is missing. There is no such group. "
    "Write “in the room” or “online”, or leave it empty."
)
NO_HEADING = "The first line must name the columns: name, email, group, mode. Missing: name, email."
UNREADABLE = "This is not a list we can read. Is a quotation mark missing?"


def read(text):
    return guests.read(text, GROUPS)


def only(text):
    (line,) = read(HEAD + text)
    return line


def said(act, *args):
    with pytest.raises(ValidationError) as caught:
        act(*args)
    return caught.value.messages[0]


@pytest.mark.parametrize(
    "text",
    [
        'name,email,group,mode\nGrace Achieng,grace@example.org,"Civil society, NGOs",In the room',
        "\ufeffName;Email;Group;Mode\r\nGrace Achieng;grace@example.org;CSO;in_room\r\n\r\n",
        "\n\nemail,name,phone,mode,group\ngrace@example.org, Grace  Achieng ,1,in room,cso\n;\n"[
            :-2
        ],
    ],
)
def test_a_list_of_either_kind_is_read(text):
    (line,) = read(text)
    guest = line.guest
    assert (guest.name, guest.email, guest.group, guest.mode) == (
        "Grace Achieng", "grace@example.org", GROUPS["cso"], "in_room",
    )  # fmt: skip


def test_group_and_mode_may_be_left_out():
    (line,) = read("name;email\nGrace;grace@example.org")
    assert (line.guest.group, line.guest.mode, line.number) == (None, None, 2)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (",grace@example.org", "The name is missing."),
        ("Grace", "The email address is missing."),
        ("Grace,grace", "This is not an email address. It looks like name@example.org."),
        ("win www.example.com,g@example.org",
         "Please write only your name, without a web address."),
        ("123 %%%!,", "The email address is missing."),
        (f"{'x' * 201},g@example.org", "The name is too long."),
        ("Grace,g@example.org,farmers", "There is no such group."),
        ("Grace,g@example.org,,hall", "Write “in the room” or “online”, or leave it empty."),
        (",,x,y", NO_COLUMN),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_line_is_said_beside_it(text, wrong):
    line = only(text)
    assert (line.wrong, line.guest) == (wrong, None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", NO_HEADING),
        ("Grace,grace@example.org", NO_HEADING),
        (HEAD + " , \n", "There is nobody in this list: it has a first line and no other."),
        (HEAD + "a,b\n" * 501,
         "There are 501 people in this list. Please invite at most 500 at once."),
        ("x" * 200_001, "This list is too long. Please send at most 200 kilobytes at once."),
        (HEAD + '"' + "x" * 140_000, UNREADABLE),
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused(text, sentence):
    assert said(read, text) == sentence


def test_five_hundred_are_not_too_many():
    assert len(read(HEAD + "a,b\n" * 500)) == 500


def test_files_are_utf_8_with_or_without_its_mark():
    assert guests.text_of("\ufeffnäme".encode()) == guests.text_of("näme".encode()) == "näme"
    assert said(guests.text_of, "näme".encode("latin-1")).startswith("We can't read this file.")
