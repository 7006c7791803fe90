"""The organisers' own questions, on the event's page."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from events.registration import questions, rules
from events.registration.models import Question

ANSWERED = _(
    "People have answered this already, so its kind stays. Ask it no more, and add a new question."
)


class ChoicesField(forms.CharField):
    """Choices, one in each line. Empty lines and spaces around them don't matter."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 60, "dir": "auto"})

    def to_python(self, value: Any) -> str:
        return "\n".join(questions.lines(super().to_python(value) or ""))


class QuestionForm(forms.ModelForm):
    """A question. Refuses choices that are none, and another kind once people have answered."""

    position = forms.IntegerField(
        label=_("Place"), required=False, min_value=1, max_value=999,
        help_text=_("The smallest number is asked first. Leave empty: last."),
    )  # fmt: skip
    choices = ChoicesField(
        label=_("Choices"), required=False,
        help_text=_("One in each line. Only for questions with choices."),
    )  # fmt: skip
    removed_at = forms.BooleanField(
        label=_("Ask it no more"), required=False,
        help_text=_("What people answered is kept. Untick to ask it again."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.initial["position"] = None

    def clean_removed_at(self) -> datetime | None:
        """Return since when it is asked no more: as it was, or from now on."""
        if not self.cleaned_data["removed_at"]:
            return None
        return self.instance.removed_at or timezone.now()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        kind = cleaned.get("kind")
        if kind and "choices" in cleaned:
            said = questions.flaw(kind, questions.lines(cleaned["choices"]))
            if said:
                self.add_error("choices", said)
        if self.instance.pk and "kind" in self.changed_data and self.instance.answers.exists():
            self.add_error("kind", ANSWERED)
        return cleaned


class QuestionInline(admin.StackedInline):
    model = Question
    form = QuestionForm
    template = "admin/events/event/questions.html"
    verbose_name = _("question")
    verbose_name_plural = _("questions to whoever registers")
    fields = ["text", "help", "kind", "choices", "position", ("required", "removed_at")]
    # Without JavaScript no button adds a row.
    extra = 1

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Let a question be deleted that people answered: the rules then only ask it no more.

        Django would refuse it, and name each person.
        """
        formset: Any = super().get_formset(request, obj, **kwargs)
        formset.form.hand_clean_DELETE = lambda _form: None
        return formset


def save_questions(request: HttpRequest, formset: Any) -> None:
    """Write a formset of questions by the rules, which look again behind the lock."""
    changed = formset.save(commit=False)
    for question in formset.deleted_objects:
        if not rules.remove_question(question, at=timezone.now()):
            text = _now("“%(question)s” is asked no more. What people answered is kept.")
            messages.info(request, text % {"question": question.text})
    for question in changed:
        try:
            rules.set_question(question)
        except rules.Refused:
            messages.error(request, f"{question.text}: {ANSWERED}")
