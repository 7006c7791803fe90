"""What an event offers: when people can register, its seats, and those kept for groups."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from events import clock
from events.admin.named import MOMENTS
from events.registration import rules
from events.registration.models import KeptSeats, Quota, RegistrationSettings, SeatRequest
from events.registration.queries import seat_requests_by_status, seats_held

Status = SeatRequest.Status


class RegistrationSettingsInline(admin.StackedInline):
    model = RegistrationSettings
    formfield_overrides = MOMENTS
    min_num = 1
    max_num = 1
    can_delete = False


class QuotaForm(forms.ModelForm):
    """Refuses fewer seats than are taken; stopping new seats is its own switch."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        # A new event has no key yet, so the row does not know it; the form does.
        event, mode, seats = cleaned.get("event"), cleaned.get("mode", ""), cleaned.get("seats")
        if not (mode and event and event.pk):
            return cleaned
        numbers = seat_requests_by_status(event)
        held = seats_held(event, now=clock.now())
        taken = numbers.get((mode, Status.CONFIRMED), 0)
        if seats is not None and seats < taken + held.get(mode, 0):
            self.add_error("seats", too_few(taken, held.get(mode, 0)))
        before = self.initial.get("mode", "")
        if before != mode and (said := in_use(numbers, before, held=held)):
            self.add_error("mode", said)
        return cleaned


class QuotaFormSet(forms.BaseInlineFormSet):
    """Refuses to take away a way to take part that people hold seats of, or wait for."""

    def clean(self) -> None:
        super().clean()
        if not self.instance.pk or not self.deleted_forms:
            return
        numbers = seat_requests_by_status(self.instance)
        held = seats_held(self.instance, now=clock.now())
        for form in self.deleted_forms:
            if said := in_use(numbers, form.instance.mode, held=held):
                raise ValidationError(said)


def in_use(numbers: Mapping[tuple[str, str], int], mode: str, *, held: Mapping[str, int]) -> str:
    """Say why a way to take part can't be taken away; nothing where nobody wants it."""
    taken = numbers.get((mode, Status.CONFIRMED), 0)
    if taken or held.get(mode, 0):
        return too_few(taken, held.get(mode, 0))
    waiting = sum(numbers.get((mode, status), 0) for status in (Status.WAITING, Status.PENDING))
    if not waiting:
        return ""
    text = ngettext(
        "%(waiting)d person waits for it. To take no more people, tick “stop new seats”.",
        "%(waiting)d people wait for it. To take no more people, tick “stop new seats”.",
        waiting,
    )
    return text % {"waiting": waiting}


def refusal(taken: int) -> str:
    """Say how many seats are taken, and what to do instead."""
    text = ngettext(
        "%(taken)d seat is taken already. To take no more people, tick “stop new seats”.",
        "%(taken)d seats are taken already. To take no more people, tick “stop new seats”.",
        taken,
    )
    return text % {"taken": taken}


def too_few(taken: int, held: int) -> str:
    """Say how many seats are taken, and held for people who are invited."""
    if not held:
        return refusal(taken)
    text = ngettext(
        "%(held)d seat is held for somebody invited, and %(taken)d taken. "
        "To have it back, withdraw the invitation.",
        "%(held)d seats are held for people invited, and %(taken)d taken. "
        "To have them back, withdraw the invitations.",
        held,
    )
    return text % {"held": held, "taken": taken}


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
    formfield_overrides = MOMENTS
    extra = 0
    verbose_name = _("group")
    verbose_name_plural = _("Seats kept for groups until a time")


def save_kept_seats(formset: Any) -> None:
    """Write a formset of kept seats by the rules."""
    changed = formset.save(commit=False)
    for kept in formset.deleted_objects:
        rules.keep_no_longer(kept, now=clock.now(), at=timezone.now())
    for kept in changed:
        rules.keep_seats(kept, now=clock.now(), at=timezone.now())


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
    set_quota: Callable[[Quota], None] = partial(
        rules.set_quota, now=clock.now(), at=timezone.now()
    )
    changed = [(set_quota, quota) for quota in formset.save(commit=False)]
    remove_quota: Callable[[Quota], None] = partial(rules.remove_quota, now=clock.now())
    removed = [(remove_quota, quota) for quota in formset.deleted_objects]
    for write, quota in [*changed, *removed]:
        try:
            write(quota)
        except rules.Refused:
            numbers = seat_requests_by_status(quota.event)
            # Refused for what it was for, or for what it would be for now.
            before = Quota.objects.filter(pk=quota.pk).first() or quota
            held = seats_held(quota.event, now=clock.now())
            said = in_use(numbers, before.mode, held=held) or in_use(numbers, quota.mode, held=held)
            messages.error(request, f"{before.get_mode_display()}: {said}")
