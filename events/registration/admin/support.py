"""What support people asked for at an event, for whoever arranges it."""

from dataclasses import dataclass, field

from events.models import Event
from events.registration.models import Attendant, Registration, SupportNeed


@dataclass
class Kind:
    """One kind of support, and who asked for it."""

    label: str
    needs: list[SupportNeed] = field(default_factory=list)


def needs_by_kind(event: Event) -> list[Kind]:
    """Return what the people who hold a seat or wait for one asked for, each kind once."""
    needs = (
        SupportNeed.objects.filter(
            registration__event=event,
            registration__in=Registration.objects.filter(event=event).taking_part(),
        )
        .select_related("registration")
        .prefetch_related("registration__seat_requests")
        .order_by("registration__name", "pk")
    )
    kinds = {kind.value: Kind(str(kind.label)) for kind in SupportNeed.Kind}
    for need in needs:
        kinds[need.kind].needs.append(need)
    return [kind for kind in kinds.values() if kind.needs]


def attendants_at(event: Event) -> list[Attendant]:
    """Return who comes along with the people who hold a seat or wait for one."""
    attendants = Attendant.objects.filter(
        registration__event=event,
        registration__in=Registration.objects.filter(event=event).taking_part(),
    )
    return list(attendants.select_related("registration").order_by("registration__name", "pk"))
