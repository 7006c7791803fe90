"""Saving or deleting content in the admin records what changed."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from events.models import Event
from events.rules import record_changes


class RecordsChange(admin.ModelAdmin):
    """Tells ``record_change`` of every event whose pages show what was edited."""

    def events_touched(self, row: Any) -> Iterable[Event]:
        """Return the events whose pages show this row."""
        raise NotImplementedError

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Keep in mind the events that showed the row before: it may move to another."""
        before = self.model._default_manager.filter(pk=obj.pk).first() if change else None
        form.events_before = list(self.events_touched(before)) if before else []
        super().save_model(request, obj, form, change)

    def save_related(
        self, request: HttpRequest, form: Any, formsets: list[Any], change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        events = [*form.events_before, *self.events_touched(form.instance)]
        record_changes({event.pk: event for event in events}.values(), at=timezone.now())

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        events = list(self.events_touched(obj))
        super().delete_model(request, obj)
        self._record_what_is_left(events)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        events = [event for row in queryset for event in self.events_touched(row)]
        super().delete_queryset(request, queryset)
        self._record_what_is_left(events)

    def _record_what_is_left(self, events: list[Event]) -> None:
        left = Event.objects.filter(pk__in={event.pk for event in events})
        record_changes(left, at=timezone.now())
