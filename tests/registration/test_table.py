import pytest

from events.models import Assignment
from events.registration.drawing import Place
from events.registration.table import (
    LEAST,
    SPEAKING,
    Alike,
    Group,
    Row,
    Speaking,
    State,
    Tally,
    VoiceCount,
    keeps_a_seat,
    shown,
    standard_target,
    table,
)

MISSING, LOW, MET = State
ROOM, ONLINE = {"in_room": "confirmed"}, {"online": "confirmed"}


def group(code="cso", *, target=1, in_note=True, offered=True):
    return Group(1, code, code.upper(), in_note, offered, target)


def alike(group="cso", seats=ROOM, *, country="KE", number=1):
    return Alike(group, country, seats, number)


def row(people=(), agenda=(), *, of=None):
    """The one row of a table with one group."""
    (found,) = table([of or group()], people, agenda).rows
    return found


def voices(*numbers):
    return [VoiceCount(f"v{place}", "Voice", number) for place, number in enumerate(numbers)]


# One group


def test_a_group_with_its_people():
    found = row(
        [
            alike(number=3),
            alike(seats=ONLINE),
            alike(seats={"in_room": "waiting"}, number=2),
            alike(seats={"online": "pending"}),
        ],
        [Speaking(1, "cso", True, True), Speaking(2, "cso", True, False)],
        of=group(target=4),
    )
    assert found == Row(
        group=group(target=4), registered=7, confirmed=4, by_mode={"in_room": 3, "online": 1},
        speaking=2, agreed=1, unnamed=0,
    )  # fmt: skip
    assert (found.present, found.state) == (4, MET)


def test_who_holds_one_seat_and_waits_for_another_is_one_person():
    found = row([alike(seats={"online": "confirmed", "in_room": "waiting"})])
    assert (found.registered, found.confirmed) == (1, 1)
    assert found.by_mode == {"in_room": 0, "online": 1}


def test_who_speaks_in_several_slots_is_one_person_and_has_agreed_by_one_of_them():
    found = row(agenda=[Speaking(1, "cso", True, False), Speaking(1, "cso", True, True)])
    assert (found.speaking, found.agreed, found.unnamed) == (1, 1, 0)


def test_a_role_to_be_announced_is_told_apart_and_is_nobody_yet():
    found = row(agenda=[Speaking(1, "cso", False, True), Speaking(1, "cso", False, False)])
    assert (found.speaking, found.agreed, found.unnamed) == (0, 0, 1)
    assert found.state == MISSING


@pytest.mark.parametrize(
    ("target", "confirmed", "agreed", "state"),
    [
        (0, 0, 0, MET),
        (0, 1, 0, MET),
        (1, 0, 0, MISSING),
        (1, 1, 0, MET),
        (1, 0, 1, MET),
        (2, 1, 0, LOW),
        # Both may be the same person.
        (2, 1, 1, LOW),
        (2, 2, 0, MET),
        (2, 0, 2, MET),
        (999, 998, 0, LOW),
        (999, 999, 0, MET),
    ],
)
def test_how_a_group_stands(target, confirmed, agreed, state):
    found = Row(group(target=target), confirmed=confirmed, speaking=agreed, agreed=agreed)
    assert found.state == state


@pytest.mark.parametrize("status", ["waiting", "pending"])
def test_a_group_whose_people_only_wait_is_missing(status):
    assert row([alike(seats={"in_room": status}, number=9)]).state == MISSING


def test_a_group_whose_people_were_only_asked_to_speak_is_missing():
    found = row(agenda=[Speaking(1, "cso", True, False)])
    assert (found.speaking, found.state) == (1, MISSING)


@pytest.mark.parametrize(
    ("in_note", "offered", "target"),
    [(True, True, 1), (True, False, 0), (False, True, 0), (False, False, 0)],
)
def test_one_of_each_group_of_the_note_is_wished_for_at_first(in_note, offered, target):
    assert standard_target(in_note=in_note, offered=offered) == target


def test_who_opens_speaks_and_who_takes_notes_does_not():
    assert set(Assignment.Role) - SPEAKING == {Assignment.Role.RAPPORTEUR}


# All groups


def test_missing_groups_come_first_and_those_of_the_note_before_others():
    groups = [
        group("met"), group("media", in_note=False), group("low", target=2),
        group("farmers", in_note=False, target=1), group("un"), group("cso"),
    ]  # fmt: skip
    found = table(groups, [alike("met"), alike("low"), alike("media")], [])
    assert [row.group.code for row in found.rows] == [
        "un", "cso", "farmers", "low", "met", "media",
    ]  # fmt: skip
    assert [found.number_in(state) for state in State] == [3, 1, 2]


def test_other_groups_are_listed_once_somebody_is_there_or_wished_for():
    groups = [group(code, in_note=False, target=0) for code in ("a", "b", "c", "d")]
    groups += [group("e", in_note=False, target=2), group("f", in_note=False, offered=False,
                                                          target=0)]  # fmt: skip
    people = [alike("a", {"in_room": "waiting"})]
    agenda = [Speaking(1, "b", True, False), Speaking(2, "c", False, False)]
    found = table(groups, people, agenda)
    assert [row.group.code for row in found.rows] == ["e", "a", "b", "c"]
    assert [row.group.code for row in found.others] == ["d"]


def test_a_seat_is_drawn_for_each_group_of_the_note_in_its_own_order():
    groups = [
        group("a"), group("b"), group("c", target=0), group("d", target=0),
        group("e", in_note=False),
    ]  # fmt: skip
    found = table(groups, [alike("b"), alike("d"), alike("e")], [])
    assert found.places == [Place("A", False), Place("B", True), Place("D", True)]


@pytest.mark.parametrize(
    ("taken", "target", "keeps"), [(True, 0, True), (False, 0, False), (False, 1, True)]
)
def test_a_group_keeps_a_seat_where_it_is_there_or_wished_for(taken, target, keeps):
    assert keeps_a_seat(taken=taken, target=target) is keeps


def test_nobody_and_no_group():
    found = table([], [], [])
    assert (found.rows, found.others, found.places, found.countries) == ([], [], [], [])
    assert found.modes == [Tally("In the room", 0, 0), Tally("Online", 0, 0)]
    assert (found.people, found.number_in(MISSING)) == (0, 0)
    assert found.voices_shown(exactly=True) == []


def test_people_by_mode_and_by_country():
    found = table(
        [group()],
        [
            alike(number=2),
            alike(seats={"online": "confirmed", "in_room": "waiting"}, country="UG", number=3),
            alike(seats={"online": "pending"}, country="FR"),
        ],
        [],
    )
    assert found.modes == [Tally("In the room", 5, 2), Tally("Online", 4, 3)]
    assert found.countries == [
        Tally("Uganda", 3, 3), Tally("Kenya", 2, 2), Tally("France", 1, 0),
    ]  # fmt: skip
    assert found.people == 6


# Voices


@pytest.mark.parametrize(
    ("number", "of", "text"),
    [
        (0, 20, "0"), (1, 20, "<5"), (4, 20, "<5"), (5, 20, "5"), (15, 20, "15"),
        # Who does not bring a voice is no better known than who does.
        (16, 20, ">15"), (19, 20, ">15"), (20, 20, ">15"),
        (5, 10, "5"), (6, 10, ">5"), (10, 10, ">5"), (4, 10, "<5"),
    ],
)  # fmt: skip
def test_small_numbers_of_voices_are_hidden(number, of, text):
    assert shown(number, of=of, exactly=False) == text
    assert shown(number, of=of, exactly=True) == str(number)


@pytest.mark.parametrize("people", [0, 1, 4, 5, 9])
def test_among_few_people_no_voice_is_told(people):
    found = table([group()], [alike(number=people)], [], voices(0, people))
    assert found.voices_shown(exactly=False) is None
    assert [text for _voice, text in found.voices_shown(exactly=True)] == ["0", str(people)]


def test_among_many_people_voices_are_told():
    counted = voices(0, 1, 4, 5, 10)
    found = table([group()], [alike(number=2 * LEAST)], [], counted)
    assert found.voices_shown(exactly=False) == list(
        zip(counted, ["0", "<5", "<5", "5", ">5"], strict=True)
    )


def test_no_hidden_number_follows_from_what_is_shown():
    """Every text stands for several numbers, whatever else is known."""
    for of in range(2 * LEAST, 60):
        told = {}
        for number in range(1, of + 1):
            told.setdefault(shown(number, of=of, exactly=False), []).append(number)
        for text, numbers in told.items():
            if not text.isdecimal():
                assert len(numbers) >= LEAST - 1
        assert all(LEAST <= int(text) <= of - LEAST for text in told if text.isdecimal())
