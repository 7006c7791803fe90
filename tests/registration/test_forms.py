import pytest
from django.utils import translation
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from events.models import Event, Venue
from events.registration import guards
from events.registration.forms import (
    ChangeForm,
    CompanionForm,
    LostLinkForm,
    RegistrationForm,
    ReturnForm,
    initial_of,
    sentence,
)
from events.registration.guards import new_form_token, read_form_token
from events.registration.models import AttendanceMode, Registration, RegistrationState
from events.registration.queries import availability_of
from events.registration.seats import Availability, Reason
from tests.factories import NOW, START, make_event, make_group, make_registration, make_voice
from tests.registration.people import answers, posted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("aged_forms")]

NOT_AN_ADDRESS = "This is not an email address. It looks like name@example.org."
NOT_A_NUMBER = "Please write the number in digits, such as +254 700 000000."
ARABIC = "محمد عبد الله"


# Registration is open, and there are seats in the room and online.
OPEN = Availability(
    state=RegistrationState.OPEN,
    reason=Reason.OPEN,
    offered=tuple(AttendanceMode),
    free=tuple(AttendanceMode),
    opens_at=None,
    closes_at=START,
)


@pytest.fixture
def event():
    make_group("cso")
    make_voice("women")
    make_voice("youth")
    return Event(title="Working together", venue=Venue(town="Nakuru", country="KE"))


def a_form(event, kind=RegistrationForm, **changes):
    availability = availability_of(event, now=NOW) if event.pk else OPEN
    return kind(posted(answers(**changes)), event=event, availability=availability)


def the_change_form(registration, typed):
    availability = availability_of(registration.event, now=NOW)
    return ChangeForm(posted(typed), registration=registration, availability=availability)


def said(form, field):
    """What stands beside a field, or None where its answer is taken."""
    return form.errors.get(field)


def cleaned(form, field):
    assert form.is_valid(), form.errors
    return form.cleaned_data[field]


def test_a_form_with_what_is_required_is_taken(event):
    form = a_form(event)
    assert form.is_valid(), form.errors
    details = form.details()
    assert (details.name, details.mode, details.country) == ("Wanjiru Kamau", "in_room", "KE")
    assert details.group == make_group("cso")
    assert (details.phone, details.organisation, details.job_title) == ("", "", "")
    assert (details.county, details.question, details.interpretation) == ("", "", [])
    assert (details.voices, details.support) == ([], {})
    assert details.consents == {
        "processing": True,
        "code_of_conduct": True,
        "adult": True,
        "participants_list": False,
    }


def test_a_form_with_every_answer_is_taken(event):
    form = a_form(
        event,
        phone="+254 700 000000",
        organisation="Naka Residents",
        job_title="Chair",
        county="032",
        support=["captions", "childcare"],
        support_note="My daughter is four.",
        interpretation=["sw", "ar"],
        voices=["youth", "women"],
        question="Who pays?",
        participants_list="on",
        photographs="no",
    )
    assert form.is_valid(), form.errors
    details = form.details()
    assert (details.county, details.interpretation) == ("032", ["sw", "ar"])
    assert details.support == {"captions": "", "childcare": "My daughter is four."}
    assert [voice.code for voice in details.voices] == ["youth", "women"]
    assert details.consents["participants_list"] is True
    assert details.consents["photographs"] is False


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("name", "Please write your name."),
        ("email", "Please write your email address."),
        ("mode", "Please choose how you will take part."),
        ("group", "Please choose a group."),
        ("country", "Please choose a country."),
        ("adult", "This form is for people of 18 and older. Write to us if you are younger."),
        ("code_of_conduct", "Please agree to treat everybody with respect."),
        ("processing", "We can't keep a seat for you without your agreement."),
    ],
)
@pytest.mark.parametrize("left", [None, "", "   "])
def test_what_is_required_is_asked_for_in_words(event, field, words, left):
    if left == "   " and field not in {"name", "email"}:
        left = ""
    form = a_form(event, **{field: left})
    assert form.errors == {field: [words]}


# Names and other lines


@pytest.mark.parametrize(
    "name",
    [
        ARABIC,
        "Wanjirũ wa O’Kamau",
        "Miriam O'Brien-Achieng'",
        "李",
        "Ng",
        "J. R. R.",
        "Sukarno 2nd",
        "x" * 200,
        "\N{ARABIC LETTER MEEM}" * 200,
        "می‌خواهم",  # with a sign that Persian needs and nobody sees
        "Anna, Maria; née <Otieno>",
    ],
)
def test_a_name_is_taken_as_it_is_written(event, name):
    assert cleaned(a_form(event, name=name), "name") == name


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Wanjiru   Kamau ", "Wanjiru Kamau"),
        ("Wanjiru\r\nBcc: all@example.org", "Wanjiru Bcc: all@example.org"),
        ("Wanjiru\x00Kamau", "Wanjiru Kamau"),
        ("Wanjiru\x07\x1b[31mKamau", "Wanjiru [31mKamau"),
        ("Wanjiru\u2028Kamau\u2029", "Wanjiru Kamau"),
        ("Wanjiru\x85Kamau\xa0W.", "Wanjiru Kamau W."),
        ("Wanjiru \u202eumaK\u202c", "Wanjiru umaK"),
        ("\u2066Wanjiru\u2069", "Wanjiru"),
        (f"{' ' * 300}Wanjiru", "Wanjiru"),
    ],
)
@pytest.mark.parametrize("field", ["name", "organisation", "job_title"])
def test_a_line_loses_what_has_no_place_in_it(event, field, typed, kept):
    assert cleaned(a_form(event, **{field: typed}), field) == kept


@pytest.mark.parametrize("name", ["…", "- -", "!!!", "\u200b", "\u202e", "\x00", "\u0301"])
def test_a_name_without_a_letter_is_asked_for_again(event, name):
    words = said(a_form(event, name=name), "name")
    assert words in (["Please write your name in letters."], ["Please write your name."])


@pytest.mark.parametrize("name", ["Win at https://evil.example", "WWW.evil.example", "ftp://x"])
def test_a_name_is_no_advertisement(event, name):
    form = a_form(event, name=name)
    assert said(form, "name") == ["Please write only your name, without a web address."]


@pytest.mark.parametrize(
    ("field", "length"),
    [
        ("name", 200),
        ("organisation", 200),
        ("job_title", 200),
        ("support_note", 1000),
        ("question", 2000),
    ],
)
def test_length_of_a_text(event, field, length):
    assert cleaned(a_form(event, **{field: "é" * length}), field) == "é" * length
    over = length + 1
    words = f"Please shorten this to {length} characters. You wrote {over}."
    assert a_form(event, **{field: "é" * over}).errors == {field: [words]}


def test_a_text_keeps_its_lines(event):
    typed = "First.\r\n\r\nSecond:\tا\n"
    assert cleaned(a_form(event, question=typed), "question") == typed.strip()


# Addresses


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("wanjiru@example.org", "wanjiru@example.org"),
        ("  wanjiru@example.org ", "wanjiru@example.org"),
        ("W.K+seat@Mail.Example.ORG", "W.K+seat@Mail.Example.ORG"),
        ("o'brien@example.org", "o'brien@example.org"),
        ("a@b.co", "a@b.co"),
        ("wanjiru@exämple.de", "wanjiru@xn--exmple-cua.de"),
        (f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 60}.org", None),
    ],
)
@pytest.mark.parametrize("kind", [RegistrationForm, LostLinkForm])
def test_an_address_is_taken(event, kind, typed, kept):
    form = (
        a_form(event, email=typed) if kind is RegistrationForm else LostLinkForm({"email": typed})
    )
    assert cleaned(form, "email") == (kept or typed)


@pytest.mark.parametrize(
    "typed",
    [
        "wanjiru",
        "wanjiru@",
        "@example.org",
        "wanjiru@example",
        "wanjiru@@example.org",
        "wan jiru@example.org",
        "wanjiru@example.org, otieno@example.org",
        "Wanjiru <wanjiru@example.org>",
        "mailto:wanjiru@example.org?bcc=otieno@example.org",
        "wanjiru@example.org\nBcc: otieno@example.org",
        "wanjiru@example.org\r\nBcc: otieno@example.org",
        "wanjiru\r@example.org",
        "wanjiru%0ABcc:x@example.org\x00",
        "wanjiru@example.org\u2028x",
        "\u202ewanjiru@example.org",
        f"{ARABIC}@example.org",
        "wanjiru@\u202eexample.org",
        "\N{KELVIN SIGN}amau@example.org",
        "wanjiru@exam ple.org",
        "wanjiru@-example.org",
        "wanjiru@example..org",
        "wanjiru@[127.0.0.1]",
        "wanjiru@[::1]",
        # What a mail's header would take for an encoded word.
        "=?utf-8?q?wanjiru=0d=0aBcc?=@example.org",
        "wanjiru@=?utf-8?q?example?=.org",
        "a" * 65 + "@example.org",
        '"wanjiru"@example.org',
        '""@example.org',
        '"a\x01b"@example.org',
        "wanjiru@" + "a" * 64 + ".org",
        "wanjiru@" + "ä" * 80 + ".org",
        "a" * 321,
        "a" * 10_000 + "@example.org",
    ],
)
@pytest.mark.parametrize("kind", [RegistrationForm, LostLinkForm])
def test_what_is_no_address_is_refused_in_words(event, kind, typed):
    form = (
        a_form(event, email=typed) if kind is RegistrationForm else LostLinkForm({"email": typed})
    )
    words = form.errors["email"]
    assert words[0] == NOT_AN_ADDRESS or words[0].startswith("Please shorten this to 254 ")


def test_an_address_has_254_characters_at_most(event):
    domain = f"{'b' * 63}.{'c' * 63}.{'d' * 59}.org"
    fits = f"{'a' * (254 - len(domain) - 1)}@{domain}"
    assert cleaned(a_form(event, email=fits), "email") == fits
    words = "Please shorten this to 254 characters. You wrote 255."
    assert a_form(event, email=f"a{fits}").errors == {"email": [words]}


# Phones


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "+254 700 000000",
        "0700000000",
        "(020) 222-1234",
        "+44 (0)20 7946 0000",
        "020/222.1234",
        "\u202a+254 700 000000\u202c",  # as phones copy a number
        "12345",
        "+" + "1" * 39,
    ],
)
def test_a_phone_number_is_taken(event, typed):
    kept = typed.strip("\u202a\u202c")
    assert cleaned(a_form(event, phone=typed), "phone") == kept


@pytest.mark.parametrize(
    "typed",
    [
        "1234",
        "call me",
        "+254 700 OOOOOO",
        "++254700000000",
        "((((((",
        "-254700000000",
        "07 x 1234",
    ],
)
def test_what_is_no_phone_number_is_refused_in_words(event, typed):
    assert a_form(event, phone=typed).errors == {"phone": [NOT_A_NUMBER]}


def test_a_phone_number_has_40_characters_at_most(event):
    words = "Please shorten this to 40 characters. You wrote 41."
    assert a_form(event, phone="1" * 41).errors == {"phone": [words]}


# Choices


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("mode", "Please choose one of the ways in the list."),
        ("group", "Please choose one of the groups in the list."),
        ("country", "Please choose one of the countries in the list."),
        ("county", "Please choose one of the counties in the list."),
        ("support", "Please choose from the list."),
        ("interpretation", "Please choose from the list."),
        ("voices", "Please choose from the list."),
        ("photographs", "Please choose yes or no."),
    ],
)
@pytest.mark.parametrize("typed", ["unknown", "KE\x00", "0", "é" * 10_000, "<script>"])
def test_an_unknown_answer_is_refused_in_words(event, field, words, typed):
    assert a_form(event, **{field: typed}).errors == {field: [words]}


@pytest.mark.parametrize(
    ("country", "county", "words"),
    [
        ("KE", "001", None),
        ("KE", "047", None),
        ("KE", "", None),
        ("UG", "", None),
        ("UG", "032", "You chose a county of Kenya and another country. Please clear one of them."),
        ("KE", "048", "Please choose one of the counties in the list."),
        ("KE", "32", "Please choose one of the counties in the list."),
    ],
)
def test_a_county_is_in_kenya(event, country, county, words):
    form = a_form(event, country=country, county=county)
    assert said(form, "county") == (None if words is None else [words])


def test_a_county_beside_a_missing_country_is_not_blamed(event):
    assert set(a_form(event, country="", county="032").errors) == {"country"}


def test_a_group_offered_no_longer_is_refused_to_new_people(event):
    make_group("old", offered=False)
    words = ["Please choose one of the groups in the list."]
    assert a_form(event, group="old").errors == {"group": words}


def test_groups_of_a_family_stand_together_under_its_name(event):
    make_group("national", label="National", family="Government", position=1)
    make_group("city", label="City", family="Government", position=2)
    choices = a_form(event).fields["group"].choices
    assert choices[2:] == [("Government", [("national", "National"), ("city", "City")])]


def test_the_same_answer_sent_twice_is_one_answer(event):
    form = a_form(
        event, voices=["women", "women"], support=["captions"] * 2, interpretation=["sw", "sw"]
    )
    assert form.is_valid(), form.errors
    details = form.details()
    assert [voice.code for voice in details.voices] == ["women"]
    assert (details.support, details.interpretation) == ({"captions": ""}, ["sw"])


def test_a_note_on_support_alone_counts_as_something_else(event):
    form = a_form(event, support_note="I come with a guide dog.")
    assert form.is_valid(), form.errors
    assert form.details().support == {"other": "I come with a guide dog."}


def test_a_mode_without_a_free_seat_says_that_one_waits_and_is_still_there():
    make_group("cso")
    event = make_event(quotas={"in_room": 0, "online": None})
    form = a_form(event)
    with translation.override("en"):
        labels = [str(label) for _, label in form.fields["mode"].choices]
    assert labels == ["In the room (all seats are taken: you wait for one)", "Online"]


def test_a_mode_without_a_quota_is_not_offered():
    make_group("cso")
    event = make_event(quotas={"online": None})
    words = ["Please choose one of the ways in the list."]
    assert a_form(event, mode="in_room").errors == {"mode": words}


@pytest.mark.parametrize(("typed", "given"), [("yes", True), ("no", False), (None, None)])
def test_photographs_have_no_answer_until_somebody_gives_one(event, typed, given):
    form = a_form(event, photographs=typed)
    assert form.is_valid(), form.errors
    assert form.details().consents.get("photographs") is given


# Robots


def test_the_hidden_field_catches_who_fills_it_in(event):
    words = ["Please leave this field empty. It catches robots."]
    assert a_form(event, leave_empty="x").errors == {"leave_empty": words}


@pytest.mark.parametrize("token", [None, "", "forged", "a:b:c", "\x00", "é" * 10_000])
def test_a_form_without_a_token_of_ours_gets_one(event, token):
    form = a_form(event, form_token=token)
    assert form.non_field_errors() == [
        "The form came back incomplete. Please check it and press the button again."
    ]
    assert form.submission is None
    given_back = form["form_token"].value()
    again = a_form(event, form_token=given_back)
    assert again.is_valid(), again.errors
    assert again.submission.startswith(read_form_token(given_back).submission)


def test_a_form_back_too_quickly_needs_the_button_once_more(event, monkeypatch):
    monkeypatch.setattr("events.registration.forms.LEAST_SECONDS", 3600)
    form = a_form(event)
    assert form.non_field_errors() == ["That was very quick. Please press the button once more."]
    assert form.submission is None


def test_people_get_two_seconds(monkeypatch):
    monkeypatch.undo()
    assert guards.LEAST_SECONDS == 2


def test_the_same_form_is_the_same_and_another_one_is_another(event):
    token = new_form_token()

    def submission(**changes):
        form = a_form(event, form_token=token, **changes)
        assert form.is_valid(), form.errors
        return form.submission

    assert submission() == submission()
    assert len(submission()) == 40
    # Who goes back to mend a slip sends another form, though its token is the same.
    mended = [submission(), submission(email="w@example.org"), submission(name="Wanjiru K.")]
    assert len(set(mended)) == 3


# Shown again


@pytest.mark.parametrize(
    ("field", "length"), [("name", 200), ("email", 254), ("question", 2000), ("leave_empty", 200)]
)
def test_a_far_too_long_answer_comes_back_cut_and_the_rest_whole(event, field, length):
    form = a_form(event, **{field: "a" * 1_000_000, "organisation": "Naka Residents"})
    assert form.errors[field]
    form.shown_again()
    assert form[field].value() == "a" * length
    assert form["organisation"].value() == "Naka Residents"
    assert said(form, field)


def test_an_answer_of_a_length_that_people_type_comes_back_whole(event):
    form = a_form(event, question="a" * 40_000)
    form.shown_again()
    assert form["question"].value() == "a" * 40_000


# The other forms


def test_the_change_form_holds_what_she_answered(event):
    registration = make_registration(
        make_event(),
        mode="online",
        phone="0700000000",
        support={"captions": "", "other": "A guide dog."},
        voices=[make_voice("women")],
        interpretation=["sw"],
        question="Who pays?",
        county="032",
        consents={"participants_list": True, "photographs": False},
    )
    assert initial_of(registration) == {
        "name": "Wanjiru Kamau",
        "mode": "online",
        "group": "cso",
        "organisation": "",
        "job_title": "",
        "phone": "0700000000",
        "country": "KE",
        "county": "032",
        "support": ["captions", "other"],
        "support_note": "A guide dog.",
        "interpretation": ["sw"],
        "voices": ["women"],
        "question": "Who pays?",
        "participants_list": True,
        "photographs": "no",
    }


def test_the_change_form_sent_back_as_it_came_changes_nothing(event):
    before = make_registration(
        make_event(), support={"other": "A guide dog."}, voices=[make_voice()]
    )
    held = initial_of(before)
    typed = {name: value for name, value in held.items() if value not in (False, None, "")}
    form = the_change_form(before, typed)
    assert form.is_valid(), form.errors
    details = form.details()
    assert (details.name, details.mode, details.group) == ("Wanjiru Kamau", "in_room", before.group)
    assert details.support == {"other": "A guide dog."}
    assert [voice.code for voice in details.voices] == ["women"]


def test_the_change_form_keeps_answers_that_are_offered_no_longer(event):
    old_group, old_voice = make_group("old", offered=False), make_voice("old", offered=False)
    registration = make_registration(make_event(), group=old_group, voices=[old_voice])
    typed = answers(group="old", voices=["old", "youth"])
    form = the_change_form(registration, typed)
    assert form.is_valid(), form.errors
    assert form.details().group == old_group
    assert {voice.code for voice in form.details().voices} == {"old", "youth"}


def test_the_change_form_keeps_a_mode_that_is_offered_no_longer(event):
    registration = make_registration(make_event(), mode="in_room")
    registration.event.quotas.filter(mode="in_room").delete()
    form = the_change_form(registration, answers())
    assert cleaned(form, "mode") == "in_room"


def test_the_companion_form_asks_no_address(event):
    form = a_form(event, CompanionForm, email=None)
    assert form.is_valid(), form.errors
    assert "email" not in form.fields


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Please choose how you will take part."),
        ("unknown", "Please choose one of the ways in the list."),
    ],
)
def test_who_comes_back_chooses_how(typed, words):
    form = ReturnForm({"mode": typed}, availability=OPEN)
    assert form.errors == {"mode": [words]}
    assert ReturnForm({"mode": "online"}, availability=OPEN).is_valid()


@pytest.mark.parametrize(
    "reason",
    [reason for reason in Reason if reason != Reason.OPEN]
    + ["too_many_companions", "contact_gave_up", "contact_without_address"],
)
def test_every_refusal_has_a_sentence(reason):
    assert sentence(reason).endswith(".")


# Whatever is typed

TEXTS = [
    "name", "email", "phone", "organisation", "job_title", "support_note", "question",
    "leave_empty", "form_token",
]  # fmt: skip
CHOICES = ["mode", "group", "country", "county", "photographs"]
LISTS = ["support", "interpretation", "voices"]
anything = st.text(max_size=300)


@hypothesis_settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    typed=st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(TEXTS + CHOICES, anything)
        | dict.fromkeys(LISTS, st.lists(anything, max_size=3)),
    )
)
def test_any_text_is_taken_as_cleaned_or_comes_with_a_sentence(event, typed):
    form = a_form(event, **typed)
    valid = form.is_valid()
    for name in typed:
        if name in form.errors:
            assert all(words and words[0].isupper() for words in form.errors[name])
        elif name != "form_token":
            assert name in form.cleaned_data
    if valid:
        row = Registration(email=form.cleaned_data["email"])
        for name in ("name", "phone", "organisation", "job_title", "country", "county", "question"):
            setattr(row, name, getattr(form.details(), name))
        row.group = form.details().group
        row.full_clean(exclude=["submission", "event"])
    form.shown_again()
    assert form["name"].value() is not None


@hypothesis_settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=st.text(min_size=1, max_size=220))
def test_any_name_is_one_clean_line_or_comes_with_a_sentence(event, name):
    form = a_form(event, name=name)
    if not form.is_valid():
        assert set(form.errors) == {"name"}
        return
    kept = form.cleaned_data["name"]
    assert kept == " ".join(kept.split())
    assert len(kept) <= 200
    assert not set(kept) & set(map(chr, [*range(32), *range(127, 160), 0x2028, 0x2029, 0x202E]))
