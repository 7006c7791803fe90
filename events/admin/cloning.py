"""A button on the event: the same roundtable again on another day."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events import clock
from events.cloning import (
    Parts,
    People,
    clone,
    exists,
    leftovers,
    next_number,
    suggested_slug,
)
from events.models import Event, validate_zone

DATE_WIDGET = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
TIME_WIDGET = forms.TimeInput(format="%H:%M", attrs={"type": "time"})


class CopyForm(forms.Form):
    """When the copy takes place, what it is called, and what of the event goes into it."""

    title = forms.CharField(
        label=gettext_lazy("Title"), max_length=200, widget=AdminTextInputWidget
    )
    number = forms.IntegerField(
        label=gettext_lazy("Number"), required=False, min_value=1, max_value=32767
    )
    slug = forms.SlugField(
        label=gettext_lazy("Address"), max_length=80, widget=AdminTextInputWidget,
        help_text=gettext_lazy("The end of the page’s address: small letters, digits, hyphens."),
    )  # fmt: skip
    date = forms.DateField(
        label=gettext_lazy("Day"), widget=DATE_WIDGET,
        error_messages={
            "required": gettext_lazy("Give the day it takes place."),
            "invalid": gettext_lazy("This is not a date. Write it like 2021-03-27."),
        },
    )  # fmt: skip
    time = forms.TimeField(
        label=gettext_lazy("Start"), widget=TIME_WIDGET,
        help_text=gettext_lazy("In the time of the place. The copy is as long as this event."),
        error_messages={
            "required": gettext_lazy("Give the time it starts."),
            "invalid": gettext_lazy("This is not a time. Write it like 12:45."),
        },
    )  # fmt: skip
    zone = forms.CharField(
        label=gettext_lazy("Time zone"), max_length=60, validators=[validate_zone],
        widget=AdminTextInputWidget,
    )  # fmt: skip
    series = forms.BooleanField(label=gettext_lazy("In the same series"), required=False)
    venue = forms.BooleanField(label=gettext_lazy("At the same venue"), required=False)
    agenda = forms.BooleanField(label=gettext_lazy("Copy the agenda"), required=False)
    people = forms.ChoiceField(
        label=gettext_lazy("People in the agenda"), widget=forms.RadioSelect,
        choices=[
            (People.ROLES.value, gettext_lazy("Roles only, nobody named yet")),
            (People.PROPOSED.value, gettext_lazy("The same people, as proposed")),
            (People.NOBODY.value, gettext_lazy("Nobody, and no roles")),
        ],
        help_text=gettext_lazy("An invitation to one roundtable is no promise for the next."),
    )  # fmt: skip
    note = forms.BooleanField(label=gettext_lazy("Copy the concept note"), required=False)
    registration = forms.BooleanField(
        label=gettext_lazy("Copy seats, registration times and questions"), required=False,
        help_text=gettext_lazy(
            "Registration opens and closes as long before the start as it does here."
        ),
    )  # fmt: skip

    def __init__(
        self, *args: Any, event: Event, may_copy_registration: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, there in (
            ("series", event.series_id), ("venue", event.venue_id),
            ("registration", may_copy_registration),
        ):  # fmt: skip
            if not there:
                del self.fields[name]

    def clean_slug(self) -> str:
        """Refuse an address that another event has."""
        slug: str = self.cleaned_data["slug"]
        other = Event.objects.filter(slug=slug).first()
        if other:
            raise ValidationError(
                _("“%(event)s” has this address. Choose another one.") % {"event": other}
            )
        return slug

    def clean(self) -> dict[str, Any]:
        """Put day, time and zone together; refuse a time that clocks there skip."""
        data = super().clean() or {}
        if not {"date", "time", "zone"} <= data.keys():
            return data
        zone = ZoneInfo(data["zone"])
        wall = datetime.combine(data["date"], data["time"])
        try:
            there = exists(wall, zone)
        except OverflowError:
            self.add_error("date", _("This day is too far away to reckon with."))
            return data
        if there:
            data["starts_at"] = wall.replace(tzinfo=zone)
        else:
            self.add_error(
                "time", _("Clocks in %(zone)s go forward that night and skip this time.") % data
            )
        return data


class CopiesEvents(admin.ModelAdmin):
    """Copies an event to a new date."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.copy_view)
        return [path("<path:object_id>/copy/", view, name="events_event_copy"), *super().get_urls()]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Offer a copy beside each event, to whoever may add one."""
        shown = list(super().get_list_display(request))
        return [*shown, "copy_link"] if self.has_add_permission(request) else shown

    @admin.display(description=gettext_lazy("again"))
    def copy_link(self, event: Event) -> str:
        return format_html(
            '<a href="{}">{}</a>',
            reverse("admin:events_event_copy", args=[event.pk]),
            _("Copy to a new date"),
        )

    def may_copy_registration(self, request: HttpRequest) -> bool:
        """Whether seats and registration times can go along. The room that has them says so."""
        return False

    def copy_registration(self, source: Event, target: Event) -> None:
        """Give the copy seats and registration times. The room that has them does it."""

    def copy_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask when and what, then make the copy and open it."""
        event: Event | None = self.get_object(request, unquote(object_id))
        if event is None:
            raise Http404
        if not (self.has_view_permission(request, event) and self.has_add_permission(request)):
            raise PermissionDenied
        form = CopyForm(
            request.POST or None,
            initial=self._suggested(event),
            event=event,
            may_copy_registration=self.may_copy_registration(request),
        )
        if form.is_valid():
            copied = self._copy(event, form.cleaned_data)
            self.log_addition(request, copied, _("Copied from “%(event)s”.") % {"event": event})
            self._tell(request, copied)
            return HttpResponseRedirect(reverse("admin:events_event_change", args=[copied.pk]))
        return TemplateResponse(
            request,
            "admin/events/event/clone.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Copy “%(event)s” to a new date") % {"event": event},
                "subtitle": None,
                "opts": self.opts,
                "object": event,
                "is_there": True,
                "form": form,
            },
        )

    def _suggested(self, event: Event) -> dict[str, Any]:
        number = next_number(event)
        return {
            "title": event.title,
            "number": number,
            "slug": suggested_slug(event, number),
            "time": event.local_start.time(),
            "zone": event.zone,
            "people": People.ROLES,
            **dict.fromkeys(("series", "venue", "agenda", "note", "registration"), True),
        }

    def _copy(self, event: Event, data: dict[str, Any]) -> Event:
        with transaction.atomic():
            copied = clone(
                event,
                title=data["title"],
                slug=data["slug"],
                number=data["number"],
                starts_at=data["starts_at"],
                zone=data["zone"],
                at=timezone.now(),
                parts=Parts(
                    agenda=data["agenda"],
                    people=People(data["people"]),
                    note=data["note"],
                    series=data.get("series", False),
                    venue=data.get("venue", False),
                ),
            )
            if data.get("registration"):
                self.copy_registration(event, copied)
        return copied

    def _tell(self, request: HttpRequest, copied: Event) -> None:
        messages.success(
            request,
            _("“%(event)s” is here, as a draft. Look it over, then put it on the site.")
            % {"event": copied},
        )
        if copied.starts_at <= clock.now():
            messages.warning(
                request, _("It starts in the past. Check the day if that was not meant.")
            )
        for leftover in leftovers(copied):
            url = reverse("admin:events_conceptnote_change", args=[leftover.note.pk])
            messages.warning(request, format_html('<a href="{}">{}</a>', url, leftover))
