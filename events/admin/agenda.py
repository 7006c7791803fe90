"""One slot of the agenda, and who is in it."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from events.admin.changes import RecordsChange
from events.admin.conflicts import ConflictGuard
from events.admin.history import KeepsHistory
from events.admin.named import NAMED_CHOICES
from events.admin.positions import LastWhenEmpty, PositionField
from events.admin.running_order import SlotForm
from events.agenda import timed
from events.models import AgendaItem, Assignment, Event
from speakers.models import Speaker

# So many profiles fit a plain list, which works without a script, by keyboard and
# on a phone. Beyond that, only the field that searches while one types is of use.
MOST_LISTED = 200


class AssignmentForm(forms.ModelForm):
    position = PositionField(
        help_text=_("Smaller numbers come first. Leave it empty to put the person last.")
    )


class AssignmentFormSet(LastWhenEmpty):
    """Everybody in one slot. The list of profiles is read once for all rows."""

    @cached_property
    def _profiles(self) -> list[Any]:
        return list(self.form.base_fields["speaker"].choices)

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        speaker = form.fields.get("speaker")
        if speaker and not isinstance(_bare(speaker.widget), AutocompleteSelect):
            speaker.choices = self._profiles


def _bare(widget: Any) -> Any:
    """Return the widget without the admin's links beside it."""
    return getattr(widget, "widget", widget)


class AssignmentInline(admin.TabularInline):
    model = Assignment
    form = AssignmentForm
    formset = AssignmentFormSet
    # Without a script, one row to add a person by.
    extra = 1

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assignment]:
        return super().get_queryset(request).select_related("speaker")

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        # The admin asks for this again and again while it makes one page.
        if not hasattr(request, "profiles"):
            request.profiles = Speaker.objects.count()  # type: ignore[attr-defined]
        return ["speaker"] if request.profiles > MOST_LISTED else []  # type: ignore[attr-defined]

    class Media:
        js = [NAMED_CHOICES]


@admin.register(AgendaItem)
class AgendaItemAdmin(ConflictGuard, KeepsHistory, RecordsChange):
    form = SlotForm
    list_display = ["title", "event", "position", "minutes", "kind", "emphasis"]
    list_filter = ["event", "kind", "emphasis"]
    list_select_related = ["event"]
    search_fields = ["title"]
    ordering = ["event", "position", "pk"]
    inlines = [AssignmentInline]
    fields = ["event", "times", "title", "minutes", "kind", "emphasis", "description"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """A slot stays with its event; where it stands there is told on the event's page."""
        return ["times", "event"] if obj else ["times"]

    @admin.display(description=_("time"))
    def times(self, item: AgendaItem) -> str:
        """Say when the slot is, as its place in the running order makes it."""
        if item.pk is None:
            return str(_("The slot comes last. Move it on the event's page."))
        slots = timed(item.event, item.event.agenda_items.all())
        slot = next(slot for slot in slots if slot.item.pk == item.pk)
        return f"{slot.starts_at:%H:%M} – {slot.ends_at:%H:%M %Z}"

    def lock(self, row: AgendaItem) -> None:
        """Lock the event: its page writes slots too."""
        Event.objects.select_for_update().filter(pk=row.event_id).first()

    def events_touched(self, row: AgendaItem) -> Iterable[Event]:
        return [row.event]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            last = obj.event.agenda_items.last()
            obj.position = last.position + 1 if last else 1
        super().save_model(request, obj, form, change)

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        """Go back to the running order, where the way to this page began there."""
        if request.GET.get("from") == "event":
            url = reverse("admin:events_event_change", args=[obj.event_id])
            return HttpResponseRedirect(f"{url}#running-order")
        return super().response_post_save_change(request, obj)

    def view_on_site(self, row: AgendaItem) -> str:
        return f"{row.event.get_absolute_url()}agenda/"
