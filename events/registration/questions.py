"""The organisers' own questions: which choices count, and how an answer reads. Pure."""

from functools import cache

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django_countries import countries

from events.registration.models import Question

Kind = Question.Kind
Value = str | bool | list[str]
"""An answer as it is kept."""

CHOOSING = (Kind.ONE, Kind.SEVERAL)
# A list that nobody reads to its end on a phone is no question.
MOST_CHOICES = 50
CHOICE_LENGTH = 200
OWN = "own_"


def name_of(key: int) -> str:
    """Return what an answer to the question of this key is called in forms, files and history."""
    return f"{OWN}{key}"


def is_own(name: str) -> bool:
    """Whether an answer of this name is one to a question of the organisers' own."""
    return name.startswith(OWN)


def lines(text: str) -> list[str]:
    """Return the choices in a text that has one in each line."""
    typed = (" ".join(line.split()) for line in text.splitlines())
    return [line for line in typed if line]


def flaw(kind: str, choices: list[str]) -> str:
    """Say what is wrong with the choices of a question of this kind; nothing where all is well."""
    if kind not in CHOOSING:
        return _("Only a question with choices has any. Please clear them.") if choices else ""
    seen: set[str] = set()
    for choice in choices:
        if len(choice) > CHOICE_LENGTH:
            text = _("Please shorten “%(choice)s…” to %(most)d characters.")
            return text % {"choice": choice[:30], "most": CHOICE_LENGTH}
        if choice.casefold() in seen:
            return _("“%(choice)s” stands there twice.") % {"choice": choice}
        seen.add(choice.casefold())
    if len(choices) < 2:
        return _("Please write at least two choices, one in each line.")
    if len(choices) > MOST_CHOICES:
        return _("Please write no more than %(most)d choices.") % {"most": MOST_CHOICES}
    return ""


def offered(question: Question, answered: object) -> list[str]:
    """Return the choices for somebody who ``answered`` so before.

    What she chose once stays a choice of hers, though it is one no longer.
    """
    before = answered if isinstance(answered, list) else [answered] if answered else []
    return list(dict.fromkeys([*lines(question.choices), *(str(choice) for choice in before)]))


def same(answer: object, other: object) -> bool:
    """Whether two answers say the same; in which order choices stand is the organisers' matter."""
    if isinstance(answer, list) and isinstance(other, list):
        return set(answer) == set(other)
    return answer == other


def in_words(question: Question, value: object) -> str:
    """Return an answer as one reads it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return "; ".join(str(choice) for choice in value)
    if question.kind == Kind.COUNTRY:
        return country(str(value), get_language())
    return str(value)


@cache
def country(code: str, language: str | None) -> str:
    """Return a country's name in this language, which is the one in force."""
    return str(countries.name(code))
