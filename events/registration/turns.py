"""What the outbox worker does by the clock every minute (see OUTBOX_DUTIES in the settings).

Every rule that frees a seat gives it at once. What nobody did remains: a time
has come until which seats were kept, or held for somebody invited; and more
people than move up at once, or than are put in line when organisers look at
each person no longer.
"""

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from events import clock
from events.models import Event
from events.registration.models import Invitation, SeatRequest


def move_up() -> None:
    """Give free seats at every event that people wait for. One query where nobody waits."""
    now = clock.now()
    waiting = SeatRequest.objects.filter(
        Q(status=SeatRequest.Status.WAITING)
        | Q(status=SeatRequest.Status.PENDING) & ~Q(event__registration_settings__approval=True),
        event=OuterRef("pk"),
    )
    events = list(Event.objects.upcoming(now).filter(Exists(waiting)))
    if events:
        # Late: mails, calendars and templates, which a worker without such a list needs not.
        from events.registration import rules

        for event in events:
            rules.move_up(event, now=now, at=timezone.now())


def forget_unanswered() -> None:
    """Remove invitations nobody came by, a while after their event. One query if there is none."""
    now = clock.now()
    if Invitation.objects.filter(registration=None, event__ends_at__lt=now).exists():
        from events.registration import rules

        rules.forget_unanswered(now=now)
