"""The organisers' own questions: their choices, how answers read, and the rules that write them."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import translation

from events.registration import rules
from events.registration.models import Answer, Question, Registration
from events.registration.questions import (
    CHOICE_LENGTH,
    MOST_CHOICES,
    flaw,
    in_words,
    is_own,
    lines,
    name_of,
    offered,
    same,
)
from events.registration.rules import Outcome, Refused
from tests.factories import (
    AT,
    NOW,
    make_details,
    make_event,
    make_question,
    make_registration,
)
from tests.registration.people import rows

LATER = AT + timedelta(hours=1)


# Choices


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (" \n\t\n", []),
        ("Meat\nFish", ["Meat", "Fish"]),
        ("  Meat \r\n\r\nFish  and   chips\r", ["Meat", "Fish and chips"]),
    ],
)
def test_each_line_with_something_in_it_is_a_choice(text, found):
    assert lines(text) == found


TWO = ["Meat", "Fish"]


@pytest.mark.parametrize(
    ("kind", "choices", "said"),
    [
        ("one", TWO, ""),
        ("several", TWO, ""),
        ("short", [], ""),
        ("one", [], "Please write at least two choices, one in each line."),
        ("several", ["Meat"], "Please write at least two choices, one in each line."),
        ("one", [*TWO, "Fish"], "“Fish” stands there twice."),
        ("several", [*TWO, "FISH"], "“FISH” stands there twice."),
        ("one", [str(number) for number in range(MOST_CHOICES)], ""),
        (
            "one",
            [str(number) for number in range(MOST_CHOICES + 1)],
            "Please write no more than 50 choices.",
        ),
        ("one", ["Meat", "x" * CHOICE_LENGTH], ""),
        (
            "one",
            ["Meat", "x" * (CHOICE_LENGTH + 1)],
            f"Please shorten “{'x' * 30}…” to 200 characters.",
        ),
        ("short", TWO, "Only a question with choices has any. Please clear them."),
        ("yes_no", ["Yes"], "Only a question with choices has any. Please clear them."),
    ],
)
def test_what_is_wrong_with_choices_is_said(kind, choices, said):
    assert flaw(kind, choices) == said


@pytest.mark.parametrize(
    ("answered", "choices"),
    [
        (None, TWO),
        ("Fish", TWO),
        ("Bread", [*TWO, "Bread"]),
        ([], TWO),
        (["Fish", "Bread", "Rice"], [*TWO, "Bread", "Rice"]),
    ],
)
def test_what_somebody_chose_once_stays_a_choice_for_her(answered, choices):
    assert offered(Question(kind="one", choices="Meat\nFish"), answered) == choices


@pytest.mark.parametrize(
    ("answer", "other", "is_same"),
    [
        (None, None, True),
        (None, False, False),
        ("Meat", "Fish", False),
        (["Meat", "Fish"], ["Fish", "Meat"], True),
        (["Meat", "Fish"], ["Meat"], False),
        (["Meat"], None, False),
    ],
)
def test_the_order_of_choices_makes_no_other_answer(answer, other, is_same):
    assert same(answer, other) is is_same


# In words


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("short", "No pork", "No pork"),
        ("long", "One\nTwo", "One\nTwo"),
        ("one", "Meat", "Meat"),
        ("several", ["Meat", "Fish, fried"], "Meat; Fish, fried"),
        ("yes_no", True, "yes"),
        ("yes_no", False, "no"),
        ("number", "0", "0"),
        ("number", "2.5", "2.5"),
        ("country", "KE", "Kenya"),
        # A text is none, whatever it looks like.
        ("short", "KE", "KE"),
    ],
)
def test_answers_in_words(kind, value, words):
    assert in_words(Question(kind=kind), value) == words


def test_a_country_is_named_in_the_language_of_the_page():
    question = Question(kind="country")
    assert in_words(question, "DE") == "Germany"
    with translation.override("fr"):
        assert in_words(question, "DE") == "Allemagne"
    assert in_words(question, "DE") == "Germany"


def test_the_name_of_an_answer_is_known_again():
    assert name_of(12) == "own_12"
    assert is_own("own_12")
    assert not is_own("organisation")


# Writing questions

pytestmark = pytest.mark.django_db


@pytest.fixture
def event():
    return make_event(number=2, quotas={"in_room": 9, "online": None})


def answers_of(registration):
    return dict(registration.answers.values_list("question__text", "value"))


def test_questions_without_a_place_come_last_in_turn(event):
    make_question(make_event(), "Of another event", position=9)
    first, second = make_question(event, "First"), make_question(event, "Second")
    between = make_question(event, "Between", position=1)
    assert list(event.own_questions.all()) == [first, between, second]
    assert [question.position for question in (first, between, second)] == [1, 1, 2]


def test_another_kind_is_refused_once_it_is_answered_and_nothing_is_written(event):
    question = make_question(event)
    question.kind = "number"
    rules.set_question(question)
    make_registration(event, own_answers={question: "3"})
    before = rows()
    question.kind, question.text = "short", "Another text"
    with pytest.raises(Refused) as refusal:
        rules.set_question(question)
    assert refusal.value.reason == "answered"
    assert rows() == before
    question.kind = "number"
    rules.set_question(question)
    assert Question.objects.get().text == "Another text"


def test_a_question_that_nobody_answered_is_gone_when_removed(event):
    question = make_question(event)
    make_registration(event, own_answers={question: None})
    assert rules.remove_question(question, at=AT) is True
    assert Question.objects.count() == 0


def test_one_that_was_answered_is_asked_no_more_and_keeps_its_answers(event):
    question = make_question(event)
    registration = make_registration(event, own_answers={question: "No pork"})
    assert rules.remove_question(question, at=AT) is False
    assert Question.objects.get().removed_at == AT
    assert answers_of(registration) == {"What do you eat?": "No pork"}
    # Since when stays as it was.
    rules.remove_question(question, at=LATER)
    assert Question.objects.get().removed_at == AT


def test_it_can_be_asked_again(event):
    question = make_question(event)
    make_registration(event, own_answers={question: "No pork"})
    rules.remove_question(question, at=AT)
    question = Question.objects.get()
    question.removed_at = None
    rules.set_question(question)
    assert Question.objects.get().removed_at is None
    assert Answer.objects.get().value == "No pork"


def test_the_database_keeps_what_was_answered_and_once_only(event):
    question = make_question(event)
    registration = make_registration(event, own_answers={question: "No pork"})
    with pytest.raises(ProtectedError):
        question.delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        Answer.objects.create(registration=registration, question=question, value="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        Question.objects.filter(pk=question.pk).update(kind="riddle")


# Writing answers


@pytest.mark.parametrize("value", ["No pork", "0", ["Meat", "Fish"], True, False])
def test_who_registers_has_her_answers_written(event, value):
    asked, left_out = make_question(event), make_question(event, "And else?")
    registration = make_registration(event, own_answers={asked: value, left_out: None})
    stored = Answer.objects.get()
    assert (stored.registration, stored.question, stored.value) == (registration, asked, value)
    assert type(stored.value) is type(value)


def test_somebody_without_an_address_has_hers(event):
    question = make_question(event)
    contact = make_registration(event, own_answers={question: "Meat"})
    details = make_details(name="Otieno", own_answers={question: "Fish"})
    outcome = rules.register_companion(contact, details, submission=None, now=NOW, at=AT)
    assert outcome == Outcome.REGISTERED
    assert answers_of(contact) == {"What do you eat?": "Meat"}
    assert answers_of(contact.companions.get()) == {"What do you eat?": "Fish"}


def test_whose_address_is_known_has_nothing_written_over(event):
    question = make_question(event)
    registration = make_registration(event, own_answers={question: "Meat"})
    make_registration(event, own_answers={question: "Fish"})
    assert answers_of(registration) == {"What do you eat?": "Meat"}


def test_who_gave_up_and_registers_again_has_the_new_answers(event):
    question, gone = make_question(event), make_question(event, "Asked before")
    registration = make_registration(event, own_answers={question: "Meat", gone: "x"})
    rules.cancel(registration, now=NOW, at=AT)
    rules.remove_question(gone, at=AT)
    make_registration(event, own_answers={question: "Fish"})
    assert answers_of(registration) == {"What do you eat?": "Fish", "Asked before": "x"}


def test_a_change_writes_what_was_asked_and_leaves_the_rest(event):
    meal, bed, gone = (make_question(event, text) for text in ("Meal", "Bed", "Gone"))
    registration = make_registration(event, own_answers={meal: "Meat", bed: "Yes", gone: "x"})
    rules.remove_question(gone, at=AT)
    details = make_details(own_answers={meal: "Fish", bed: None})
    rules.change(registration, details, now=NOW, at=LATER)
    assert answers_of(registration) == {"Meal": "Fish", "Gone": "x"}
    # Who is asked nothing of it, as by a script, loses nothing.
    rules.change(registration, make_details(), now=NOW, at=LATER)
    assert answers_of(registration) == {"Meal": "Fish", "Gone": "x"}


def test_history_names_the_questions_answered_otherwise_and_not_the_answers(event):
    meal, bed, new = (make_question(event, text) for text in ("Meal", "Bed", "New"))
    registration = make_registration(event, own_answers={meal: "Meat", bed: "Yes"})
    details = make_details(own_answers={meal: "Fish", bed: "Yes", new: None})
    rules.change(registration, details, now=NOW, at=LATER)
    entry = registration.history.get(what="changed")
    assert entry.fields == [name_of(meal.pk)]
    assert "Fish" not in str(vars(entry))
    # The same once more is no change.
    rules.change(registration, details, now=NOW, at=LATER)
    assert registration.history.filter(what="changed").count() == 1


def test_the_first_answer_and_one_taken_back_are_changes(event):
    question = make_question(event, kind="yes_no")
    registration = make_registration(event)
    for value in (False, None):
        details = make_details(own_answers={question: value})
        rules.change(registration, details, now=NOW, at=LATER)
    told = registration.history.filter(what="changed")
    assert [entry.fields for entry in told] == [[name_of(question.pk)]] * 2


@pytest.mark.parametrize("meanwhile", ["gone", "another kind", "another event"])
def test_a_question_that_changed_meanwhile_is_asked_once_more(event, meanwhile):
    known = make_registration(event)
    question = make_question(make_event() if meanwhile == "another event" else event)
    asked = Question.objects.get()
    if meanwhile == "gone":
        rules.remove_question(Question.objects.get(), at=AT)
    elif meanwhile == "another kind":
        question.kind = "number"
        rules.set_question(question)
    details = make_details(own_answers={asked: "No pork"})
    before = rows()
    new = {"submission": None, "now": NOW, "at": AT}
    for write in (
        lambda: rules.register(event, details, email="o@example.org", language="en", **new),
        lambda: rules.register_companion(known, details, **new),
        lambda: rules.change(known, details, now=NOW, at=AT),
    ):
        with pytest.raises(Refused) as refusal:
            write()
        assert refusal.value.reason == "questions_changed"
        assert rows() == before


def test_one_asked_no_more_meanwhile_still_takes_the_answer(event):
    question = make_question(event)
    make_registration(event, email="o@example.org", own_answers={question: "Meat"})
    rules.remove_question(question, at=AT)
    registration = make_registration(event, own_answers={question: "Fish"})
    assert answers_of(registration) == {"What do you eat?": "Fish"}


def test_erasing_a_person_erases_her_answers_and_then_the_question_can_go(event):
    question = make_question(event)
    other = make_registration(event, email="o@example.org", own_answers={question: "Meat"})
    registration = make_registration(event, own_answers={question: "Fish"})
    rules.erase(registration, now=NOW, at=AT)
    assert Answer.objects.get().registration == other
    rules.erase(other, now=NOW, at=AT)
    assert Registration.objects.count() == Answer.objects.count() == 0
    assert rules.remove_question(question, at=AT) is True


def test_an_organisers_correction_leaves_the_answers(event):
    question = make_question(event, required=True)
    registration = make_registration(event, own_answers={question: "Fish"})
    registration.name = "Wanjiru K."
    rules.correct(registration, now=NOW, at=LATER)
    assert answers_of(registration) == {"What do you eat?": "Fish"}


@pytest.mark.parametrize("number", [1, 3])
def test_answers_cost_a_constant_number_of_queries(event, number, django_assert_num_queries):
    questions = [make_question(event, f"Question {n}") for n in range(number)]
    details = make_details(own_answers=dict.fromkeys(questions, "x"))
    with django_assert_num_queries(28):
        rules.register(
            event, details, email="w@example.org", language="en", submission="f", now=NOW, at=AT
        )
    registration = Registration.objects.get()
    details = make_details(own_answers=dict.fromkeys(questions, "y"))
    with django_assert_num_queries(24):
        rules.change(registration, details, now=NOW, at=LATER)


# A copy of the event


def test_a_copy_asks_the_same_but_what_is_asked_no_more(event):
    kept = make_question(
        event, "Meal", kind="one", choices="Meat\nFish", help="So that we can cook.",
        required=True, position=7,
    )  # fmt: skip
    gone = make_question(event, "Gone")
    make_registration(event, own_answers={kept: "Fish", gone: "x"})
    rules.remove_question(gone, at=AT)
    copy = make_event(quotas={"in_room": 1})
    copy.registration_settings.delete()
    copy.quotas.all().delete()
    rules.copy_settings(event, copy)
    copied = copy.own_questions.get()
    for name in ("text", "kind", "choices", "help", "required", "position", "removed_at"):
        assert getattr(copied, name) == getattr(kept, name)
    assert copied.pk != kept.pk
    assert copied.answers.count() == 0
    assert event.own_questions.count() == 2
    assert Answer.objects.count() == 2
