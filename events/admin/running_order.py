"""The running order on the event's own page: rows with computed times, moved by their numbers.

django-admin-sortable2 was tried for this and left out: it makes the position a
hidden field, so that without its script nothing can be moved, its table does
not fit a phone, and its two ways to move a row (dragging, and to either end)
can't be reached by keyboard. The page's own script is a tenth of its size.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.forms.widgets import Script
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from events.agenda import by_number, timed
from events.attention import SUM, sum_of_minutes
from events.models import AgendaItem, Assignment, Event


class SlotForm(forms.ModelForm):
    """One slot of the running order. Most are panels, so a new one says it is."""

    WRONG_MINUTES = _("Give the minutes as a whole number from 1 to 600.")
    minutes = forms.IntegerField(
        label=_("Minutes"),
        min_value=1,
        max_value=600,
        error_messages={
            "invalid": WRONG_MINUTES,
            "min_value": WRONG_MINUTES,
            "max_value": WRONG_MINUTES,
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:
            self.fields["kind"].initial = AgendaItem.Kind.PANEL


class PlacedSlotForm(SlotForm):
    """A slot among its like. Its number says where it goes; the formset makes it a position."""

    position = forms.IntegerField(label=_("Place"), required=False)
    number: int | None = None
    is_moved = False

    @property
    def changed_data(self) -> list[str]:
        """What was typed; a place counts only where it moves the slot."""
        typed = [name for name in super().changed_data if name != "position"]
        return [*typed, "position"] if self.is_moved else typed

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self.number = cleaned.pop("position", None)
        return cleaned


@dataclass(frozen=True)
class Row:
    """A row as the page shows it. Times are in the place's own time, None where unknown."""

    form: Any
    item: AgendaItem
    place: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_deleted: bool = False

    @property
    def title(self) -> str:
        """The slot's name as typed."""
        return str(self.form["title"].value() or "")

    @property
    def people(self) -> list[Assignment]:
        """Everybody in the saved slot, whatever they answered."""
        return list(self.item.assignments.all()) if self.item.pk else []


class RunningOrderFormSet(forms.BaseInlineFormSet):
    """The slots of one event. Saving numbers them from 1, so that no two share a place."""

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        form = super()._construct_form(i, **kwargs)  # type: ignore[misc]
        is_saved = i < self.initial_form_count()
        form.initial["position"] = i + 1 if is_saved else None
        return form

    def clean(self) -> None:
        super().clean()
        rows = [form for form in self.forms if self._counts(form)]
        for position, place in enumerate(_order(rows), 1):
            slot = rows[place]
            slot.is_moved = bool(slot.instance.pk) and slot.instance.position != position
            slot.instance.position = position

    def _counts(self, form: Any) -> bool:
        is_blank = not form.instance.pk and not form.has_changed()
        return not is_blank and not self.is_deleted(form)

    def rows(self) -> list[Row]:
        """Return the rows in the order of their numbers, each with its times as typed."""
        if self.is_bound:
            self.full_clean()
        return _in_time(self.instance, [self.forms[place] for place in _order(self.forms)], self)

    def is_deleted(self, form: Any) -> bool:
        """Whether the row is ticked to be deleted."""
        should: Any = getattr(self, "_should_delete_form")  # noqa: B009 - the stubs leave it out
        return self.is_bound and self.can_delete and bool(should(form))

    def sum(self) -> str:
        """Say how the slots together stand against the event's length, as typed."""
        event = self.instance
        if event.starts_at is None or event.ends_at is None:
            return ""
        items = [row.item for row in self.rows() if row.starts_at is not None]
        return sum_of_minutes(event, items)

    def sums(self) -> dict[str, str]:
        """Return the sentences about the sum, for the script to fill in."""
        return {"exact": SUM[0](), "free": SUM[1](), "over": SUM[-1]()}


def _order(forms: list[Any]) -> list[int]:
    """Return the places of rows in the order typed, against the numbers the page showed."""
    stood = [form.initial["position"] if form.instance.pk else math.nan for form in forms]
    return by_number([_number(form) for form in forms], stood)


def _number(form: Any) -> float:
    """Return the number typed for a row's place. A new row without one comes last."""
    if form.is_bound and form.number is not None:
        number: int = form.number
        return number
    return math.nan if form.instance.pk else math.inf


def _in_time(event: Event, forms: list[Any], formset: RunningOrderFormSet) -> list[Row]:
    deleted = [formset.is_deleted(form) for form in forms]
    running = [
        form.instance
        for form, gone in zip(forms, deleted, strict=True)
        if form.instance.minutes and not gone
    ]
    # A form that could not be read leaves an event without a start, or none yet.
    slots = timed(event, running) if event.starts_at else []
    times = {id(slot.item): slot for slot in slots}
    rows = []
    for place, (form, gone) in enumerate(zip(forms, deleted, strict=True), 1):
        slot = None if gone else times.get(id(form.instance))
        rows.append(
            Row(
                form=form,
                item=form.instance,
                place=place,
                starts_at=slot.starts_at if slot else None,
                ends_at=slot.ends_at if slot else None,
                is_deleted=gone,
            )
        )
    return rows


class RunningOrderInline(admin.TabularInline):
    model = AgendaItem
    form = PlacedSlotForm
    formset = RunningOrderFormSet
    template = "admin/events/event/running_order.html"
    fields = ["title", "position", "minutes", "kind", "emphasis"]
    # Without the script, one row to add a slot by; with it there is a button.
    extra = 1
    order_field = "position"
    anchor = "running-order"
    verbose_name = _("slot")
    verbose_name_plural = _("running order")

    class Media:
        js = [Script("js/running-order.js", defer=True)]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AgendaItem]:
        people = Assignment.objects.select_related("speaker")
        return super().get_queryset(request).prefetch_related(Prefetch("assignments", people))
