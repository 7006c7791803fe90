"""Registrations, the seats they ask for, and what people entrust us with.

Support needs and voices stand in tables of their own, so that the permission
to see a registration is not yet the permission to see them. Rows are written
by ``rules`` only.
"""

import secrets
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from events.models import Event
from events.registration.counties import COUNTIES
from speakers.models import StakeholderGroup, Voice

QUESTION_LENGTH = 2000
SUPPORT_NOTE_LENGTH = 1000
REASON_LENGTH = 500
OWN_QUESTION_LENGTH = 300
# People who may come along with one.
MOST_ATTENDANTS = 2
# People of one group that organisers may wish for: more than any table holds.
MOST_WISHED = 999


def new_reference() -> str:
    """Return an unguessable public name for a registration: 72 random bits, 12 characters."""
    return secrets.token_urlsafe(9)


# Digits and capitals without those that look like another: 32 signs, so 40 bits in a code.
CODE_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 8


def new_code() -> str:
    """Return a short code that can be read out and written by hand: 40 random bits."""
    return "".join(secrets.choice(CODE_SIGNS) for _sign in range(CODE_LENGTH))


class AttendanceMode(models.TextChoices):
    """How somebody takes part."""

    IN_ROOM = "in_room", _("In the room")
    ONLINE = "online", _("Online")


class RegistrationState(models.TextChoices):
    """Whether people can register for an event now."""

    NOT_YET = "not_yet", _("Not yet open")
    OPEN = "open", _("Open")
    WAITING_LIST = "waiting_list", _("Waiting list")
    CLOSED = "closed", _("Closed")


class AddressCheck(models.TextChoices):
    """Whether people confirm their address, and what hangs on it (see ``address_check``)."""

    NEVER = "never", _("Nobody is asked")
    WHEN_WAITING = "when_waiting", _("Once somebody waits for a seat")
    BEFORE = "before", _("Before a seat counts")


class Interpretation(models.TextChoices):
    """Languages a person may need interpretation into; signed ones are asked as support."""

    ENGLISH = "en", _("English")
    SWAHILI = "sw", _("Kiswahili")
    FRENCH = "fr", _("French")
    ARABIC = "ar", _("Arabic")
    SPANISH = "es", _("Spanish")
    CHINESE = "zh", _("Chinese")
    RUSSIAN = "ru", _("Russian")


class RegistrationSettings(models.Model):
    """When people can register for an event."""

    event = models.OneToOneField(
        Event, models.CASCADE, verbose_name=_("event"), related_name="registration_settings"
    )
    opens_at = models.DateTimeField(
        _("opens"), null=True, blank=True, help_text=_("Leave empty: open once published.")
    )
    closes_at = models.DateTimeField(
        _("closes"), null=True, blank=True, help_text=_("Leave empty: closes at the start.")
    )
    stopped = models.BooleanField(
        _("stop new seats"),
        default=False,
        help_text=_("Tick to take no more people. Those who have a seat keep it."),
    )
    shows_open_seats = models.BooleanField(
        _("invite the groups that are missing"),
        default=False,
        help_text=_(
            "The event's page then names the groups of the concept note that nobody has come "
            "for yet, and invites them, as long as there are seats. It never says how many "
            "people are registered."
        ),
    )

    approval = models.BooleanField(
        _("look at each registration first"),
        default=False,
        help_text=_(
            "Tick to decide on each person yourselves. Until you do, nobody new has a seat; "
            "those who have one keep it, and those who wait already still move up."
        ),
    )
    by_invitation = models.BooleanField(
        _("only people we invite can register"),
        default=False,
        help_text=_(
            "The event's page then says that it is by invitation. Those who are registered "
            "stay so, and who waits still moves up."
        ),
    )
    address_check = models.CharField(
        _("ask people to confirm their address"),
        max_length=12,
        choices=AddressCheck.choices,
        default=AddressCheck.WHEN_WAITING,
        help_text=_(
            "Who was asked and does not confirm it gets one reminder after 24 hours, and loses "
            "the seat after 48. “Once somebody waits”: only if the seat goes to somebody else. "
            "“Before a seat counts”: in any case."
        ),
    )

    class Meta:
        verbose_name = _("registration settings")
        verbose_name_plural = _("registration settings")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="registration_closes_after_it_opens",
                condition=Q(opens_at__isnull=True)
                | Q(closes_at__isnull=True)
                | Q(closes_at__gt=models.F("opens_at")),
                violation_error_message=_("It must close after it opens."),
            ),
            models.CheckConstraint(
                name="registration_address_check_is_known",
                condition=Q(address_check__in=["never", "when_waiting", "before"]),
            ),
        ]

    def __str__(self) -> str:
        return str(_("Registration for %(event)s") % {"event": self.event.name})


class Quota(models.Model):
    """Seats for one mode at one event. A mode without a quota is not offered."""

    event = models.ForeignKey(Event, models.CASCADE, verbose_name=_("event"), related_name="quotas")
    mode = models.CharField(_("way to take part"), max_length=10, choices=AttendanceMode.choices)
    seats = models.PositiveIntegerField(
        _("seats"), null=True, blank=True, help_text=_("Leave empty for no limit.")
    )

    class Meta:
        verbose_name = _("quota")
        verbose_name_plural = _("quotas")
        ordering = ["mode"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="quota_one_per_mode",
                fields=["event", "mode"],
                violation_error_message=_("There is a quota for this way to take part already."),
            ),
            models.CheckConstraint(
                name="quota_mode_is_known", condition=Q(mode__in=["in_room", "online"])
            ),
        ]

    def __str__(self) -> str:
        seats = _("no limit") if self.seats is None else self.seats
        return f"{self.get_mode_display()}: {seats}"


class KeptSeats(models.Model):
    """Seats kept for a stakeholder group until a stated time (see ``seats``)."""

    event = models.ForeignKey(
        Event, models.CASCADE, verbose_name=_("event"), related_name="kept_seats"
    )
    mode = models.CharField(_("way to take part"), max_length=10, choices=AttendanceMode.choices)
    group = models.ForeignKey(
        StakeholderGroup,
        models.PROTECT,
        verbose_name=_("stakeholder group"),
        related_name="kept_seats",
    )
    seats = models.PositiveIntegerField(
        _("seats"),
        validators=[MinValueValidator(1)],
        help_text=_("At least so many people of this group find a seat, if they come in time."),
    )
    until = models.DateTimeField(
        _("kept until"), help_text=_("From then on, what is left is anybody's.")
    )

    class Meta:
        verbose_name = _("kept seats")
        verbose_name_plural = _("kept seats")
        ordering = ["mode", "until", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="kept_seats_once_per_group",
                fields=["event", "mode", "group"],
                violation_error_message=_("Seats of this kind are kept for this group already."),
            ),
            models.CheckConstraint(name="kept_seats_at_least_one", condition=Q(seats__gte=1)),
            models.CheckConstraint(
                name="kept_seats_mode_is_known", condition=Q(mode__in=["in_room", "online"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_mode_display()}: {self.seats} – {self.group}"


class TableTarget(models.Model):
    """How many people of a stakeholder group the organisers wish for at an event.

    Where there is no row, ``table.standard_target`` holds.
    """

    event = models.ForeignKey(
        Event, models.CASCADE, verbose_name=_("event"), related_name="table_targets"
    )
    group = models.ForeignKey(
        StakeholderGroup,
        models.CASCADE,
        verbose_name=_("stakeholder group"),
        related_name="table_targets",
    )
    people = models.PositiveSmallIntegerField(
        _("wished for"), validators=[MaxValueValidator(MOST_WISHED)]
    )

    class Meta:
        verbose_name = _("wish for the table")
        verbose_name_plural = _("wishes for the table")
        ordering = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(name="table_target_once_per_group", fields=["event", "group"]),
            models.CheckConstraint(
                name="table_target_is_within_bounds",
                condition=Q(people__gte=0, people__lte=MOST_WISHED),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.people}"


class RegistrationQuerySet(models.QuerySet["Registration"]):
    def with_address(self, email: str) -> "RegistrationQuerySet":
        """Those of this address, whatever its capitals."""
        return self.annotate(lower_email=Lower("email")).filter(lower_email=email.lower())

    def holding_a_seat(self, mode: str = "") -> "RegistrationQuerySet":
        """Those with a confirmed seat, in this mode or in whichever."""
        seats = SeatRequest.objects.filter(
            registration=OuterRef("pk"), status=SeatRequest.Status.CONFIRMED
        )
        return self.filter(Exists(seats.filter(mode=mode) if mode else seats))

    def without_a_seat(self) -> "RegistrationQuerySet":
        """Those who gave up their seat or were refused one, and wait for none."""
        return self.filter(~Exists(_live_seats()))

    def taking_part(self) -> "RegistrationQuerySet":
        """Those who hold a seat or wait for one."""
        return self.filter(Exists(_live_seats()))

    def asking_for(self, mode: str, status: str) -> "RegistrationQuerySet":
        """Those whose wish for this mode stands so."""
        seats = SeatRequest.objects.filter(registration=OuterRef("pk"), mode=mode, status=status)
        return self.filter(Exists(seats))

    def with_address_confirmed(self, confirmed: bool = True) -> "RegistrationQuerySet":
        """Those who confirmed an address of their own, or who have one and did not."""
        return self.filter(email__isnull=False, address_confirmed_at__isnull=not confirmed)

    def asking_for_support(self, asked: bool = True) -> "RegistrationQuerySet":
        """Those who asked for support to take part, or who did not. Restricted."""
        hers = {"registration": OuterRef("pk")}
        needs = Exists(SupportNeed.objects.filter(**hers)) | Exists(
            Attendant.objects.filter(**hers)
        )
        return self.filter(needs if asked else ~needs)

    def with_details(self) -> "RegistrationQuerySet":
        """With all that the person's own page and mails show."""
        return self.select_related(
            "event__series", "event__venue", "event__registration_settings", "group", "contact"
        ).prefetch_related("seat_requests")


def _live_seats() -> "models.QuerySet[SeatRequest]":
    """Return the seats held or waited for, beside a registration."""
    return SeatRequest.objects.filter(registration=OuterRef("pk"), status__in=SeatRequest.LIVE)


class Registration(models.Model):
    """One person at one event. A cancelled one is kept, and revived if she comes back."""

    event = models.ForeignKey(
        Event, models.PROTECT, verbose_name=_("event"), related_name="registrations"
    )
    reference = models.CharField(max_length=20, unique=True, editable=False, default=new_reference)
    name = models.CharField(
        _("name"), max_length=200, help_text=_("As it should stand on the certificate.")
    )
    email = models.EmailField(_("email"), max_length=254, null=True, blank=True)
    contact = models.ForeignKey(
        "self",
        models.PROTECT,
        verbose_name=_("mails go to"),
        null=True,
        blank=True,
        related_name="companions",
        help_text=_("For a person without an address: who gets the mails for her."),
    )
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    organisation = models.CharField(_("organisation"), max_length=200, blank=True)
    job_title = models.CharField(_("position"), max_length=200, blank=True)
    country = CountryField(_("country"))
    county = models.CharField(_("county"), max_length=3, blank=True, choices=COUNTIES)
    group = models.ForeignKey(
        StakeholderGroup,
        models.PROTECT,
        verbose_name=_("stakeholder group"),
        related_name="registrations",
    )
    interpretation = models.JSONField(_("interpretation into"), default=list, blank=True)
    question = models.TextField(
        _("question for the table"),
        blank=True,
        validators=[MaxLengthValidator(QUESTION_LENGTH)],
    )
    language = models.CharField(_("language of mails"), max_length=10, default="en")

    submission = models.CharField(
        max_length=40,
        unique=True,
        null=True,
        editable=False,
        help_text=_("The form it came by: sent twice, it counts once."),
    )
    link_version = models.PositiveSmallIntegerField(
        editable=False, default=1, help_text=_("Raised to make earlier links useless.")
    )
    code = models.CharField(
        max_length=CODE_LENGTH,
        unique=True,
        null=True,
        editable=False,
        help_text=_("For a person without an address: what opens her page instead of a mail."),
    )
    calendar_revision = models.PositiveIntegerField(
        editable=False,
        default=0,
        help_text=_("Added to the event's SEQUENCE in this person's calendar."),
    )
    # Real times, of the address she has now.
    address_confirmed_at = models.DateTimeField(_("address confirmed"), null=True, editable=False)
    address_asked_at = models.DateTimeField(null=True, editable=False)
    address_reminded_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("registered"), editable=False, default=timezone.now)
    changed_at = models.DateTimeField(_("changed"), editable=False, default=timezone.now)

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        verbose_name = _("registration")
        verbose_name_plural = _("registrations")
        ordering = ["-created_at", "-pk"]
        permissions: ClassVar = [("export_registration", _("Can export registrations"))]
        indexes: ClassVar = [
            # The organisers' list, of all events and of one.
            models.Index(name="registration_newest", fields=["-created_at", "-id"]),
            models.Index(
                name="registration_newest_of_event", fields=["event", "-created_at", "-id"]
            ),
            # The worker looks for them twice a minute.
            models.Index(
                name="registration_unconfirmed",
                fields=["event", "address_asked_at"],
                condition=Q(address_confirmed_at__isnull=True, email__isnull=False),
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                "event",
                Lower("email"),
                name="registration_address_once_per_event",
                violation_error_message=_("This address is registered for this event already."),
            ),
            models.CheckConstraint(
                name="registration_address_is_never_empty",
                condition=Q(email__isnull=True) | ~Q(email=""),
            ),
            models.CheckConstraint(
                name="registration_county_is_in_kenya",
                condition=Q(county="") | Q(country="KE"),
                violation_error_message=_("Only people in Kenya have a county."),
            ),
            models.CheckConstraint(
                name="registration_contact_is_somebody_else",
                condition=Q(contact__isnull=True) | ~Q(contact=models.F("id")),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str | None:
        """Where her mails go: her own address, or that of who registered her."""
        return self.email or (self.contact.email if self.contact else None)

    @property
    def code_written(self) -> str:
        """Her code as it is read out and written down: K7M4-QX9T. Empty where she has none."""
        half = CODE_LENGTH // 2
        return f"{self.code[:half]}-{self.code[half:]}" if self.code else ""

    @property
    def seat(self) -> "SeatRequest | None":
        """The seat she holds. It is one at most."""
        confirmed = SeatRequest.Status.CONFIRMED
        return next((row for row in self.seat_requests.all() if row.status == confirmed), None)

    @property
    def wishes(self) -> list["SeatRequest"]:
        """The seats she waits for, what she wants most first."""
        undecided = {SeatRequest.Status.PENDING, SeatRequest.Status.WAITING}
        waiting = [row for row in self.seat_requests.all() if row.status in undecided]
        return sorted(waiting, key=lambda row: (row.rank, row.pk))

    @property
    def must_confirm_first(self) -> bool:
        """Whether a seat of hers counts only once she has confirmed her address."""
        settings = getattr(self.event, "registration_settings", None)
        return (
            bool(self.email)
            and self.address_confirmed_at is None
            and settings is not None
            and settings.address_check == AddressCheck.BEFORE
        )

    @property
    def in_force(self) -> "SeatRequest | None":
        """The seat she holds, or else the one she waits for most."""
        return self.seat or next(iter(self.wishes), None)

    @property
    def is_cancelled(self) -> bool:
        """Whether she gave up her seat or was refused one, and waits for none."""
        return self.in_force is None

    @property
    def is_declined(self) -> bool:
        """Whether the organisers refused her a seat, and she has and waits for no other."""
        return self.is_cancelled and any(
            request.status == SeatRequest.Status.DECLINED for request in self.seat_requests.all()
        )


class SeatRequestQuerySet(models.QuerySet["SeatRequest"]):
    def waiting(self, event: Event | int) -> "SeatRequestQuerySet":
        """Those on the waiting lists of an event, whose turn comes first first."""
        waiting = self.filter(event=event, status=SeatRequest.Status.WAITING)
        return waiting.order_by("pk")

    def before(self, request: "SeatRequest") -> "SeatRequestQuerySet":
        """Those who wait for the same as this one does, and whose turn comes before."""
        waiting = self.waiting(request.event_id)
        return waiting.filter(mode=request.mode, pk__lt=request.pk)

    def ahead_of_turn(self, request: "SeatRequest") -> "SeatRequestQuerySet":
        """Those who asked later than this one for the same, and hold a seat already."""
        return self.filter(
            event=request.event_id,
            mode=request.mode,
            status=SeatRequest.Status.CONFIRMED,
            pk__gt=request.pk,
        )


class SeatRequest(models.Model):
    """A registration's wish for one mode.

    Its key is its turn: rows are made behind the event's lock, one after the
    other, and made anew when somebody gave up a seat and asks again.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("Waiting for the organisers")
        CONFIRMED = "confirmed", _("Confirmed")
        WAITING = "waiting", _("On the waiting list")
        DECLINED = "declined", _("Declined")
        CANCELLED = "cancelled", _("Given up")

    LIVE: ClassVar = (Status.PENDING, Status.CONFIRMED, Status.WAITING)

    registration = models.ForeignKey(
        Registration,
        models.CASCADE,
        verbose_name=_("registration"),
        related_name="seat_requests",
    )
    event = models.ForeignKey(
        Event,
        models.CASCADE,
        verbose_name=_("event"),
        related_name="+",
        editable=False,
        # Seats are counted at every registration; by way of the people it took the longer the
        # more had come. ``seat_of_event`` begins with it, so it needs no index of its own.
        db_index=False,
        help_text=_("The registration's."),
    )
    mode = models.CharField(_("way to take part"), max_length=10, choices=AttendanceMode.choices)
    rank = models.PositiveSmallIntegerField(_("rank"), default=1)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices)
    created_at = models.DateTimeField(_("asked"), editable=False, default=timezone.now)
    changed_at = models.DateTimeField(_("decided"), editable=False, default=timezone.now)

    objects = SeatRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("seat request")
        verbose_name_plural = _("seat requests")
        ordering = ["rank", "pk"]
        indexes: ClassVar = [
            models.Index(name="seat_of_event", fields=["event", "mode", "status"]),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="seat_request_one_per_mode", fields=["registration", "mode"]
            ),
            models.UniqueConstraint(
                name="seat_request_one_seat_per_person",
                fields=["registration"],
                condition=Q(status="confirmed"),
            ),
            models.CheckConstraint(
                name="seat_request_mode_is_known", condition=Q(mode__in=["in_room", "online"])
            ),
            models.CheckConstraint(
                name="seat_request_status_is_known",
                condition=Q(
                    status__in=["pending", "confirmed", "waiting", "declined", "cancelled"]
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_mode_display()}: {self.get_status_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the row; the event is always that of the registration."""
        self.event_id = self.registration.event_id
        super().save(*args, **kwargs)

    @property
    def is_live(self) -> bool:
        return self.status in self.LIVE


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def to_address(self, email: str) -> "InvitationQuerySet":
        """Those to this address, whatever its capitals."""
        return self.annotate(lower_email=Lower("email")).filter(lower_email=email.lower())

    def unanswered(self) -> "InvitationQuerySet":
        """Those that nobody said yes or no to, and nobody took back, whatever the time."""
        return self.filter(
            registration__isnull=True, declined_at__isnull=True, withdrawn_at__isnull=True
        )

    def to_be_answered(self, now: datetime) -> "InvitationQuerySet":
        """Those that can be answered still at ``now``, and were not."""
        return self.unanswered().filter(expires_at__gt=now)

    def in_state(self, state: str, *, now: datetime) -> "InvitationQuerySet":
        """Those that stand so at ``now``; the same as ``Invitation.state`` says of each."""
        return self.filter(Invitation.standing(state, now=now))


class Invitation(models.Model):
    """An organiser's word to one address: come. It is answered once.

    ``expires_at`` is domain time, as a seat may be held until then; the others
    are when something happened, in real time. One that holds a seat does so
    while it can be answered (see ``seats``).
    """

    class State(models.TextChoices):
        SENT = "sent", _("Sent")
        OPENED = "opened", _("Opened")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        EXPIRED = "expired", _("Expired")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    event = models.ForeignKey(
        Event, models.CASCADE, verbose_name=_("event"), related_name="invitations"
    )
    reference = models.CharField(max_length=20, unique=True, editable=False, default=new_reference)
    name = models.CharField(_("name"), max_length=200)
    email = models.EmailField(_("email"), max_length=254)
    group = models.ForeignKey(
        StakeholderGroup,
        models.SET_NULL,
        verbose_name=_("stakeholder group"),
        null=True,
        blank=True,
        related_name="+",
    )
    mode = models.CharField(
        _("way to take part"), max_length=10, choices=AttendanceMode.choices, blank=True
    )
    holds_seat = models.BooleanField(_("holds a seat"), default=False)
    opens_registration = models.BooleanField(_("opens a closed registration"), default=False)
    expires_at = models.DateTimeField(_("valid until"))
    language = models.CharField(_("language of mails"), max_length=10, default="en")
    sent_at = models.DateTimeField(_("sent"), default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("by"),
        null=True,
        blank=True,
        related_name="+",
    )
    by_name = models.CharField(_("by"), max_length=200, blank=True)
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True)
    reminded_at = models.DateTimeField(_("reminded"), null=True, blank=True)
    declined_at = models.DateTimeField(_("declined"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    # Not one to one: who gave up her seat may be invited again, and come again.
    registration = models.ForeignKey(
        Registration,
        models.CASCADE,
        verbose_name=_("registration"),
        null=True,
        blank=True,
        related_name="invitations",
        help_text=_("Who came by it. It goes with her registration."),
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-sent_at", "-pk"]
        # Who may see or decide on registrations may see or write invitations.
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                "event",
                Lower("email"),
                name="invitation_one_to_be_answered",
                condition=Q(
                    registration__isnull=True,
                    declined_at__isnull=True,
                    withdrawn_at__isnull=True,
                ),
            ),
            models.CheckConstraint(
                name="invitation_mode_is_known", condition=Q(mode__in=["", "in_room", "online"])
            ),
            models.CheckConstraint(
                name="invitation_holds_a_seat_of_a_mode",
                condition=Q(holds_seat=False) | ~Q(mode=""),
            ),
        ]

    def __str__(self) -> str:
        # Without her name: lists that are not about people show it, and no log is written there.
        return f"{_('invitation')} {self.pk}"

    @classmethod
    def standing(cls, state: str, *, now: datetime) -> Q:
        """Return which rows stand so at ``now``."""
        State, unanswered = cls.State, Q(registration__isnull=True, withdrawn_at__isnull=True)  # noqa: N806
        waits = unanswered & Q(declined_at__isnull=True)
        return {
            State.ACCEPTED: Q(registration__isnull=False),
            State.WITHDRAWN: Q(registration__isnull=True, withdrawn_at__isnull=False),
            State.DECLINED: unanswered & Q(declined_at__isnull=False),
            State.EXPIRED: waits & Q(expires_at__lte=now),
            State.OPENED: waits & Q(expires_at__gt=now, opened_at__isnull=False),
            State.SENT: waits & Q(expires_at__gt=now, opened_at__isnull=True),
        }[State(state)]

    def state(self, now: datetime) -> State:
        """Return how it stands at ``now``."""
        if self.registration_id:
            return self.State.ACCEPTED
        if self.withdrawn_at:
            return self.State.WITHDRAWN
        if self.declined_at:
            return self.State.DECLINED
        if self.has_expired(now):
            return self.State.EXPIRED
        return self.State.OPENED if self.opened_at else self.State.SENT

    def has_expired(self, now: datetime) -> bool:
        return now >= self.expires_at

    def holds_at(self, now: datetime) -> bool:
        """Whether it keeps a seat back at ``now``."""
        return self.holds_seat and self.state(now) in {self.State.SENT, self.State.OPENED}

    def can_be_used(self, now: datetime) -> bool:
        """Whether she can register by it at ``now``: who said no may change her mind."""
        return not (self.registration_id or self.withdrawn_at or self.has_expired(now))


class Consent(models.Model):
    """An answer to one purpose, as given then. Rows are added, never changed."""

    class Purpose(models.TextChoices):
        PROCESSING = "processing", _("Keeping my details to run this event")
        CODE_OF_CONDUCT = "code_of_conduct", _("Code of conduct")
        ADULT = "adult", _("18 or older")
        PARTICIPANTS_LIST = "participants_list", _("Participants' list")
        PHOTOGRAPHS = "photographs", _("Photographs and recordings")

    class Channel(models.TextChoices):
        WEB = "web", _("Website")
        ADMIN = "admin", _("Organiser")

    registration = models.ForeignKey(
        Registration, models.CASCADE, verbose_name=_("registration"), related_name="consents"
    )
    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose.choices)
    given = models.BooleanField(_("given"))
    notice_version = models.CharField(_("version of the notice"), max_length=20)
    language = models.CharField(_("language"), max_length=10)
    channel = models.CharField(_("by way of"), max_length=10, choices=Channel.choices)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}: {_('yes') if self.given else _('no')}"


class SupportNeed(models.Model):
    """Support somebody asked for to take part. Restricted: the access officer's only."""

    class Kind(models.TextChoices):
        STEP_FREE = "step_free", _("Step-free way in and a place for a wheelchair")
        FRONT_SEAT = "front_seat", _("A seat near the front")
        SIGN_LANGUAGE = "sign_language", _("Kenyan Sign Language interpretation")
        INTERNATIONAL_SIGN = "international_sign", _("International Sign interpretation")
        CAPTIONS = "captions", _("Live captions")
        LARGE_PRINT = "large_print", _("Papers in large print")
        BRAILLE = "braille", _("Papers in Braille")
        ASSISTANT = "assistant", _("Somebody comes along to assist me")
        QUIET_SPACE = "quiet_space", _("A quiet place to rest")
        CHILDCARE = "childcare", _("Care for a child I bring along")
        OTHER = "other", _("Something else")

    registration = models.ForeignKey(
        Registration, models.CASCADE, verbose_name=_("registration"), related_name="support_needs"
    )
    kind = models.CharField(_("support"), max_length=20, choices=Kind.choices)
    note = models.TextField(
        _("in her own words"), blank=True, validators=[MaxLengthValidator(SUPPORT_NOTE_LENGTH)]
    )

    class Meta:
        verbose_name = _("support need")
        verbose_name_plural = _("support needs")
        ordering = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="support_need_once_per_person", fields=["registration", "kind"]
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class Attendant(models.Model):
    """Somebody who comes along with a person so that she can take part, and takes no seat.

    She is at no table and in no quota. Restricted as support needs are: it
    tells that there is one.
    """

    class Kind(models.TextChoices):
        ASSISTANT = "assistant", _("Assistant")
        INTERPRETER = "interpreter", _("Interpreter")

    registration = models.ForeignKey(
        Registration, models.CASCADE, verbose_name=_("registration"), related_name="attendants"
    )
    kind = models.CharField(_("what for"), max_length=20, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("person who comes along")
        verbose_name_plural = _("people who come along")
        ordering = ["pk"]
        # Who may see support needs, may see this.
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.name}" if self.name else self.get_kind_display()


class VoiceAnswer(models.Model):
    """A voice somebody brings. Restricted: only ever counted."""

    registration = models.ForeignKey(
        Registration, models.CASCADE, verbose_name=_("registration"), related_name="voice_answers"
    )
    voice = models.ForeignKey(
        Voice, models.PROTECT, verbose_name=_("voice"), related_name="answers"
    )

    class Meta:
        verbose_name = _("voice answer")
        verbose_name_plural = _("voice answers")
        constraints: ClassVar = [
            models.UniqueConstraint(name="voice_once_per_person", fields=["registration", "voice"]),
        ]

    def __str__(self) -> str:
        return str(self.voice)


class QuestionQuerySet(models.QuerySet["Question"]):
    def asked_or_answered(self) -> "QuestionQuerySet":
        """Those that are asked now, and those asked no more that somebody answered."""
        answers = Answer.objects.filter(question=OuterRef("pk"))
        return self.filter(Q(removed_at__isnull=True) | Exists(answers))


class Question(models.Model):
    """A question of the organisers' own to whoever registers for an event.

    One that is asked no more keeps its answers; one that nobody answered can go.
    """

    class Kind(models.TextChoices):
        SHORT = "short", _("A short text")
        LONG = "long", _("A long text")
        ONE = "one", _("One of several choices")
        SEVERAL = "several", _("As many choices as one likes")
        YES_NO = "yes_no", _("Yes or no")
        NUMBER = "number", _("A number")
        COUNTRY = "country", _("A country")

    event = models.ForeignKey(
        Event, models.CASCADE, verbose_name=_("event"), related_name="own_questions"
    )
    position = models.PositiveSmallIntegerField(_("place"), default=1)
    text = models.CharField(
        _("question"),
        max_length=OWN_QUESTION_LENGTH,
        help_text=_("As people read it. Ask only what you need to run this event."),
    )
    kind = models.CharField(_("answer"), max_length=10, choices=Kind.choices, default=Kind.SHORT)
    choices = models.TextField(
        _("choices"), blank=True, help_text=_("One in each line. Only for questions with choices.")
    )
    help = models.CharField(
        _("what helps to answer it"),
        max_length=OWN_QUESTION_LENGTH,
        blank=True,
        help_text=_("Stands below the question. May stay empty."),
    )
    required = models.BooleanField(
        _("must be answered"),
        default=False,
        help_text=_("Nobody new gets a seat without an answer. Who has one keeps it."),
    )
    removed_at = models.DateTimeField(_("asked no more since"), null=True, blank=True)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("question to whoever registers")
        verbose_name_plural = _("questions to whoever registers")
        ordering = ["position", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="question_kind_is_known",
                condition=Q(
                    kind__in=["short", "long", "one", "several", "yes_no", "number", "country"]
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.text


class Answer(models.Model):
    """What somebody answered to a question of the organisers' own. No answer, no row.

    A text; a list of texts where she chose several; true or false; a country's
    code. A number is a text too, so that none of its digits is lost.
    """

    registration = models.ForeignKey(
        Registration, models.CASCADE, verbose_name=_("registration"), related_name="answers"
    )
    question = models.ForeignKey(
        Question, models.PROTECT, verbose_name=_("question"), related_name="answers"
    )
    value = models.JSONField(_("answer"))

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ["pk"]
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="answer_once_per_person", fields=["registration", "question"]
            ),
        ]

    def __str__(self) -> str:
        return str(self.question)


class HistoryEntry(models.Model):
    """What happened to a registration, when, and by whom. Rows are added, never changed.

    It says which answers changed, never what they were; support needs and
    voices not even that much to somebody who may not see them. It goes with
    the registration.
    """

    class What(models.TextChoices):
        REGISTERED = "registered", _("Registered")
        ASKED = "asked", _("Asked for a seat")
        MOVED_UP = "moved_up", _("Moved up")
        RETURNED = "returned", _("Came back")
        CHANGED = "changed", _("Changed her answers")
        GAVE_UP = "gave_up", _("Seat given up")
        CONFIRMED = "confirmed", _("Seat confirmed")
        APPROVED = "approved", _("Approved")
        DECLINED = "declined", _("Seat declined")
        CORRECTED = "corrected", _("Details corrected")
        LINK_SENT = "link_sent", _("Link sent again")
        ADDRESS_CORRECTED = "address_corrected", _("Address corrected")
        ADDRESS_CONFIRMED = "address_confirmed", _("Address confirmed")
        RELEASED = "released", _("Seat released")

    class Why(models.TextChoices):
        """Why a seat was given or not, where the rules decided it."""

        FREE = "free", _("a seat was free")
        FULL = "full", _("all seats were taken")
        KEPT = "kept", _("the seats left are kept for other groups")
        IN_TURN = "in_turn", _("next in turn")
        OF_HER_GROUP = "of_her_group", _("next in turn of a group that seats are kept for")
        APPROVAL = "approval", _("the organisers decide")
        NO_APPROVAL = "no_approval", _("the organisers look at each person no longer")
        WANTED_LESS = "wanted_less", _("has a seat she wanted more")
        INVITED = "invited", _("held for her by an invitation")
        UNCONFIRMED = "unconfirmed", _("the address was not confirmed")

    registration = models.ForeignKey(
        Registration, models.CASCADE, verbose_name=_("registration"), related_name="history"
    )
    what = models.CharField(_("what happened"), max_length=20, choices=What.choices)
    mode = models.CharField(
        _("way to take part"), max_length=10, choices=AttendanceMode.choices, blank=True
    )
    from_status = models.CharField(
        _("from"), max_length=10, choices=SeatRequest.Status.choices, blank=True
    )
    to_status = models.CharField(
        _("to"), max_length=10, choices=SeatRequest.Status.choices, blank=True
    )
    why = models.CharField(_("why"), max_length=12, choices=Why.choices, blank=True)
    reason = models.CharField(_("reason"), max_length=REASON_LENGTH, blank=True)
    fields = models.JSONField(_("answers changed"), default=list, blank=True)
    old_address = models.CharField(_("old address"), max_length=254, blank=True)
    new_address = models.CharField(_("new address"), max_length=254, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("by"),
        null=True,
        blank=True,
        related_name="+",
    )
    by_name = models.CharField(
        max_length=200,
        blank=True,
        help_text=_("The colleague's name then. Empty: the person herself."),
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("history entry")
        verbose_name_plural = _("history")
        ordering = ["at", "pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.get_what_display())


class PersonalDataAccess(models.Model):
    """Who saw, took away or erased which personal data, and when.

    It holds none of that data itself: a person is named by her registration's
    reference, and words that were searched for are left out. The same person
    looking at the same thing again within the hour is counted in the same row.
    """

    class What(models.TextChoices):
        LIST = "list", _("Saw the list")
        PERSON = "person", _("Saw a person's page")
        SUPPORT = "support", _("Saw support needs")
        MAILS = "mails", _("Saw to whom mails went")
        INVITED = "invited", _("Saw who is invited")
        EXPORT = "export", _("Exported")
        ERASED = "erased", _("Erased")

    at = models.DateTimeField(_("when"), default=timezone.now)
    last_at = models.DateTimeField(_("last time"), default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("account"),
        null=True,
        blank=True,
        related_name="+",
    )
    by_name = models.CharField(_("by"), max_length=200, blank=True)
    what = models.CharField(_("what"), max_length=10, choices=What.choices)
    event = models.ForeignKey(
        Event,
        models.SET_NULL,
        verbose_name=_("event"),
        null=True,
        blank=True,
        related_name="+",
    )
    reference = models.CharField(_("registration"), max_length=20, blank=True)
    number = models.PositiveIntegerField(_("rows"), default=1)
    columns = models.JSONField(_("columns"), default=list, blank=True)
    filters = models.CharField(_("filters"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("access to personal data")
        verbose_name_plural = _("access to personal data")
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)
        indexes: ClassVar = [
            models.Index(name="access_newest", fields=["-at", "-id"]),
            models.Index(name="access_by_whom", fields=["by", "what", "at"]),
        ]

    def __str__(self) -> str:
        return f"{self.by_name}: {self.get_what_display()}"
