"""Registrations in the admin. What is done to them is done by the rules."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import EmailField, Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from events.registration import rules
from events.registration.forms import AddressField
from events.registration.models import (
    AttendanceMode,
    Consent,
    KeptSeats,
    Quota,
    Registration,
    RegistrationQuerySet,
    RegistrationSettings,
    SeatRequest,
    SupportNeed,
)
from events.registration.queries import seats_taken


class RegistrationSettingsInline(admin.StackedInline):
    model = RegistrationSettings
    min_num = 1
    max_num = 1
    can_delete = False


class QuotaForm(forms.ModelForm):
    """Refuses fewer seats than are taken; stopping new seats is its own switch."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        # A new event has no key yet, so the row does not know it; the form does.
        event, mode, seats = cleaned.get("event"), cleaned.get("mode", ""), cleaned.get("seats")
        taken = seats_taken(event) if mode and event and event.pk else {}
        if seats is not None and seats < taken.get(mode, 0):
            self.add_error("seats", refusal(taken[mode]))
        before = self.initial.get("mode", "")
        if before != mode and taken.get(before):
            self.add_error("mode", refusal(taken[before]))
        return cleaned


class QuotaFormSet(forms.BaseInlineFormSet):
    """Refuses to take away a way to take part that people hold seats for."""

    def clean(self) -> None:
        super().clean()
        taken = seats_taken(self.instance) if self.instance.pk else {}
        for form in self.deleted_forms:
            if taken.get(form.instance.mode):
                raise ValidationError(refusal(taken[form.instance.mode]))


def refusal(taken: int) -> str:
    """Say how many seats are taken, and what to do instead."""
    text = ngettext(
        "%(taken)d seat is taken already. To take no more people, tick “stop new seats”.",
        "%(taken)d seats are taken already. To take no more people, tick “stop new seats”.",
        taken,
    )
    return text % {"taken": taken}


class KeptSeatsFormSet(forms.BaseInlineFormSet):
    """Refuses to keep more seats than there are, as the quotas beside them are being saved."""

    def clean(self) -> None:
        super().clean()
        limits = self._limits()
        kept: dict[str, int] = {}
        for form in self.forms:
            values = getattr(form, "cleaned_data", {})
            mode, seats = values.get("mode"), values.get("seats")
            if not mode or not seats or values.get("DELETE"):
                continue
            kept[mode] = kept.get(mode, 0) + seats
            limit = limits.get(mode)
            if limit is None:
                form.add_error("mode", NOTHING_TO_KEEP)
            elif kept[mode] > limit:
                form.add_error("seats", more_than_seats(limit))

    def _limits(self) -> dict[str, int | None]:
        """Return the seats of each mode: as typed on this page, else as saved."""
        data = self.data
        count = data.get("quotas-TOTAL_FORMS", "")
        if not count.isdecimal():
            return dict(self.instance.quotas.values_list("mode", "seats"))
        limits: dict[str, int | None] = {}
        for row in (f"quotas-{number}" for number in range(min(int(count), 20))):
            if not data.get(f"{row}-DELETE"):
                seats = data.get(f"{row}-seats", "").strip()
                limits[data.get(f"{row}-mode", "")] = int(seats[:9]) if seats.isdecimal() else None
        return limits


NOTHING_TO_KEEP = _("This way to take part has no limit, so there is nothing to keep seats from.")


def more_than_seats(limit: int) -> str:
    """Say how many seats there are in all."""
    text = ngettext(
        "There is %(limit)d seat of this kind in all.",
        "There are %(limit)d seats of this kind in all.",
        limit,
    )
    return text % {"limit": limit}


class KeptSeatsInline(admin.TabularInline):
    model = KeptSeats
    formset = KeptSeatsFormSet
    extra = 0
    verbose_name = _("group")
    verbose_name_plural = _("Seats kept for groups until a time")


def save_kept_seats(formset: Any) -> None:
    """Write a formset of kept seats by the rules."""
    changed = formset.save(commit=False)
    for kept in formset.deleted_objects:
        rules.keep_no_longer(kept)
    for kept in changed:
        rules.keep_seats(kept)


class QuotaInline(admin.TabularInline):
    model = Quota
    form = QuotaForm
    formset = QuotaFormSet
    extra = 0


def save_quotas(request: HttpRequest, formset: Any) -> None:
    """Write a formset of quotas by the rules, which look again behind the lock.

    Where somebody took a seat since the form was checked, that quota stays as
    it was and the organiser is told.
    """
    changed = [(rules.set_quota, quota) for quota in formset.save(commit=False)]
    removed = [(rules.remove_quota, quota) for quota in formset.deleted_objects]
    for write, quota in [*changed, *removed]:
        try:
            write(quota)
        except rules.Refused:
            taken = seats_taken(quota.event).get(quota.mode, 0)
            messages.error(request, f"{quota.get_mode_display()}: {refusal(taken)}")


class ReadOnlyInline(admin.TabularInline):
    """Shown to whom the permission allows; nobody edits it here."""

    extra = 0
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """All of them: times that no form may hold are among them."""
        return list(cast("list[str]", self.fields))

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class SeatRequestInline(ReadOnlyInline):
    model = SeatRequest
    fields = ["mode", "status", "created_at", "changed_at"]


class ConsentInline(ReadOnlyInline):
    model = Consent
    fields = ["purpose", "given", "notice_version", "language", "channel", "at"]


class SupportNeedInline(ReadOnlyInline):
    model = SupportNeed
    fields = ["kind", "note"]


class SeatFilter(admin.SimpleListFilter):
    """Who takes part how. A seat given up for another one does not count."""

    title = _("seat")
    parameter_name = "seat"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*AttendanceMode.choices, ("none", _("Gave up the seat"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> RegistrationQuerySet:
        mode = self.value()
        if mode == "none":
            return queryset.without_a_seat()
        return queryset.holding_a_seat(mode) if mode in AttendanceMode.values else queryset


class CorrectionForm(forms.ModelForm):
    """An organiser's corrections. The event is not among them, so its addresses are looked up."""

    def clean_email(self) -> str | None:
        email: str | None = self.cleaned_data["email"]
        others = Registration.objects.filter(event=self.instance.event).exclude(pk=self.instance.pk)
        if email and others.with_address(email).exists():
            raise ValidationError(_("This address is registered for this event already."))
        return email


@admin.register(Registration)
class RegistrationAdmin(admin.ModelAdmin):
    list_display = ["name", "event", "group", "country", "seats", "created_at"]
    list_filter = ["event", SeatFilter, "group", "country"]
    list_select_related = ["event", "group"]
    search_fields = ["name", "email", "organisation"]
    date_hierarchy = "created_at"
    form = CorrectionForm
    formfield_overrides = {EmailField: {"form_class": AddressField}}
    inlines = [SeatRequestInline, ConsentInline, SupportNeedInline]
    actions = ["send_link_again", "give_up_seat"]
    readonly_fields = ["event", "contact", "interpretation", "created_at", "changed_at"]
    fieldsets = [
        (None, {"fields": ["event", "name", "email", "contact", "phone", "language"]}),
        (
            _("Who it is"),
            {"fields": ["group", "organisation", "job_title", "country", "county"]},
        ),
        (_("For the table"), {"fields": ["question", "interpretation"]}),
        (_("When"), {"fields": ["created_at", "changed_at"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Registration]:
        return super().get_queryset(request).prefetch_related("seat_requests")

    @admin.display(description=_("seat"))
    def seats(self, registration: Registration) -> str:
        return ", ".join(str(seat) for seat in registration.seat_requests.all())

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People register by the form, where they are asked for their consent."""
        return False

    def save_model(self, request: HttpRequest, obj: Registration, form: Any, change: bool) -> None:
        rules.correct(obj, at=timezone.now())

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[Any, int], set[str], list[Any]]:
        """Name the people who would go, but not the support they asked for or their voices."""
        _all, _counts, perms_needed, protected = super().get_deleted_objects(objs, request)
        people = [str(registration) for registration in objs]
        return people, {self.opts.verbose_name_plural: len(people)}, perms_needed, protected

    def delete_model(self, request: HttpRequest, obj: Registration) -> None:
        rules.erase(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Registration]) -> None:
        for registration in queryset:
            rules.erase(registration)

    @admin.action(description=_("Send the link again"), permissions=["change"])
    def send_link_again(self, request: HttpRequest, queryset: RegistrationQuerySet) -> None:
        sent = rules.send_links_to(queryset.with_details(), at=timezone.now())
        text = ngettext("%(sent)d mail is on its way.", "%(sent)d mails are on their way.", sent)
        messages.success(request, text % {"sent": sent})

    @admin.action(description=_("Give up the seat for them"), permissions=["change"])
    def give_up_seat(self, request: HttpRequest, queryset: QuerySet[Registration]) -> None:
        for registration in queryset:
            rules.cancel(registration, at=timezone.now())
        messages.success(request, _("Done. A mail tells each of them."))
