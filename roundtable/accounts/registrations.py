"""The registrations that belong to an account: those under its confirmed addresses."""

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from events.registration.models import Registration, RegistrationQuerySet, SeatRequest


@dataclass(frozen=True)
class Held:
    """A registration as its holder sees it in her list."""

    registration: Registration

    @property
    def state(self) -> str:
        """How the seat stands, in a few words."""
        in_force = [self.registration.seat, *self.registration.wishes]
        if states := [str(row) for row in in_force if row]:
            return ", ".join(states)
        last = max(self.registration.seat_requests.all(), key=lambda seat: seat.pk, default=None)
        if last and last.status == SeatRequest.Status.DECLINED:
            return _("The organisers could not give a seat.")
        return _("The seat was given up.")


def registrations_of(user: User) -> RegistrationQuerySet:
    """Return her own registrations and those of people she registered, the earliest event first.

    Only a confirmed address counts: anybody may claim any other. Two queries,
    and one more for the seats.
    """
    confirmed = EmailAddress.objects.filter(user=user, verified=True)
    addresses = [email.lower() for email in confirmed.values_list("email", flat=True)]
    rows: RegistrationQuerySet = Registration.objects.with_details()
    return (
        rows.annotate(own=Lower("email"), through=Lower("contact__email"))
        .filter(Q(own__in=addresses) | Q(through__in=addresses))
        .order_by("event__starts_at", "event_id", "pk")
    )
