"""Django's mails, such as a code to sign in, go the same way as our own."""

from collections.abc import Sequence
from email import message_from_bytes, policy
from email.utils import parseaddr

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from events.registration.outbox import rules


class OutboxBackend(BaseEmailBackend):
    """Writes each mail into the outbox, once for each of its recipients."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Queue the messages in the caller's transaction; return how many had a recipient.

        Raises BadHeaderError for a line break in a header, as Django does.
        """
        written = 0
        with transaction.atomic():
            for mail in email_messages:
                recipients = [parseaddr(to)[1] or to for to in mail.recipients()]
                if not recipients:
                    continue
                content = mail.message().as_bytes(linesep="\r\n")
                for recipient in dict.fromkeys(recipients):
                    rules.queue(message_from_bytes(content, policy=policy.SMTP), to=recipient)
                written += 1
        return written
