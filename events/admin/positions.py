"""Numbers by which rows stand among their like, in forms where no script moves them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

# Between two positions there is room for another row.
STEP = 10


class PositionField(forms.IntegerField):
    """A row's number; it may stay empty."""

    def __init__(self, *, help_text: Any = "") -> None:
        super().__init__(
            label=_("Position"), required=False, min_value=0, max_value=32_000, help_text=help_text
        )


class LastWhenEmpty(forms.BaseInlineFormSet):
    """Puts a row without a number last."""

    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if form not in self.deleted_forms]
        last = max((form.cleaned_data.get("position") or 0 for form in kept), default=0)
        for form in kept:
            if form.cleaned_data and form.cleaned_data.get("position") is None:
                last += STEP
                form.instance.position = last
