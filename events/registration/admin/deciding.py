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
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from events.registration.forms import TOO_LONG, AddressField
from events.registration.models import REASON_LENGTH, Registration, RegistrationQuerySet
from events.registration.rules import Refused
from events.registration.seats import Reason

# So many people are written in one transaction: the event's row is locked for
# well under a second, and people who register in between find it free.
BATCH = 20
# So many people are named on a page or in a message; of the others only the number is told.
MOST_NAMED = 20

# What was done, as the message after it says.
CONFIRMED = ngettext_lazy(
    "Confirmed: %(number)d person.", "Confirmed: %(number)d people.", "number"
)
DECLINED = ngettext_lazy("Declined: %(number)d person.", "Declined: %(number)d people.", "number")
GIVEN_UP = ngettext_lazy(
    "Seat given up: %(number)d person.", "Seats given up: %(number)d people.", "number"
)

# What the pages that ask first say of what comes of it.
TAKEN_AGAIN = gettext_lazy(
    "After this, only the person can take a seat again, by the personal link. "
    "If the choice should stay with the organisers, decline instead."
)
STAYS_DECLINED = gettext_lazy(
    "Whoever is declined gets no seat by registering again. You can still confirm it later."
)
FIRST_COME = gettext_lazy(
    "Whoever registered first is taken first. Where no seat is free, nothing changes, and the "
    "list then says for how many."
)


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
                    "and the others are kept for other groups or held for people invited."
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

    ``refused`` has the reasons in words, each with how many people; ``unreached``
    the names of those it was done to whom no mail can tell.
    """

    done: int = 0
    already: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    unreached: list[str] = field(default_factory=list)

    def add(self, registration: Registration, *, done: bool) -> None:
        """Count a person it was done to, or for whom it was so already."""
        self.done += done
        self.already += not done
        if done and not registration.address:
            self.unreached.append(registration.name)


def in_order(registrations: RegistrationQuerySet) -> RegistrationQuerySet:
    """Return who came first first.

    By event before that, so that two organisers lock several events in the same order.
    """
    return registrations.order_by("event", "created_at", "pk")


def for_each(registrations: RegistrationQuerySet, act: Callable[[Registration], bool]) -> Tally:
    """Do something by the rules to many people, who came first first, BATCH to a transaction.

    Whoever is refused is counted with the reason, and the others are gone on with.
    """
    tally = Tally()
    keys = list(in_order(registrations).values_list("pk", flat=True))
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
                    tally.add(registration, done=done)
    return tally


def _batches(keys: list[int]) -> list[list[int]]:
    return [keys[start : start + BATCH] for start in range(0, len(keys), BATCH)]


def tell(request: HttpRequest, tally: Tally, did: Promise) -> None:
    """Say how many people it was done to, and how many not and why. ``did`` says what it was."""
    if tally.done:
        text = str(did % {"number": tally.done})
        if not tally.unreached:
            text += " " + ngettext("A mail tells them.", "Each gets a mail.", tally.done)
        messages.success(request, text)
    if tally.unreached:
        messages.warning(request, no_address(tally.unreached))
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


def no_address(names: list[str]) -> str:
    """Say that no mail could tell some people what was done, and who they are."""
    text = ngettext(
        "%(number)d person has no address and got no mail: %(names)s",
        "%(number)d people have no address and got no mail: %(names)s",
        len(names),
    )
    return text % {"number": len(names), "names": named(names)}


def no_link(names: list[str]) -> str:
    """Say that people got no mail with their link, why that may be, and who they are."""
    text = ngettext(
        "%(number)d person got no mail: %(names)s. "
        "There is no address, or enough mails went there in this hour.",
        "%(number)d people got no mail: %(names)s. "
        "There is no address, or enough mails went there in this hour.",
        len(names),
    )
    return text % {"number": len(names), "names": named(names)}


def named(names: list[str]) -> str:
    """Return the first names, and how many more there are."""
    shown = ", ".join(names[:MOST_NAMED])
    more = len(names) - MOST_NAMED
    if more <= 0:
        return shown
    text = ngettext("%(names)s and %(more)d more", "%(names)s and %(more)d more", more)
    return text % {"names": shown, "more": more}
