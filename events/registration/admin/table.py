"""Who is at the table: a page of the event where the wishes are written, and a file."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from events.models import Event
from events.registration import rules
from events.registration.drawing import drawing
from events.registration.exports import table_as_csv
from events.registration.models import MOST_WISHED
from events.registration.queries import table_of
from events.registration.table import Row, State, Table

SEE = "registration.view_registration"
SEE_VOICES_EXACTLY = "registration.view_voiceanswer"
CHANGE_TARGETS = "registration.change_tabletarget"
NO_WISH = _("Give a whole number from 0 to %(most)d.")


class TargetsForm(forms.Form):
    """How many of each group are wished for. Only what was typed over is written.

    Each field tells what it held when the page was made, so that a page that
    lay open does not undo what a colleague wrote since.
    """

    def __init__(self, *args: Any, table: Table, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.groups = {field_of(row): row.group for row in [*table.rows, *table.others]}
        sentence = str(NO_WISH) % {"most": MOST_WISHED}
        for name, group in self.groups.items():
            self.fields[name] = forms.IntegerField(
                label=_now("Wished for: %(group)s") % {"group": group.label},
                initial=group.target,
                min_value=0,
                max_value=MOST_WISHED,
                show_hidden_initial=True,
                widget=forms.TextInput(
                    attrs={"inputmode": "numeric", "autocomplete": "off", "size": 4}
                ),
                error_messages=dict.fromkeys(
                    ("required", "invalid", "min_value", "max_value"), sentence
                ),
            )

    def targets(self) -> dict[int, int]:
        """Return the numbers that were typed over, by the group's key."""
        return {self.groups[name].pk: self.cleaned_data[name] for name in self.changed_data}


def field_of(row: Row) -> str:
    """Return the name of a group's field."""
    return f"target_{row.group.code}"


class TablePages(admin.ModelAdmin):
    """Beside an event: who is at its table, for whoever may see registrations.

    Both pages hold counts and no line about a person, and nothing in them can
    be followed to one: how many of a group or from a country, never both
    together, and voices without their small numbers. Counts alone are no
    personal data, so neither page is written into the access log, which is
    about people, and whoever may see the page may take the file.
    """

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<path:object_id>/table/", wrap(self.table_view), name="events_event_table"),
            path(
                "<path:object_id>/table.csv", wrap(self.table_csv_view),
                name="events_event_table_csv",
            ),
            *super().get_urls(),
        ]  # fmt: skip

    def table_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the table, and write the wishes of whoever may change them."""
        event = self._event_to_show(request, object_id)
        may_change = request.user.has_perm(CHANGE_TARGETS)
        sent = request.method == "POST"
        if sent and not may_change:
            raise PermissionDenied
        table = table_of(event)
        form = TargetsForm(request.POST if sent else None, table=table)
        if sent and form.is_valid():
            rules.set_targets(event, targets=form.targets())
            messages.success(request, _now("The wishes for the table are saved."))
            return HttpResponseRedirect(reverse("admin:events_event_table", args=[event.pk]))
        exactly = request.user.has_perm(SEE_VOICES_EXACTLY)
        context = {
            **self.admin_site.each_context(request),
            "title": _now("Who is at the table"),
            "subtitle": None,
            "opts": self.opts,
            "object": event,
            "is_there": True,
            "may_change": may_change,
            "form": form,
            "table": table,
            "missing": table.number_in(State.MISSING),
            "rows": [(row, form[field_of(row)]) for row in table.rows],
            "others": [(row, form[field_of(row)]) for row in table.others],
            "drawing": drawing(table.places),
            "voices": table.voices_shown(exactly=exactly),
            "exactly": exactly,
        }
        return TemplateResponse(request, "admin/events/event/table.html", context)

    def table_csv_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Answer with the table as a file for a spreadsheet."""
        event = self._event_to_show(request, object_id)
        name = f"{_now('table')}-{event.slug}-{timezone.now():%Y-%m-%d}.csv"
        response = HttpResponse(
            table_as_csv(table_of(event)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
        patch_cache_control(response, no_store=True, private=True)
        return response

    def _event_to_show(self, request: HttpRequest, object_id: str) -> Event:
        """Return the event for somebody who may see registrations."""
        event: Event | None = self.get_object(request, unquote(object_id))
        if not (request.user.has_perm(SEE) and self.has_view_or_change_permission(request, event)):
            raise PermissionDenied
        if event is None:
            raise Http404
        return event
