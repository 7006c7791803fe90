"""Names for the inputs of Django's admin that have none of their own.

It shows a moment as two inputs beside one label that belongs to neither, and
puts a box of its own in the place of a select: a screen reader says "edit,
blank". (Cells of tables are named in templates/admin/edit_inline/tabular.html.)
"""

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.db.models import DateTimeField
from django.forms.widgets import Script
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _


class DayAndTime(AdminSplitDateTime):
    """Django's two inputs; the label of the field leads to the first."""

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_0" if id_ else ""


class MomentField(forms.SplitDateTimeField):
    """Names its inputs after itself, such as "Start: date" and "Start: time"."""

    widget = DayAndTime

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        names = (_("{moment}: date"), _("{moment}: time"))
        for part, name in zip(self.widget.widgets, names, strict=True):
            part.attrs["aria-label"] = format_lazy(name, moment=self.label)


# For ``formfield_overrides`` of every form of the desk that has such fields.
MOMENTS: Any = {DateTimeField: {"form_class": MomentField, "widget": DayAndTime}}

# For the media of every form that has ``autocomplete_fields``.
NAMED_CHOICES = Script("js/named-choices.js", defer=True)
