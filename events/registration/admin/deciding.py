"""What an organiser does to one person or to many: the sentences, and going through them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from events.registration.forms import TOO_LONG, AddressField
from events.registration.models import REASON_LENGTH, Registration, RegistrationQuerySet
from events.registration.rules import Refused
from events.registration.seats import Reason

# So many people are written in one transaction: the event's row is locked for
# well under a second, and people who register in between find it free.
BATCH = 20


class ReasonForm(forms.Form):
    """Why a seat is declined, in words that the person reads."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 60, "dir": "auto"}),
        help_text=gettext_lazy("If you like. It stands in the mail, and in the history."),
        max_length=REASON_LENGTH,
        error_messages={"max_length": TOO_LONG},
    )


class AddressForm(forms.Form):
    """The address a person really has."""

    email = AddressField(
        label=gettext_lazy("New address"),
        required=False,
        max_length=254,
        help_text=gettext_lazy(
            "Her personal link goes there at once. Read it once more, letter by letter. "
            "Leave it empty if no address reaches her."
        ),
        widget=forms.EmailInput(attrs={"autocomplete": "off", "size": 40}),
    )

    def __init__(self, *args: Any, registration: Registration, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.registration = registration

    def clean_email(self) -> str | None:
        """Refuse an address of somebody else at this event, and the one she has."""
        email = self.cleaned_data["email"] or None
        if email == self.registration.email:
            raise ValidationError(_("This is the address we have."))
        others = Registration.objects.filter(event=self.registration.event)
        if email and others.exclude(pk=self.registration.pk).with_address(email).exists():
            raise ValidationError(address_taken())
        return email


def address_taken() -> str:
    """Say that somebody else at the event has this address."""
    return _("This address is registered for this event already.")


def sentence(refusal: Refused) -> str:
    """Say to an organiser why something was not done."""
    if refusal.seats is not None:
        numbers = {"taken": refusal.seats.taken, "limit": refusal.seats.limit}
        if refusal.reason == Reason.KEPT:
            return (
                _(
                    "%(taken)d of %(limit)d seats are taken, "
                    "and the others are kept for other groups."
                )
                % numbers
            )
        return _("All seats are taken: %(taken)d of %(limit)d.") % numbers
    sentences = {
        "not_offered": _("This way to take part is not offered."),
        "cancelled": _("The event was cancelled."),
        "over": _("The event is over."),
        "gave_up": _("The seat was given up. Only the person can take one again."),
        "not_asked": _("The person did not ask for such a seat."),
        "address_taken": address_taken(),
    }
    return sentences[str(refusal.reason)]


@dataclass
class Tally:
    """How many people something was done to, for how many it was so already, and who was refused.

    ``refused`` has the reasons in words, each with how many people.
    """

    done: int = 0
    already: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def for_each(registrations: RegistrationQuerySet, act: Callable[[Registration], bool]) -> Tally:
    """Do something by the rules to many people, who came first first, BATCH to a transaction.

    Whoever is refused is counted with the reason, and the others are gone on with.
    """
    tally = Tally()
    # By event first, so that two organisers lock several events in the same order.
    keys = list(registrations.order_by("event", "created_at", "pk").values_list("pk", flat=True))
    for batch in _batches(keys):
        rows = Registration.objects.with_details().in_bulk(batch)
        with transaction.atomic():
            # Somebody may have been erased since the list was read.
            for registration in (rows[key] for key in batch if key in rows):
                try:
                    done = act(registration)
                except Registration.DoesNotExist:
                    continue
                except Refused as refusal:
                    tally.refused[sentence(refusal)] += 1
                else:
                    tally.done += done
                    tally.already += not done
    return tally


def _batches(keys: list[int]) -> list[list[int]]:
    return [keys[start : start + BATCH] for start in range(0, len(keys), BATCH)]


def tell(request: HttpRequest, tally: Tally) -> None:
    """Say how many it was done to, and how many not and why."""
    done = ngettext(
        "Done for %(number)d person. A mail tells it.",
        "Done for %(number)d people. A mail tells each of them.",
        tally.done,
    )
    if tally.done:
        messages.success(request, done % {"number": tally.done})
    if tally.already:
        already = ngettext(
            "For %(number)d person it was so already.",
            "For %(number)d people it was so already.",
            tally.already,
        )
        messages.info(request, already % {"number": tally.already})
    for reason, number in tally.refused.most_common():
        refused = ngettext(
            "Not done for %(number)d person: %(reason)s",
            "Not done for %(number)d people: %(reason)s",
            number,
        )
        messages.warning(request, refused % {"number": number, "reason": reason})
