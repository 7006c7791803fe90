"""The organisers' admin, put together: each room brings its own part."""

from collections.abc import Iterable
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from events.admin import EventAdmin, RecordsChange
from events.models import Event
from events.registration.admin import (
    QuotaInline,
    RegistrationSettingsInline,
    save_quotas,
)
from events.registration.models import Quota
from speakers.admin import SpeakerAdmin
from speakers.models import Speaker

admin.site.site_header = _("Roundtable: for organisers")
admin.site.site_title = _("Roundtable")
admin.site.index_title = _("What would you like to do?")
# Sign-in belongs to allauth. Who is signed in and is no organiser gets a 403.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

admin.site.unregister(Event)
admin.site.unregister(Speaker)


@admin.register(Event)
class EventWithRegistrationAdmin(EventAdmin):
    """The event with the seats it offers and when people can register."""

    inlines = [RegistrationSettingsInline, QuotaInline, *EventAdmin.inlines]

    def save_formset(
        self, request: HttpRequest, form: ModelForm, formset: Any, change: bool
    ) -> None:
        if formset.model is Quota:
            save_quotas(request, formset)
        else:
            super().save_formset(request, form, formset, change)


@admin.register(Speaker)
class SpeakerInEventsAdmin(SpeakerAdmin, RecordsChange):
    """The profile, whose changes show on the pages of events."""

    def events_touched(self, row: Speaker) -> Iterable[Event]:
        return Event.objects.filter(agenda_items__assignments__speaker=row).distinct()
