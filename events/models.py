"""The event, its series, venue, concept note and running order."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from speakers.keeping import keep_history
from speakers.models import Speaker


@cache
def zones() -> frozenset[str]:
    """The IANA time zones, read from the machine once; without the two that are no place's."""
    return frozenset(available_timezones() - {"Factory", "localtime"})


def validate_zone(name: str) -> None:
    """Refuse a name that is not one of the IANA time zones."""
    if name not in zones():
        raise ValidationError(
            _("“%(name)s” is not a time zone. Write it like Africa/Nairobi."),
            params={"name": name},
        )


def new_uid() -> str:
    """Return an identity for a calendar entry: made once, kept for ever (RFC 7986, 5.3)."""
    return str(uuid.uuid4())


class Series(models.Model):
    """A family of events under one theme."""

    slug = models.SlugField(_("address"), max_length=80, unique=True)
    theme = models.CharField(_("theme"), max_length=200)
    occasion = models.CharField(
        _("occasion"),
        max_length=200,
        blank=True,
        help_text=_("The day or campaign it belongs to, such as World Cities Day 2020."),
    )
    description = models.TextField(_("description"), blank=True)

    class Meta:
        verbose_name = _("series")
        verbose_name_plural = _("series")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.theme


class Venue(models.Model):
    """Where: a place, a way to join from afar, or both, as far as known."""

    class JoinAudience(models.TextChoices):
        EVERYBODY = "everybody", _("Everybody")
        REGISTERED = "registered", _("People with a seat")

    name = models.CharField(
        _("name"),
        max_length=200,
        blank=True,
        help_text=_("The building or room. Leave empty while it is to be announced."),
    )
    address = models.CharField(_("street"), max_length=200, blank=True)
    town = models.CharField(_("town"), max_length=120, blank=True)
    country = CountryField(_("country"), blank=True)
    latitude = models.DecimalField(
        _("latitude"),
        max_digits=8,
        decimal_places=6,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(-90)), MaxValueValidator(Decimal(90))],
        help_text=_("Of the entrance itself. Leave empty rather than give the middle of town."),
    )
    longitude = models.DecimalField(
        _("longitude"),
        max_digits=9,
        decimal_places=6,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(-180)), MaxValueValidator(Decimal(180))],
    )
    access_notes = models.TextField(
        _("getting in"),
        blank=True,
        help_text=_("Steps, lifts, doors, toilets, transport, where to be dropped off."),
    )
    join_url = models.URLField(_("link to join"), blank=True)
    join_audience = models.CharField(
        _("who sees the link"),
        max_length=12,
        choices=JoinAudience.choices,
        default=JoinAudience.REGISTERED,
    )
    join_minutes_before = models.PositiveIntegerField(
        _("shown from"),
        default=60 * 24,
        help_text=_("Minutes before the start. The link is hidden until then."),
    )

    class Meta:
        verbose_name = _("venue")
        verbose_name_plural = _("venues")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="venue_has_both_coordinates_or_none",
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                | Q(latitude__isnull=False, longitude__isnull=False),
                violation_error_message=_("Give both latitude and longitude, or neither."),
            ),
        ]

    def __str__(self) -> str:
        return self.full_text or str(_("To be announced"))

    @property
    def full_text(self) -> str:
        """The place in one line, from the building out to the country."""
        country = self.country.name if self.country else ""
        return ", ".join(part for part in (self.name, self.address, self.town, country) if part)


class EventQuerySet(models.QuerySet["Event"]):
    def published(self) -> "EventQuerySet":
        """Events anybody may see."""
        return self.filter(published=True)

    def upcoming(self, now: datetime) -> "EventQuerySet":
        """Events that are not over, the next first."""
        return self.filter(ends_at__gt=now).order_by("starts_at", "pk")

    def past(self, now: datetime) -> "EventQuerySet":
        """Events that are over, the latest first."""
        return self.filter(ends_at__lte=now).order_by("-starts_at", "-pk")

    def in_front(self, now: datetime) -> "EventQuerySet":
        """The event for the site's own address first: the featured, the next, the latest."""
        return self.annotate(
            is_over=models.Case(models.When(ends_at__lte=now, then=1), default=0),
            next_start=models.Case(models.When(ends_at__gt=now, then=F("starts_at"))),
        ).order_by("-featured", "is_over", "next_start", "-starts_at", "pk")

    def with_place(self) -> "EventQuerySet":
        """With series and venue, for pages that name them."""
        return self.select_related("series", "venue")


class Event(models.Model):
    """One roundtable session.

    ``starts_at`` and ``ends_at`` are instants; ``zone`` is the place's own
    time, in which pages and calendars show them. The fields below "what
    changed" belong to ``rules.record_change`` and to nobody else.
    """

    # What ``rules.record_change`` writes. An ordinary save leaves them alone:
    # they may have moved on since the row was read.
    BOOKS: ClassVar = (
        "sequence",
        "content_version",
        "changed_at",
        "calendar_fingerprint",
        "content_fingerprint",
    )

    class Status(models.TextChoices):
        SCHEDULED = "scheduled", _("Scheduled")
        POSTPONED = "postponed", _("Postponed")
        CANCELLED = "cancelled", _("Cancelled")

    class AgendaStatus(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PROVISIONAL = "provisional", _("Provisional")
        FINAL = "final", _("Final")

    slug = models.SlugField(
        _("address"),
        max_length=80,
        unique=True,
        help_text=_(
            "The end of the page's address. Change it, and links people have stop working."
        ),
    )
    series = models.ForeignKey(
        Series,
        models.PROTECT,
        verbose_name=_("series"),
        null=True,
        blank=True,
        related_name="events",
    )
    number = models.PositiveSmallIntegerField(
        _("number"),
        null=True,
        blank=True,
        help_text=_("2 makes it “Roundtable 2”. Leave empty for none."),
    )
    title = models.CharField(_("title"), max_length=200)
    summary = models.TextField(
        _("in short"),
        max_length=600,
        blank=True,
        help_text=_("Two or three sentences: what it is about, who should come."),
    )
    convenor = models.CharField(
        _("convenor"), max_length=200, blank=True, help_text=_("Who calls the meeting.")
    )
    starts_at = models.DateTimeField(
        _("start"), help_text=_("Change it, and calendars that follow the event move along.")
    )
    ends_at = models.DateTimeField(_("end"))
    zone = models.CharField(
        _("time zone"),
        max_length=60,
        default="Africa/Nairobi",
        validators=[validate_zone],
        help_text=_("The time of the place, such as Africa/Nairobi."),
    )
    venue = models.ForeignKey(
        Venue,
        models.PROTECT,
        verbose_name=_("venue"),
        null=True,
        blank=True,
        related_name="events",
    )
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=Status.choices,
        default=Status.SCHEDULED,
        help_text=_(
            "Postponed: registration rests. Cancelled: nobody can register any more. The site "
            "shows it at once; no mail goes out by itself."
        ),
    )
    published = models.BooleanField(
        _("published"),
        default=False,
        help_text=_("Until you tick this, only organisers see the event."),
    )
    featured = models.BooleanField(
        _("on the front page"),
        default=False,
        help_text=_("Shown at the site's own address. Only one event can be."),
    )
    agenda_status = models.CharField(
        _("agenda is"),
        max_length=12,
        choices=AgendaStatus.choices,
        default=AgendaStatus.PROVISIONAL,
        help_text=_("A draft agenda is seen by organisers only."),
    )
    contact_email = models.EmailField(
        _("contact"), blank=True, help_text=_("Leave empty to use the site's own address.")
    )

    # What changed, and when: written by rules.record_change only.
    uid = models.CharField(max_length=64, unique=True, editable=False, default=new_uid)
    sequence = models.PositiveIntegerField(editable=False, default=0)
    content_version = models.PositiveIntegerField(editable=False, default=0)
    created_at = models.DateTimeField(editable=False, default=timezone.now)
    changed_at = models.DateTimeField(editable=False, default=timezone.now)
    calendar_fingerprint = models.CharField(max_length=64, editable=False, default="")
    content_fingerprint = models.CharField(max_length=64, editable=False, default="")

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-starts_at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="event_ends_after_it_starts",
                condition=Q(ends_at__gt=F("starts_at")),
                violation_error_message=_("The end must come after the start."),
            ),
            models.UniqueConstraint(
                name="event_one_on_the_front_page",
                fields=["featured"],
                condition=Q(featured=True),
                violation_error_message=_("Another event is on the front page already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.title}" if self.number else self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding and kwargs.get("update_fields") is None:
            own = {field.attname for field in self._meta.concrete_fields if not field.primary_key}
            kwargs["update_fields"] = own - self.get_deferred_fields() - set(self.BOOKS)
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("events:event", args=[self.slug])

    @property
    def name(self) -> str:
        """“Roundtable 2” where the event has a number, else its title."""
        return (
            str(_("Roundtable %(number)d") % {"number": self.number}) if self.number else self.title
        )

    @property
    def tzinfo(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def local_start(self) -> datetime:
        """The start in the place's own time."""
        return self.starts_at.astimezone(self.tzinfo)

    @property
    def local_end(self) -> datetime:
        """The end in the place's own time."""
        return self.ends_at.astimezone(self.tzinfo)

    @property
    def has_public_agenda(self) -> bool:
        """A draft agenda is seen by organisers only."""
        return self.agenda_status != self.AgendaStatus.DRAFT

    @property
    def minutes(self) -> int:
        """The length in whole minutes, as they pass.

        Two times in one zone are subtracted as the clock on the wall shows
        them, so what a form has just read is taken to UTC first.
        """
        length = self.ends_at.astimezone(UTC) - self.starts_at.astimezone(UTC)
        return int(length / timedelta(minutes=1))


class ConceptNote(models.Model):
    """The note, one per event and language, published word for word."""

    event = models.ForeignKey(
        Event, models.CASCADE, verbose_name=_("event"), related_name="concept_notes"
    )
    language = models.CharField(_("language"), max_length=10, default="en")
    version = models.CharField(_("version"), max_length=20, default="1")
    dated = models.DateField(_("date of this version"), null=True, blank=True)
    masthead = models.TextField(
        _("heading lines"),
        blank=True,
        help_text=_("The lines above the text, one below the other, as the note prints them."),
    )
    sign_off = models.TextField(
        _("closing lines"), blank=True, help_text=_("The lines below the text, such as who signs.")
    )
    what_changed = models.TextField(
        _("what changed"),
        blank=True,
        help_text=_("Since the version before, in a sentence or two. Shown below the note."),
    )

    class Meta:
        verbose_name = _("concept note")
        verbose_name_plural = _("concept notes")
        ordering = ["event", "language"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="note_one_per_language",
                fields=["event", "language"],
                violation_error_message=_("This event has a note in this language already."),
            ),
        ]

    def __str__(self) -> str:
        return str(_("Concept note for %(event)s") % {"event": self.event.name})


class NoteSection(models.Model):
    """A part of the note: a heading, or none, and its paragraphs."""

    note = models.ForeignKey(
        ConceptNote, models.CASCADE, verbose_name=_("concept note"), related_name="sections"
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    heading = models.CharField(_("heading"), max_length=200, blank=True)
    text = models.TextField(_("text"), help_text=_("Leave an empty line between paragraphs."))

    class Meta:
        verbose_name = _("section")
        verbose_name_plural = _("sections")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.heading or str(_("Opening"))


class NoteVersion(models.Model):
    """An earlier version of the note, as the site names it: which, when, what changed in it."""

    note = models.ForeignKey(
        ConceptNote, models.CASCADE, verbose_name=_("concept note"), related_name="versions"
    )
    version = models.CharField(_("version"), max_length=20)
    dated = models.DateField(_("date of this version"), null=True, blank=True)
    what_changed = models.TextField(_("what changed"), blank=True)
    kept_at = models.DateTimeField(_("kept"), editable=False, default=timezone.now)

    class Meta:
        verbose_name = _("earlier version")
        verbose_name_plural = _("earlier versions")
        ordering = ["-kept_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="note_version_named_once",
                fields=["note", "version"],
                violation_error_message=_("This note has a version of this name already."),
            ),
        ]

    def __str__(self) -> str:
        return self.version


class AgendaItemQuerySet(models.QuerySet["AgendaItem"]):
    def with_people(self) -> "AgendaItemQuerySet":
        """With the people pages show, as ``shown_assignments`` on each item."""
        people = Assignment.objects.shown().select_related("speaker__group")
        return self.prefetch_related(
            models.Prefetch("assignments", queryset=people, to_attr="shown_assignments")
        )


class AgendaItem(models.Model):
    """One slot of the running order; its start follows from the minutes before it."""

    class Kind(models.TextChoices):
        WELCOME = "welcome", _("Welcome")
        OPENING = "opening", _("Opening remarks")
        SCENE = "scene", _("Setting the scene")
        PANEL = "panel", _("Panel")
        FLOOR = "floor", _("From the floor")
        COMMITMENTS = "commitments", _("Commitments")
        SUMMARY = "summary", _("Summary")
        CLOSING = "closing", _("Closing")
        BREAK = "break", _("Break")

    class Emphasis(models.TextChoices):
        """What the concept note puts its emphasis on, in its own words."""

        STORIES = "success_stories", _("Success stories")
        WORKING = "what_is_working", _("What is working")
        LESSONS = "lessons_learned", _("Lessons learned")
        POLICY = "policy_implications", _("Policy implications")
        PARTNERSHIPS = (
            "strategic_direction",
            _("Strategic direction for partnerships and stakeholder engagement"),
        )

    event = models.ForeignKey(
        Event, models.CASCADE, verbose_name=_("event"), related_name="agenda_items"
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    title = models.CharField(_("title"), max_length=200)
    minutes = models.PositiveSmallIntegerField(
        _("minutes"), validators=[MinValueValidator(1), MaxValueValidator(600)]
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    emphasis = models.CharField(
        _("emphasis"),
        max_length=24,
        choices=Emphasis.choices,
        blank=True,
        help_text=_("Which of the concept note's five points this slot is about, if one."),
    )
    description = models.TextField(
        _("description"), blank=True, help_text=_("Shown below the title in the agenda.")
    )

    objects = AgendaItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("agenda item")
        verbose_name_plural = _("agenda items")
        ordering = ["position", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="agenda_item_minutes_between_1_and_600",
                condition=Q(minutes__gte=1, minutes__lte=600),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def shown(self) -> "AssignmentQuerySet":
        """What pages show: nobody who declined."""
        return self.exclude(status=Assignment.Status.DECLINED)


class Assignment(models.Model):
    """A person, or a role to be announced, in a slot.

    Pages name a person only once confirmed; until then the seat reads "to be
    announced", because an invitation is not a promise.
    """

    class Role(models.TextChoices):
        CHAIR = "chair", _("Chair")
        MODERATOR = "moderator", _("Moderator")
        OPENING = "opening", _("Opening remarks")
        PANELLIST = "panellist", _("Panellist")
        DISCUSSANT = "discussant", _("Discussant")
        RAPPORTEUR = "rapporteur", _("Rapporteur")

    class Presence(models.TextChoices):
        IN_ROOM = "in_room", _("In the room")
        REMOTE = "remote", _("Remote")

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        INVITED = "invited", _("Invited")
        CONFIRMED = "confirmed", _("Confirmed")
        DECLINED = "declined", _("Declined")

    item = models.ForeignKey(
        AgendaItem, models.CASCADE, verbose_name=_("agenda item"), related_name="assignments"
    )
    speaker = models.ForeignKey(
        Speaker,
        models.PROTECT,
        verbose_name=_("speaker"),
        null=True,
        blank=True,
        related_name="assignments",
        help_text=_("Leave empty for a role nobody is named for yet."),
    )
    role = models.CharField(_("role"), max_length=12, choices=Role.choices)
    presence = models.CharField(_("takes part"), max_length=8, choices=Presence.choices, blank=True)
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=Status.choices,
        default=Status.PROPOSED,
        help_text=_("Named on the site once confirmed. Until then the seat is to be announced."),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("person in a slot")
        verbose_name_plural = _("people in a slot")
        ordering = ["position", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="assignment_one_role_once_per_slot",
                fields=["item", "speaker", "role"],
                violation_error_message=_("This person has this role in this slot already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}: {self.speaker or _('to be announced')}"

    @property
    def person(self) -> Speaker | None:
        """The profile that pages may show: a confirmed person, or an open role."""
        speaker = self.speaker
        if speaker is None or not speaker.published:
            return None
        if speaker.to_be_announced or self.status == self.Status.CONFIRMED:
            return speaker
        return None


# Who changed what and when, for the organisers' history. What record_change
# writes is no part of it.
keep_history(Event, excluded_fields=Event.BOOKS)
for model in (Series, Venue, ConceptNote, NoteSection, AgendaItem, Assignment):
    keep_history(model)
