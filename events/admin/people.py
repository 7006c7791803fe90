"""Where a profile stands in agendas, for the organiser who edits it or would delete it."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from events.models import Assignment
from speakers.models import Speaker


def places_of(speakers: Iterable[Speaker]) -> list[SafeString]:
    """Return each slot these people stand in, in words and with a link to its form."""
    found = (
        Assignment.objects.filter(speaker__in=speakers)
        .select_related("item__event", "speaker")
        .order_by("-item__event__starts_at", "item__event_id", "item__position", "pk")
    )
    return [
        format_html(
            '<a href="{}">{}</a>: {} ({}, {})',
            reverse("admin:events_agendaitem_change", args=[assignment.item_id]),
            assignment.item.title,
            assignment.item.event,
            assignment.get_role_display(),
            assignment.get_status_display(),
        )
        for assignment in found
    ]


class StandsInAgendas(admin.ModelAdmin):
    """A profile, with the slots it stands in. While there are some, it can't be deleted."""

    delete_confirmation_template = "admin/speakers/speaker/delete_confirmation.html"
    delete_selected_confirmation_template = (
        "admin/speakers/speaker/delete_selected_confirmation.html"
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Speaker | None = None) -> Any:
        return [*super().get_readonly_fields(request, obj), "in_agendas"]

    def get_fieldsets(self, request: HttpRequest, obj: Speaker | None = None) -> Any:
        sets = [*super().get_fieldsets(request, obj)]
        return [*sets, (_("In the agenda"), {"fields": ["in_agendas"]})] if obj else sets

    @admin.display(description=_("slots"))
    def in_agendas(self, speaker: Speaker) -> str:
        places = places_of([speaker])
        if not places:
            return str(_("In no agenda yet. Add the profile to a slot to have it there."))
        items = format_html_join("", "<li>{}</li>", ((place,) for place in places))
        return format_html('<ul class="places">{}</ul>', items)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Say of what stands in the way where it is, and not only that there is something."""
        to_delete, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return to_delete, counts, lacking, places_of(objs) if protected else protected
