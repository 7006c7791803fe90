"""The organisers' admin, put together: each room brings its own part."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import ngettext

from events.admin import (
    ConflictGuard,
    EventAdmin,
    LightMarkup,
    RecordsChange,
    Registered,
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
from events.registration.models import KeptSeats, Quota, Registration, SeatRequest
from roundtable.colleagues import ColleagueAdmin
from speakers.admin import SpeakerAdmin, StakeholderGroupAdmin
from speakers.models import Speaker, StakeholderGroup

# Rooms bring their own; what is put together here takes their place. Roles are
# a table in code, and the rows of the packages below are nothing to edit by hand.
REPLACED: list[type[Model]] = [Event, Speaker, StakeholderGroup, User, Group]
PACKAGES = ["account", "mfa"]
of_packages = [model for name in PACKAGES for model in apps.get_app_config(name).get_models()]
for model in [*REPLACED, *of_packages]:
    if admin.site.is_registered(model):
        admin.site.unregister(model)

admin.site.register(User, ColleagueAdmin)


class KeptByPeople(admin.ModelAdmin):
    """A row that stays while registrations need it: it is said how many do, and not whose.

    Django would name each person, past the log of who saw personal data.
    """

    needed_as = ""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        people = Registration.objects.filter(**{f"{self.needed_as}__in": objs}).count()
        if not people:
            return super().get_deleted_objects(objs, request)
        text = ngettext("%(number)d registration", "%(number)d registrations", people)
        return [], {}, set(), [text % {"number": people}]


@admin.register(Event)
class EventWithRegistrationAdmin(KeptByPeople, EventAdmin):
    """The event with the seats it offers and when people can register."""

    needed_as = "event"
    inlines = [*EventAdmin.inlines, RegistrationSettingsInline, QuotaInline, KeptSeatsInline]

    def people_registered(self, event: Event) -> Registered:
        status = SeatRequest.Status
        holding = event.registrations.holding_a_seat()
        waiting = event.registrations.filter(
            seat_requests__status__in=[status.WAITING, status.PENDING]
        ).exclude(pk__in=holding)
        return Registered(seats=holding.count(), waiting=waiting.distinct().count())

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


@admin.register(StakeholderGroup)
class GroupOfPeopleAdmin(KeptByPeople, StakeholderGroupAdmin):
    """A group, which people chose when they registered."""

    needed_as = "group"


@admin.register(Speaker)
class SpeakerInEventsAdmin(
    ConflictGuard, LightMarkup, RestoresSpeaker, StandsInAgendas, SpeakerAdmin, RecordsChange
):
    """The profile, whose changes show on the pages of events."""

    markup_fields = ("biography",)

    def events_touched(self, row: Speaker) -> Iterable[Event]:
        return Event.objects.filter(agenda_items__assignments__speaker=row).distinct()
