"""The organisers' admin, put together: each room brings its own part."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest

from events.admin import (
    EventAdmin,
    LightMarkup,
    RecordsChange,
    RestoresSpeaker,
    StandsInAgendas,
)
from events.models import Event
from events.registration import rules
from events.registration.admin import (
    KeptSeatsInline,
    QuotaInline,
    RegistrationSettingsInline,
    save_kept_seats,
    save_quotas,
)
from events.registration.models import KeptSeats, Quota
from roundtable.colleagues import ColleagueAdmin
from speakers.admin import SpeakerAdmin
from speakers.models import Speaker

# Rooms bring their own; what is put together here takes their place. Roles are
# a table in code, and the rows of the packages below are nothing to edit by hand.
REPLACED: list[type[Model]] = [Event, Speaker, User, Group]
for model in [*REPLACED, *apps.get_app_config("account").get_models()]:
    if admin.site.is_registered(model):
        admin.site.unregister(model)

admin.site.register(User, ColleagueAdmin)


@admin.register(Event)
class EventWithRegistrationAdmin(EventAdmin):
    """The event with the seats it offers and when people can register."""

    inlines = [RegistrationSettingsInline, QuotaInline, KeptSeatsInline, *EventAdmin.inlines]

    def may_copy_registration(self, request: HttpRequest) -> bool:
        return request.user.has_perms(
            [
                "registration.add_quota",
                "registration.add_keptseats",
                "registration.add_registrationsettings",
            ]
        )

    def copy_registration(self, source: Event, target: Event) -> None:
        rules.copy_settings(source, target)

    def save_formset(
        self, request: HttpRequest, form: ModelForm, formset: Any, change: bool
    ) -> None:
        if formset.model is Quota:
            save_quotas(request, formset)
        elif formset.model is KeptSeats:
            save_kept_seats(formset)
        else:
            super().save_formset(request, form, formset, change)


@admin.register(Speaker)
class SpeakerInEventsAdmin(
    LightMarkup, RestoresSpeaker, StandsInAgendas, SpeakerAdmin, RecordsChange
):
    """The profile, whose changes show on the pages of events."""

    markup_fields = ("biography",)

    def events_touched(self, row: Speaker) -> Iterable[Event]:
        return Event.objects.filter(agenda_items__assignments__speaker=row).distinct()
