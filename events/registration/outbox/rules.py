"""What may happen to a mail. The only writer of the outbox."""

import random
from collections.abc import Collection
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from events.registration.outbox.models import OutboxMail, OutboxMailQuerySet

# A mail that could not be handed over for so long is given up.
PATIENCE = timedelta(days=4)
LONGEST_PAUSE = timedelta(hours=1)
# Headers that came as bytes stay so. Folded anew they would be decoded first, and
# a line break hidden in an encoded word would become a header of its own.
AS_IT_CAME = policy.SMTP.clone(refold_source="none")
State = OutboxMail.State


def queue(
    message: EmailMessage, *, to: str, key: str | None = None, due_at: datetime | None = None
) -> OutboxMail:
    """Write a mail to one address, in the caller's transaction.

    The message is kept as it will go over the wire (RFC 5322, CRLF), with a
    Message-ID and a date of its own, so that every try sends the same bytes. A
    ``key`` names what the mail is for: a second mail with the same key is not
    written, and the first is returned. Without a mail server mails are kept.
    """
    now = timezone.now()
    if "Message-ID" not in message:
        message["Message-ID"] = make_msgid(domain=settings.DEFAULT_FROM_EMAIL.rpartition("@")[2])
    if "Date" not in message:
        message["Date"] = format_datetime(now)
    if "To" not in message:
        message["To"] = to
    values = {
        "to": to,
        "subject": " ".join(str(message["Subject"] or "").split()),
        "payload": message.as_bytes(policy=AS_IT_CAME),
        "state": State.QUEUED if settings.MAIL_SERVER else State.KEPT,
        "created_at": now,
        "due_at": due_at or now,
    }
    if key is None:
        return OutboxMail.objects.create(**values)
    # In a savepoint: where another transaction wrote the key first, ours goes on.
    mail, _created = OutboxMail.objects.get_or_create(key=key, defaults=values)
    return mail


def take_back(mail: OutboxMail) -> None:
    """Remove a mail again, in the transaction that wrote it: no worker ever sees it."""
    mail.delete()


def left_at(keys: Collection[str]) -> dict[str, datetime | None]:
    """Return when the mails of these keys left us; None for those that did not. One query.

    A mail that the server refused for good left: the address is dead, and
    nothing more will come of it. One that waits, is kept here, or was given up
    because the server could not be reached for so long, did not.
    """
    mails = OutboxMail.objects.filter(key__in=keys).defer("payload")
    return {mail.key: _left(mail) for mail in mails if mail.key}


def _left(mail: OutboxMail) -> datetime | None:
    refused = mail.state == State.DEAD and mail.due_at - mail.created_at <= PATIENCE
    return mail.due_at if refused else mail.sent_at


def written_since(moment: datetime, *, to: str) -> int:
    """Return how many mails were written to an address since ``moment``."""
    return OutboxMail.objects.filter(to=to, created_at__gt=moment).count()


def claim(*, at: datetime, limit: int, lease: timedelta) -> list[OutboxMail]:
    """Take up to ``limit`` due mails, the oldest first, for the length of ``lease``.

    Nobody else gets them until then; a worker that dies lets its lease run
    out. A look without a transaction comes first, since on SQLite a
    transaction takes the lock that writers wait for.
    """
    if not OutboxMail.objects.due(at).exists():
        return []
    with transaction.atomic():
        due: OutboxMailQuerySet = OutboxMail.objects.due(at)
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        mails = list(due[:limit])
        OutboxMail.objects.filter(pk__in=[mail.pk for mail in mails]).update(
            leased_until=at + lease, attempts=F("attempts") + 1
        )
    for mail in mails:
        mail.attempts += 1
        mail.leased_until = at + lease
    return mails


def mark_sent(mail: OutboxMail, *, at: datetime) -> None:
    """Note that the server took the mail."""
    _write(mail, state=State.SENT, sent_at=at, leased_until=None, error="")


def mark_failed(mail: OutboxMail, *, at: datetime, error: str, permanent: bool) -> None:
    """Note why a mail could not be handed over, and when to try again, or that it is given up."""
    given_up = permanent or at - mail.created_at > PATIENCE
    _write(
        mail,
        state=State.DEAD if given_up else State.QUEUED,
        due_at=at + pause_after(mail.attempts),
        leased_until=None,
        error=" ".join(error.split())[:500],
    )


def pause_after(attempts: int) -> timedelta:
    """Return the pause after so many tries: 2, 4, 8 … seconds up to an hour, a little uneven.

    Uneven, so that mails that failed together do not come back together.
    """
    longest = LONGEST_PAUSE.total_seconds()
    seconds = min(2.0 ** min(attempts, 20), longest)
    return timedelta(seconds=seconds * random.uniform(0.75, 1))  # noqa: S311 - no secret


def send_again(mail: OutboxMail, *, at: datetime) -> bool:
    """Put a mail that was given up back in the queue; False where it can't be sent again."""
    if mail.state != State.DEAD or mail.payload is None or not settings.MAIL_SERVER:
        return False
    _write(mail, state=State.QUEUED, due_at=at, created_at=at, attempts=0, leased_until=None)
    return True


def purge(*, at: datetime) -> int:
    """Drop the bodies of mails that are done with and older than OUTBOX_KEEP_DAYS."""
    old = OutboxMail.objects.exclude(state=State.QUEUED).filter(
        created_at__lt=at - timedelta(days=settings.OUTBOX_KEEP_DAYS), payload__isnull=False
    )
    return old.update(payload=None)


def forget(address: str) -> int:
    """Remove every mail to an address, whatever became of it; return how many."""
    deleted, _by_model = OutboxMail.objects.filter(to=address).delete()
    return deleted


def message_of(mail: OutboxMail) -> EmailMessage | None:
    """Return the mail as a message, or None once its body was dropped."""
    if mail.payload is None:
        return None
    return message_from_bytes(bytes(mail.payload), policy=policy.default)


def _write(mail: OutboxMail, **values: object) -> None:
    OutboxMail.objects.filter(pk=mail.pk).update(**values)
    for name, value in values.items():
        setattr(mail, name, value)
