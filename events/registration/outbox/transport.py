"""Handing one mail to the mail server, and what its answer means."""

import smtplib
import ssl
from email.utils import parseaddr
from types import TracebackType
from typing import Self

from django.conf import settings

from events.registration.outbox.models import OutboxMail

TIMEOUT_SECONDS = 30


class NotTaken(Exception):
    """The server did not take the mail. ``permanent``: it never will."""

    def __init__(self, answer: str, *, permanent: bool) -> None:
        super().__init__(answer)
        self.permanent = permanent


class Transport:
    """A connection to the mail server of the settings, opened for the first mail.

    A context manager: it is closed at the end. After a failure of the
    connection the next mail gets a new one.
    """

    def __init__(self) -> None:
        self._connection: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def send(self, mail: OutboxMail) -> None:
        """Hand over one mail. Raises NotTaken with the server's answer.

        Permanent is only what the server says of this mail: a 5xx answer to its
        recipient or its content (RFC 5321, 4.2.1). A refused sender, a wrong
        password or no server at all is the operator's to mend, and the mail waits.
        """
        if mail.payload is None:
            raise NotTaken("The body was dropped.", permanent=True)
        sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
        try:
            connection = self._connection or self._open()
            connection.sendmail(sender, [mail.to], bytes(mail.payload))
        except smtplib.SMTPRecipientsRefused as error:
            code, answer = error.recipients[mail.to]
            self._reset()
            raise NotTaken(_words(code, answer), permanent=code >= 500) from error
        except smtplib.SMTPDataError as error:
            self._reset()
            raise NotTaken(
                _words(error.smtp_code, error.smtp_error), permanent=error.smtp_code >= 500
            ) from error
        except smtplib.SMTPResponseException as error:
            self._close()
            raise NotTaken(_words(error.smtp_code, error.smtp_error), permanent=False) from error
        except (smtplib.SMTPException, OSError) as error:
            self._close()
            raise NotTaken(str(error) or type(error).__name__, permanent=False) from error

    def _open(self) -> smtplib.SMTP:
        server = settings.MAIL_SERVER
        if server is None:
            raise smtplib.SMTPException("No mail server is set.")
        context = ssl.create_default_context()
        connection: smtplib.SMTP
        if server.use_ssl:
            connection = smtplib.SMTP_SSL(
                server.host, server.port, timeout=TIMEOUT_SECONDS, context=context
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
        self._connection = connection
        if server.use_tls:
            connection.starttls(context=context)
        if server.username:
            connection.login(server.username, server.password)
        return connection

    def _reset(self) -> None:
        """Make the connection ready for the next mail, or let it go."""
        try:
            if self._connection:
                self._connection.rset()
        except (smtplib.SMTPException, OSError):
            self._close()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        try:
            if connection:
                connection.quit()
        except (smtplib.SMTPException, OSError):
            # It is gone either way; smtplib has closed the socket.
            return


def _words(code: int, answer: bytes | str) -> str:
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return f"{code} {text}"
