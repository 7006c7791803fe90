"""One mail to one address, with its state."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class OutboxMailQuerySet(models.QuerySet["OutboxMail"]):
    def due(self, at: datetime) -> "OutboxMailQuerySet":
        """Mails to be sent at this instant that no worker is sending, the oldest first."""
        return self.filter(
            Q(leased_until__isnull=True) | Q(leased_until__lte=at),
            state=OutboxMail.State.QUEUED,
            due_at__lte=at,
        ).order_by("due_at", "pk")


class OutboxMail(models.Model):
    """One mail to one address: written with what it tells of, sent by the worker.

    ``payload`` is the whole message (RFC 5322) as it will go over the wire, so
    a second try sends the same bytes with the same Message-ID. All times are
    real time, in UTC.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting to be sent")
        KEPT = "kept", _("Kept here, not sent")
        SENT = "sent", _("Sent")
        DEAD = "dead", _("Given up")

    to = models.EmailField(_("to"), max_length=320)
    subject = models.CharField(_("subject"), max_length=998)
    payload = models.BinaryField(_("message"), null=True, editable=False)
    key = models.CharField(
        max_length=120,
        unique=True,
        null=True,
        blank=True,
        editable=False,
    )
    state = models.CharField(_("state"), max_length=6, choices=State.choices, default=State.QUEUED)
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    error = models.CharField(_("last answer"), max_length=500, blank=True)

    objects = OutboxMailQuerySet.as_manager()

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        ordering = ["-created_at", "-pk"]
        indexes: ClassVar = [
            models.Index(name="outbox_to", fields=["to", "created_at"]),
            models.Index(name="outbox_due", fields=["due_at"], condition=Q(state="queued")),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="outbox_sent_mails_have_a_time",
                condition=Q(state="sent", sent_at__isnull=False)
                | (~Q(state="sent") & Q(sent_at__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return self.subject
