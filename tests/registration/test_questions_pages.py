"""The organisers' own questions where people answer them, at the desk, and in the file."""

import csv
import io
import re

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from events.registration import rules
from events.registration.admin.questions import save_questions
from events.registration.links import Power, token_for
from events.registration.models import Answer, PersonalDataAccess, Question, Registration
from events.registration.questions import name_of
from tests.desk import address, problems, save, saved
from tests.desk import read as read_form
from tests.factories import (
    AT,
    NOW,
    make_details,
    make_event,
    make_group,
    make_organiser,
    make_question,
    make_registration,
)
from tests.registration.people import OUR_PAGE, Browser, answers, held_by, lost_from, rows, words
from tests.registration.test_admin import an_organisers_request
from tests.registration.test_exports import read_xlsx

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("aged_forms")]
EXPORT = "/admin/registration/registration/export/"
CHOICES = "Meat\nFish\nBread & beans"
INPUTS = re.compile(r'name="(own_\d+)"')


@pytest.fixture
def event():
    make_group("cso")
    return make_event(number=2)


@pytest.fixture
def person():
    return Browser()


@pytest.fixture
def organiser(settings):
    settings.ROUNDTABLE_CLOCK = NOW
    client = Client()
    client.force_login(make_organiser())
    return client


def register_path(event):
    return reverse("registration:register", args=[event.slug])


def own_path(registration, name="change"):
    return reverse(f"registration:{name}", args=[token_for(registration, Power.MANAGE)])


def send(person, event, **changes):
    return person.post(register_path(event), answers(**changes), **OUR_PAGE)


def change(person, registration, **changes):
    """Open the person's form, type over some of it, and send it."""
    typed = held_by(person.get(own_path(registration))) | changes
    return person.post(own_path(registration), typed, **OUR_PAGE)


def answer_to(question):
    answer = Answer.objects.filter(question=question).first()
    return answer and answer.value


def name(question):
    return name_of(question.pk)


# The public form


@pytest.mark.parametrize(
    ("fields", "typed", "kept"),
    [
        ({"kind": "short"}, "  No\u202e pork ", "No pork"),
        ({"kind": "long"}, "No pork.\nNo milk.", "No pork.\nNo milk."),
        ({"kind": "one", "choices": CHOICES}, "Bread & beans", "Bread & beans"),
        ({"kind": "several", "choices": CHOICES}, ["Fish", "Meat", "Fish"], ["Meat", "Fish"]),
        ({"kind": "yes_no"}, "yes", True),
        ({"kind": "yes_no"}, "no", False),
        ({"kind": "number"}, "12", "12"),
        ({"kind": "number"}, " 1 200.50 ", "1200.5"),
        ({"kind": "number"}, "-0", "0"),
        ({"kind": "number"}, "\u22122", "-2"),
        ({"kind": "number"}, "١٢", "12"),
        ({"kind": "number"}, "999999999999999.000001", "999999999999999.000001"),
        ({"kind": "country"}, "UG", "UG"),
    ],
)
def test_each_kind_is_answered_kept_and_shown_again(person, event, fields, typed, kept):
    question = make_question(event, required=len(typed) % 2 == 0, **fields)
    assert send(person, event, **{name(question): typed}).status_code == 303
    assert answer_to(question) == kept
    registration = Registration.objects.get()
    # Her own page holds what she said, and sent back unchanged it is no change.
    assert change(person, registration).status_code == 303
    assert answer_to(question) == kept
    assert registration.history.filter(what="changed").count() == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "short"},
        {"kind": "long"},
        {"kind": "one", "choices": CHOICES},
        {"kind": "several", "choices": CHOICES},
        {"kind": "yes_no"},
        {"kind": "number"},
        {"kind": "country"},
    ],
)
def test_what_need_not_be_answered_need_not_and_what_must_is_asked_for(person, event, fields):
    question = make_question(event, "What do you eat?", **fields)
    # As browsers send it: nothing at all where no choice is ticked, else an empty text.
    nothing = {"several": [None], "short": ["", "  "], "long": ["", " \n "], "number": [" "]}
    nothing = nothing.get(fields["kind"], [None, ""])
    assert send(person, event, **{name(question): nothing[0]}).status_code == 303
    assert Registration.objects.get().answers.count() == 0
    question.required = True
    rules.set_question(question)
    before = rows()
    for typed in nothing:
        response = send(person, event, email="o@example.org", **{name(question): typed})
        assert "Please answer “What do you eat?”" in words(response)
        assert rows() == before


def test_a_slip_names_the_question_once_in_the_list_of_slips(person, event):
    make_question(event, "Your meal", required=True)
    shown = words(send(person, event))
    assert re.search(r'<a href="#id_own_\d+">Your meal: Please answer this.</a>', shown)


@pytest.mark.parametrize("typed", ["twelve", "1,5", "1.000.000", "1e5", "NaN", "Infinity", "--1",
                                   "1" * 16, "1.1234567", "."])  # fmt: skip
def test_what_is_no_number_is_told_and_stays_as_typed(person, event, typed):
    question = make_question(event, kind="number")
    before = rows()
    response = send(person, event, **{name(question): typed})
    assert "Please write a number in digits, such as 12 or 2.5." in words(response)
    assert held_by(response)[name(question)] == [typed]
    assert rows() == before


@pytest.mark.parametrize(
    ("fields", "typed"),
    [
        ({"kind": "one", "choices": CHOICES}, "Rice"),
        ({"kind": "several", "choices": CHOICES}, ["Meat", "Rice"]),
        ({"kind": "yes_no"}, "perhaps"),
        ({"kind": "country"}, "XX"),
    ],
)
def test_what_is_not_offered_is_refused(person, event, fields, typed):
    question = make_question(event, **fields)
    before = rows()
    response = send(person, event, **{name(question): typed})
    assert "Please choose from the list." in words(response)
    assert rows() == before


@pytest.mark.parametrize(("kind", "limit"), [("short", 200), ("long", 2000)])
def test_a_text_has_a_length(person, event, kind, limit):
    question = make_question(event, kind=kind)
    before = rows()
    response = send(person, event, **{name(question): "x" * (limit + 1)})
    sentence = f"Please shorten this to {limit} characters. You wrote {limit + 1}."
    assert sentence in words(response)
    assert rows() == before
    assert send(person, event, **{name(question): "x" * limit}).status_code == 303


def test_nothing_that_was_typed_is_lost_with_a_slip_elsewhere(person, event):
    typed = {
        name(make_question(event, kind="long")): "No pork.",
        name(make_question(event, kind="one", choices=CHOICES)): "Fish",
        name(make_question(event, kind="several", choices=CHOICES)): ["Meat", "Fish"],
        name(make_question(event, kind="yes_no")): "no",
        name(make_question(event, kind="number")): "12",
        name(make_question(event, kind="country")): "UG",
    }
    response = send(person, event, email="no", **typed)
    assert response.status_code == 200
    assert not lost_from(response, typed)


def test_they_stand_in_the_organisers_order_and_only_where_they_are_asked(person, event):
    last = make_question(event, "Last?", position=9)
    first = make_question(event, "First?", position=1, help="So that we can plan.")
    gone = make_question(event, "Gone?")
    make_registration(event, own_answers={gone: "x"})
    rules.remove_question(gone, at=AT)
    make_question(make_event(), "Elsewhere?")
    shown = words(person.get(register_path(event)))
    assert INPUTS.findall(shown) == [name(first), name(last)]
    assert "So that we can plan." in shown
    assert shown.index("The organisers also ask") < shown.index("First?")
    assert "Gone?" not in shown
    assert "Elsewhere?" not in shown


def test_the_privacy_notice_tells_of_them(person):
    shown = words(person.get(reverse("privacy")))
    assert "What you answered is kept with your registration" in shown
    assert "your agreement, and an answer where the organisers ask for one" in shown


def test_an_event_without_questions_says_nothing_of_them(person, event):
    assert "The organisers also ask" not in words(person.get(register_path(event)))


@pytest.mark.parametrize("kind", ["one", "several", "yes_no"])
def test_choices_are_a_group_with_a_legend(person, event, kind):
    choices = "" if kind == "yes_no" else CHOICES
    question = make_question(event, kind=kind, choices=choices, help="Choose well.")
    shown = words(person.get(register_path(event)))
    group = re.search(rf'<fieldset[^>]*aria-describedby="id_{name(question)}_helptext">.*?</field',
                      shown, re.DOTALL)  # fmt: skip
    assert "<legend>What do you eat?" in group[0]
    assert "<label for=" in group[0]


def test_an_answer_by_radio_can_be_taken_back_unless_it_must_be_given(person, event):
    question = make_question(event, kind="yes_no")
    assert "No answer" in words(person.get(register_path(event)))
    registration = make_registration(event, own_answers={question: True})
    assert change(person, registration, **{name(question): ""}).status_code == 303
    assert answer_to(question) is None
    question.required = True
    rules.set_question(question)
    assert "No answer" not in words(person.get(register_path(event)))


def test_many_choices_stand_in_a_list_that_opens(person, event):
    for number, tag in ((10, "input"), (11, "select")):
        question = make_question(event, kind="one", choices="\n".join(map(str, range(number))))
        shown = words(person.get(register_path(event)))
        assert re.search(rf'<{tag} [^>]*name="{name(question)}"', shown)


def test_what_organisers_write_is_text_and_no_markup(person, event):
    nasty = "<script>alert(1)</script>"
    make_question(event, nasty, kind="one", choices=f"a\n{nasty}", help=nasty, required=True)
    for response in (person.get(register_path(event)), send(person, event)):
        assert b"<script>alert" not in response.content
        assert response.content.count(b"&lt;script&gt;") >= 3


def test_a_question_that_is_gone_meanwhile_takes_nobodys_seat_away(person, event):
    question = make_question(event)
    typed = answers(**{name(question): "No pork"})
    rules.remove_question(question, at=AT)
    assert person.post(register_path(event), typed, **OUR_PAGE).status_code == 303
    assert Answer.objects.count() == 0


def test_one_that_becomes_another_behind_the_form_is_asked_once_more(person, event, monkeypatch):
    question = make_question(event)
    real = rules.register

    def slow(*args, **kwargs):
        rules.remove_question(question, at=AT)
        return real(*args, **kwargs)

    monkeypatch.setattr(rules, "register", slow)
    response = send(person, event, **{name(question): "No pork"})
    assert response.status_code == 409
    assert "The organisers have just changed a question." in words(response)
    assert Registration.objects.count() == 0


@pytest.mark.parametrize("number", [1, 3])
def test_the_form_costs_one_query_for_the_questions(
    person, event, number, django_assert_num_queries
):
    for _ in range(number):
        make_question(event, kind="several", choices=CHOICES)
    with django_assert_num_queries(4):
        person.get(register_path(event))


# The person's own pages


def test_another_person_by_the_same_address_is_asked_too(person, event):
    question = make_question(event, required=True)
    contact = make_registration(event, own_answers={question: "Meat"})
    path = own_path(contact, "another")
    typed = answers(name="Otieno", email=None)
    response = person.post(path, typed, **OUR_PAGE)
    assert "Please answer “What do you eat?”" in words(response)
    assert person.post(path, typed | {name(question): "Fish"}, **OUR_PAGE).status_code == 303
    assert contact.companions.get().answers.get().value == "Fish"


def test_who_changes_her_answers_is_asked_a_new_question(person, event):
    registration = make_registration(event)
    question = make_question(event, required=True)
    response = change(person, registration, organisation="Naka")
    assert "Please answer “What do you eat?”" in words(response)
    assert held_by(response)["organisation"] == ["Naka"]
    response = change(person, registration, organisation="Naka", **{name(question): "Fish"})
    assert response.status_code == 303
    assert answer_to(question) == "Fish"


def test_a_choice_that_is_gone_stays_an_answer_for_her_and_for_nobody_else(person, event):
    one = make_question(event, kind="one", choices=CHOICES)
    several = make_question(event, kind="several", choices=CHOICES)
    registration = make_registration(event, own_answers={one: "Fish", several: ["Fish", "Meat"]})
    for question in (one, several):
        question.choices = "Meat\nRice"
        rules.set_question(question)
    assert change(person, registration, name="Wanjiru K.").status_code == 303
    assert (answer_to(one), answer_to(several)) == ("Fish", ["Meat", "Fish"])
    response = send(person, event, email="o@example.org", **{name(one): "Fish"})
    assert "Please choose from the list." in words(response)


def test_what_is_asked_no_more_is_shown_to_who_answered_it_to_be_kept_or_cleared(person, event):
    gone = make_question(event, required=True)
    registration = make_registration(event, own_answers={gone: "Fish"})
    other = make_registration(event, email="o@example.org")
    rules.remove_question(gone, at=AT)
    shown = person.get(own_path(registration))
    assert "The organisers ask this no more. You may clear it." in words(shown)
    assert held_by(shown)[name(gone)] == ["Fish"]
    assert name(gone) not in words(person.get(own_path(other)))
    assert change(person, registration, name="Wanjiru K.").status_code == 303
    assert answer_to(gone) == "Fish"
    assert change(person, registration, **{name(gone): ""}).status_code == 303
    assert answer_to(gone) is None
    assert name(gone) not in words(person.get(own_path(registration)))


@pytest.mark.parametrize("number", [1, 3])
def test_her_form_costs_a_constant_number_of_queries(
    person, event, number, django_assert_num_queries
):
    own = {make_question(event, f"Question {n}"): "x" for n in range(number)}
    registration = make_registration(event, own_answers=own)
    path = own_path(registration)
    with django_assert_num_queries(11):
        person.get(path)


# The event's page at the desk


def copying(event):
    return reverse("admin:events_event_copy", args=[event.pk])


def row(number=0, **typed):
    return {f"own_questions__{number}__{field}": value for field, value in typed.items()}


def new_row(number=0, **typed):
    """What a browser sends for a question added in the form."""
    filled = {"text": "What do you eat?", "kind": "short", **typed}
    return {**row(number, **filled), "own_questions__TOTAL_FORMS": str(number + 1)}


def test_an_organiser_adds_questions(organiser, event):
    meal = new_row(0, text="Meal?", kind="one", choices=" Meat \r\n\r\nFish\r\n", required="on",
                   help="So that we can cook.")  # fmt: skip
    age = new_row(1, text="How old?", kind="number", position="1")
    response = save(organiser, event, **(meal | age))
    assert saved(response)
    told = event.own_questions.values_list(
        "text", "kind", "choices", "help", "required", "position", "removed_at"
    )
    assert list(told) == [
        ("Meal?", "one", "Meat\nFish", "So that we can cook.", True, 1, None),
        ("How old?", "number", "", "", False, 1, None),
    ]


def test_saving_the_page_again_changes_no_question(organiser, event):
    make_question(event, kind="one", choices=CHOICES, position=3)
    before = rows()["Question"]
    assert saved(save(organiser, event))
    assert rows()["Question"] == before


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"kind": "one"}, "choices", "Please write at least two choices, one in each line."),
        (
            {"kind": "several", "choices": "Meat\r\n \r\n"},
            "choices",
            "Please write at least two choices, one in each line.",
        ),
        ({"kind": "one", "choices": "Meat\r\nmeat "}, "choices", "“meat” stands there twice."),
        (
            {"kind": "short", "choices": "Meat\r\nFish"},
            "choices",
            "Only a question with choices has any. Please clear them.",
        ),
        ({"position": "0"}, "position", "Ensure this value is greater than or equal to 1."),
        ({"position": "first"}, "position", "Enter a whole number."),
        ({"text": ""}, "text", "This field is required."),
    ],
)
def test_what_is_no_question_is_told(organiser, event, typed, field, sentence):
    before = rows()
    response = save(organiser, event, **new_row(**{"help": "Typed.", **typed}))
    assert problems(response) == {f"own_questions-0-{field}": [sentence]}
    assert "Typed." in words(response)
    assert rows() == before


def test_another_kind_is_refused_once_people_answered(organiser, event):
    question = make_question(event)
    registration = make_registration(event, own_answers={question: "Fish"})
    before = rows()
    response = save(organiser, event, **row(kind="yes_no"))
    (sentence,) = problems(response)["own_questions-0-kind"]
    assert sentence.startswith("People have answered this already, so its kind stays.")
    assert rows() == before
    rules.erase(registration, now=NOW, at=AT)
    assert saved(save(organiser, event, **row(kind="yes_no")))
    assert Question.objects.get().kind == "yes_no"


def test_its_words_and_choices_can_change_at_any_time(organiser, event):
    question = make_question(event, kind="one", choices=CHOICES)
    make_registration(event, own_answers={question: "Fish"})
    assert saved(save(organiser, event, **row(text="Your meal?", choices="Rice\r\nMeat")))
    assert Question.objects.get().text == "Your meal?"
    assert answer_to(question) == "Fish"


def test_deleting_what_nobody_answered_deletes_it(organiser, event):
    make_question(event)
    assert saved(save(organiser, event, **row(DELETE="on")))
    assert Question.objects.count() == 0


def test_deleting_what_people_answered_only_hides_it_names_nobody_and_says_so(organiser, event):
    question = make_question(event)
    make_registration(event, own_answers={question: "Fish"})
    response = save(organiser, event, **row(DELETE="on"))
    assert saved(response)
    assert Question.objects.get().removed_at is not None
    assert answer_to(question) == "Fish"
    told = [str(message) for message in get_messages(response.wsgi_request)]
    assert "“What do you eat?” is asked no more. What people answered is kept." in told
    assert not any("Wanjiru" in text for text in told)


def test_what_is_asked_no_more_is_marked_on_the_events_page(organiser, event):
    question = make_question(event, "<b>Meal?</b>")
    path = f"/admin/events/event/{event.pk}/change/"
    assert "(asked no more)" not in words(organiser.get(path))
    Question.objects.filter(pk=question.pk).update(removed_at=AT)
    page = organiser.get(path)
    assert "(asked no more)" in words(page)
    assert b"<b>Meal?" not in page.content


def test_it_is_hidden_and_brought_back_by_a_tick(organiser, event):
    make_question(event)
    assert saved(save(organiser, event, **row(removed_at="on")))
    removed = Question.objects.get().removed_at
    assert removed is not None
    # Saved again it stays as it is, since when included.
    assert saved(save(organiser, event, **row(text="Still hidden")))
    assert Question.objects.get().removed_at == removed
    assert saved(save(organiser, event, **row(removed_at=None)))
    assert Question.objects.get().removed_at is None


def test_what_two_organisers_do_at_once_to_questions_is_kept(organiser, event):
    meal = make_question(event, "Meal?")
    typed = read_form(organiser.get(address(event))) | {"own_questions-0-help": "So we can cook."}
    # Meanwhile a colleague hides this one and adds another.
    Question.objects.filter(pk=meal.pk).update(removed_at=AT)
    make_question(event, "Bed?", required=True)
    response = organiser.post(address(event), typed)
    assert response.status_code == 200
    assert Question.objects.get(pk=meal.pk).help == ""
    assert saved(organiser.post(address(event), read_form(response)))
    told = event.own_questions.values_list("text", "help", "required", "removed_at")
    assert list(told) == [("Meal?", "So we can cook.", False, AT), ("Bed?", "", True, None)]


def test_an_answer_that_comes_while_the_form_is_checked_is_looked_for_again(event):
    question = make_question(event)
    make_registration(event, own_answers={question: "Fish"})
    question.kind = "number"

    class Formset:
        deleted_objects = ()

        def save(self, commit):
            return [question]

    request = an_organisers_request()
    save_questions(request, Formset())
    (message,) = get_messages(request)
    assert str(message).startswith("What do you eat?: People have answered this already")
    assert Question.objects.get().kind == "short"


def test_who_may_only_look_sees_the_questions_and_changes_none(event):
    make_question(event)
    user = User.objects.create_user("reader", is_staff=True)
    for codename in ("view_event", "view_question"):
        user.user_permissions.add(Permission.objects.get(codename=codename))
    client = Client()
    client.force_login(user)
    shown = words(client.get(f"/admin/events/event/{event.pk}/change/"))
    assert "What do you eat?" in shown
    assert 'name="own_questions-0-text"' not in shown


@pytest.mark.parametrize(
    ("role", "sees", "changes"),
    [("Organiser", True, True), ("Read-only", True, False), ("Editor", False, False)],
)
def test_each_role_has_what_it_may_do_with_questions(event, role, sees, changes):
    make_question(event)
    user = User.objects.create_user("colleague", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    shown = words(client.get(address(event)))
    assert ("What do you eat?" in shown) is sees
    assert ('name="own_questions-0-text"' in shown) is changes


def test_copying_the_event_needs_the_right_to_add_questions(event):
    user = make_organiser("colleague")
    client = Client()
    client.force_login(user)
    assert "Copy seats, registration times and questions" in words(client.get(copying(event)))
    User.objects.filter(pk=user.pk).update(is_superuser=False)
    user.groups.add(Group.objects.get(name="Organiser"))
    assert "Copy seats, registration times and questions" in words(client.get(copying(event)))
    Group.objects.get(name="Organiser").permissions.remove(
        Permission.objects.get(codename="add_question")
    )
    assert "Copy seats" not in words(client.get(copying(event)))


# One person's page at the desk


def persons_page(client, registration):
    path = reverse("admin:registration_registration_change", args=[registration.pk])
    return words(client.get(path))


def test_the_persons_page_tells_what_she_answered(organiser, event):
    last = make_question(event, "Last?", kind="several", choices=CHOICES, position=9)
    gone = make_question(event, "Gone?", position=8)
    first = make_question(event, "First?", kind="yes_no", position=1)
    make_question(event, "Not answered?")
    own = {last: ["Meat", "Fish"], gone: "<b>x</b>", first: False}
    registration = make_registration(event, own_answers=own)
    rules.remove_question(gone, at=AT)
    path = reverse("admin:registration_registration_change", args=[registration.pk])
    page = organiser.get(path).content.decode()
    told = re.search(r'<dl class="answers">(.*?)</dl>', page, re.DOTALL)[1]
    assert re.findall(r">\s*([^<>\s][^<>]*?)\s*<", told) == [
        "First?", "no", "Gone?", "(asked no more)", "&lt;b&gt;x&lt;/b&gt;", "Last?", "Meat; Fish",
    ]  # fmt: skip


def test_somebody_who_answered_nothing_has_no_such_part(organiser, event):
    make_question(event)
    shown = persons_page(organiser, make_registration(event))
    assert "Answers to your own questions" not in shown


def test_her_history_names_the_questions_also_one_that_is_gone(organiser, event):
    meal, gone = make_question(event, "Meal?"), make_question(event, "Gone?")
    registration = make_registration(event, own_answers={meal: "Meat", gone: "x"})
    details = make_details(own_answers={meal: "Fish", gone: None})
    rules.change(registration, details, now=NOW, at=AT)
    rules.remove_question(gone, at=AT)
    assert "<bdi>“Meal?”, a question that is gone</bdi>" in persons_page(organiser, registration)


@pytest.mark.parametrize("number", [1, 3])
def test_the_persons_page_costs_a_constant_number_of_queries(
    organiser, event, number, django_assert_num_queries
):
    questions = [make_question(event, f"Question {n}") for n in range(number)]
    registration = make_registration(event, own_answers=dict.fromkeys(questions, "x"))
    for value in "yz":
        details = make_details(own_answers=dict.fromkeys(questions, value))
        rules.change(registration, details, now=NOW, at=AT)
    persons_page(organiser, registration)
    with django_assert_num_queries(15):
        persons_page(organiser, registration)


def test_an_organisers_correction_is_not_held_up_by_what_must_be_answered(organiser, event):
    registration = make_registration(event)
    make_question(event, required=True)
    assert saved(save(organiser, registration, name="Wanjiru K."))
    registration.refresh_from_db()
    assert registration.name == "Wanjiru K."


# The file


def export(client, *columns, kind="csv", **query):
    return client.post(EXPORT, {"columns": columns, "format": kind}, query_params=query)


def read(response):
    assert response.streaming
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(content, newline=""), strict=True))


def test_the_file_has_a_column_for_each_question_of_the_event(organiser, event):
    bed = make_question(event, "Bed?", kind="yes_no", position=2)
    meal = make_question(event, "Meal?", kind="several", choices=CHOICES, position=1)
    gone = make_question(event, "Gone?", position=3)
    never = make_question(event, "Never answered?", position=4)
    make_question(make_event(), "Elsewhere?")
    make_registration(event, own_answers={bed: True, meal: ["Meat", "Fish"], gone: "x"})
    make_registration(event, email="o@example.org", own_answers={bed: False})
    rules.remove_question(gone, at=AT)
    Question.objects.filter(pk=never.pk).update(removed_at=AT)
    query = {"event__id__exact": event.pk}
    shown = words(organiser.get(EXPORT, query))
    offered = re.findall(r'name="columns" value="(own_\d+)"', shown)
    assert offered == [name(meal), name(bed), name(gone)]
    assert not re.search(r'value="own_\d+"[^>]*checked', shown)
    assert read(export(organiser, *offered, **query)) == [
        ["Meal?", "Bed?", "Gone? (asked no more)"],
        ["Meat; Fish", "yes", "x"],
        ["", "no", ""],
    ]


def test_of_all_events_the_only_one_that_asks_has_its_columns(organiser, event):
    make_registration(make_event())
    question = make_question(event)
    shown = words(organiser.get(EXPORT))
    assert name(question) in shown
    assert "choose the event" not in shown
    make_question(make_event())
    shown = words(organiser.get(EXPORT))
    assert "own_" not in shown
    assert "For the answers to an event's own questions, choose the event" in shown
    assert export(organiser, name(question)).streaming is False


def test_neither_question_nor_answer_is_a_formula_in_the_file(organiser, event):
    question = make_question(event, "=1+1")
    make_registration(event, own_answers={question: "=cmd|' /C calc'!A0"})
    assert read(export(organiser, name(question))) == [["'=1+1"], ["'=cmd|' /C calc'!A0"]]
    response = export(organiser, name(question), kind="xlsx")
    found, tags, _names = read_xlsx(b"".join(response.streaming_content))
    assert found == [["=1+1"], ["=cmd|' /C calc'!A0"]]
    assert "f" not in tags


def test_answers_are_for_who_may_see_the_person(event):
    question = make_question(event)
    make_registration(event, own_answers={question: "Fish"})
    user = User.objects.create_user("colleague", is_staff=True)
    client = Client()
    client.force_login(user)
    user.user_permissions.add(Permission.objects.get(codename="export_registration"))
    assert "own_" not in words(client.get(EXPORT))
    assert export(client, name(question)).streaming is False
    user.user_permissions.add(Permission.objects.get(codename="view_registration"))
    assert read(export(client, name(question)))[1] == ["Fish"]


def test_the_log_names_the_question_that_was_taken_away(organiser, event):
    question = make_question(event)
    make_registration(event, own_answers={question: "Fish"})
    export(organiser, "name", name(question), event__id__exact=event.pk)
    assert PersonalDataAccess.objects.get().columns == ["name", "What do you eat?"]


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_columns_of_questions_cost_a_constant_number_of_queries(
    organiser, event, number, kind, django_assert_num_queries
):
    questions = [make_question(event, f"Question {n}") for n in range(number)]
    for person in range(number):
        own = dict.fromkeys(questions, "x")
        make_registration(event, email=f"p{person}@example.org", own_answers=own)
    query = {"event__id__exact": event.pk}
    export(organiser, "name", **query)
    with django_assert_num_queries(13):
        response = export(organiser, *map(name, questions), kind=kind, **query)
        b"".join(response.streaming_content)
