"""The organisers' admin, put together: each room brings its own part."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.forms import ChoiceField, ModelForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from events import clock
from events.admin import (
    ConceptNoteAdmin,
    ConflictGuard,
    EventAdmin,
    LightMarkup,
    RecordsChange,
    Registered,
    RestoresSpeaker,
    StandsInAgendas,
)
from events.admin.moving import Move
from events.models import ConceptNote, Event
from events.registration import access, rules
from events.registration.admin import (
    InvitationPages,
    KeptSeatsInline,
    QuestionInline,
    QuotaInline,
    RegistrationSettingsInline,
    TablePages,
    save_kept_seats,
    save_questions,
    save_quotas,
)
from events.registration.admin.exporting import MAY_EXPORT
from events.registration.models import (
    Interpretation,
    KeptSeats,
    Question,
    Quota,
    Registration,
    SeatRequest,
)
from events.registration.outbox.admin import OutboxMailAdmin
from events.registration.outbox.models import OutboxMail
from roundtable.colleagues import ColleagueAdmin
from speakers.admin import SpeakerAdmin, StakeholderGroupAdmin
from speakers.models import Speaker, StakeholderGroup

# Languages a note may be in beside those of the site.
NOTE_LANGUAGES = {
    language.value: language.label
    for language in (Interpretation.SWAHILI, Interpretation.FRENCH, Interpretation.ARABIC)
}

# Rooms bring their own; what is put together here takes their place. Roles are
# a table in code, and the rows of the packages below are nothing to edit by hand.
REPLACED: list[type[Model]] = [
    Event, ConceptNote, Speaker, StakeholderGroup, OutboxMail, User, Group,
]  # fmt: skip
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


class RegistrationOfEvent(RegistrationSettingsInline):
    """When people can register: one row, under one heading."""

    verbose_name = verbose_name_plural = _lazy("registration")
    template = "admin/events/event/registration.html"


class SeatsOfEvent(QuotaInline):
    """Quotas, as an organiser calls them."""

    verbose_name = _lazy("way to take part")
    verbose_name_plural = _lazy("seats")


@admin.register(Event)
class EventWithRegistrationAdmin(KeptByPeople, TablePages, InvitationPages, EventAdmin):
    """The event with its seats, when people can register, who is at its table and invited."""

    needed_as = "event"
    inlines = [
        *EventAdmin.inlines, RegistrationOfEvent, SeatsOfEvent, KeptSeatsInline, QuestionInline,
    ]  # fmt: skip

    def people_registered(self, event: Event) -> Registered:
        status = SeatRequest.Status
        holding = event.registrations.holding_a_seat()
        waiting = event.registrations.filter(
            seat_requests__status__in=[status.WAITING, status.PENDING]
        ).exclude(pk__in=holding)
        return Registered(seats=holding.count(), waiting=waiting.distinct().count())

    def save_related(
        self, request: HttpRequest, form: ModelForm, formsets: list[Any], change: bool
    ) -> None:
        """Give the seats that what was saved makes free, and say who was not told of it."""
        super().save_related(request, form, formsets, change)
        rules.move_up(form.instance, now=clock.now(), at=timezone.now())
        move: Move | None = getattr(form, "move", None)
        if move:
            self._say_who_was_not_told(request, form.instance, move.registered)

    def _say_who_was_not_told(
        self, request: HttpRequest, event: Event, registered: Registered
    ) -> None:
        """Warn that nobody was told of a change just made; lead to who they are."""
        number = registered.seats or registered.waiting
        text = (
            ngettext(
                "%(number)d person holds a seat and has had no mail of it.",
                "%(number)d people hold a seat and have had no mail of it.",
                number,
            )
            if registered.seats
            else ngettext(
                "%(number)d person waits for a seat and has had no mail of it.",
                "%(number)d people wait for a seat and have had no mail of it.",
                number,
            )
        ) % {"number": number}
        if request.user.has_perm(MAY_EXPORT):
            url = reverse("admin:registration_registration_export")
            link = f"{url}?event__id__exact={event.pk}"
            text = format_html('{} <a href="{}">{}</a>', text, link, _("Export the registrations"))
        messages.warning(request, text)

    def may_copy_registration(self, request: HttpRequest) -> bool:
        return request.user.has_perms(
            [
                "registration.add_quota",
                "registration.add_keptseats",
                "registration.add_question",
                "registration.add_registrationsettings",
                "registration.add_tabletarget",
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
        elif formset.model is Question:
            save_questions(request, formset)
        else:
            super().save_formset(request, form, formset, change)


@admin.register(StakeholderGroup)
class GroupOfPeopleAdmin(KeptByPeople, StakeholderGroupAdmin):
    """A group, which people chose when they registered."""

    needed_as = "group"


@admin.register(OutboxMail)
class LoggedOutboxAdmin(OutboxMailAdmin):
    """The outbox. It tells whom the site wrote to, so who saw that is noted first."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        shown = getattr(response, "context_data", None) or {}
        if "cl" in shown:
            self._note(request, len(shown["cl"].result_list))
        return response

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        self._note(request, 1)
        return super().changeform_view(request, object_id, *args, **kwargs)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._note(request, 1)
        return super().history_view(request, object_id, extra_context)

    def _note(self, request: HttpRequest, number: int) -> None:
        if self.has_view_or_change_permission(request):
            access.record(access.What.MAILS, by=request.user, at=timezone.now(), number=number)


@admin.register(ConceptNote)
class NoteInLanguagesAdmin(ConceptNoteAdmin):
    """The concept note, whose language is chosen by name."""

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        field = form.base_fields.get("language")
        if field:  # who may only look has none
            languages = {**dict(settings.LANGUAGES), **NOTE_LANGUAGES}
            if obj and obj.language not in languages:
                languages[obj.language] = obj.language
            form.base_fields["language"] = ChoiceField(
                label=field.label, initial=field.initial, choices=list(languages.items())
            )
        return form


@admin.register(Speaker)
class SpeakerInEventsAdmin(
    ConflictGuard, LightMarkup, RestoresSpeaker, StandsInAgendas, SpeakerAdmin, RecordsChange
):
    """The profile, whose changes show on the pages of events."""

    markup_fields = ("biography",)

    def events_touched(self, row: Speaker) -> Iterable[Event]:
        return Event.objects.filter(agenda_items__assignments__speaker=row).distinct()
