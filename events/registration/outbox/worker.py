"""The worker that sends what is in the outbox.

At least once, never lost: a mail is claimed with a lease, sent outside any
transaction, and then noted as sent. A worker killed between the server's "OK"
and the note sends the same bytes once more, with the same Message-ID, when the
lease has run out. Several workers may run at once.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from types import FrameType

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.utils import timezone
from django.utils.module_loading import import_string
from psycopg_pool import PoolTimeout

from events.registration.outbox import rules
from events.registration.outbox.transport import NotTaken, Transport

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
BATCH = 20
# Longer than a batch can take, each mail at the connection's time-out, would
# keep mails of a dead worker waiting; so each mail is claimed by itself when
# its turn comes, and the lease covers one handing-over with room to spare.
LEASE = timedelta(minutes=3)
PURGE_EVERY = timedelta(hours=1)
DUTIES_EVERY = timedelta(seconds=30)


def send_due(*, stopped: Callable[[], bool] = lambda: False) -> int:
    """Send what is due now, one mail after the other; return how many were tried.

    Ends early once ``stopped`` says so, after the mail in hand.
    """
    tried = 0
    with Transport() as transport:
        while tried < BATCH and not stopped():
            claimed = rules.claim(at=timezone.now(), limit=1, lease=LEASE)
            if not claimed:
                break
            tried += 1
            (mail,) = claimed
            try:
                transport.send(mail)
            except NotTaken as refusal:
                rules.mark_failed(
                    mail, at=timezone.now(), error=str(refusal), permanent=refusal.permanent
                )
                log.warning("Mail %d was not taken: %s", mail.pk, mail.error)
            else:
                rules.mark_sent(mail, at=timezone.now())
    return tried


def do_duties() -> None:
    """Do what else is due every minute, by the names in the settings (OUTBOX_DUTIES).

    The site has one process that works by the clock, and this is it. A duty
    that fails is told in the log; mails go on.
    """
    for name in settings.OUTBOX_DUTIES:
        try:
            import_string(name)()
        except (DatabaseError, PoolTimeout):
            raise
        except Exception:
            log.exception("%s failed", name)


class Worker:
    """The loop: send, wait, send; twice a minute the duties; once an hour drop old bodies."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._purged_at: datetime | None = None
        self._on_duty_at: datetime | None = None
        # Who started us inside a web server; we end when it does, however it ends.
        self._parent = int(os.environ.get("WATCH_PARENT", "0"))

    def stop(self, number: int = 0, frame: FrameType | None = None) -> None:
        """End after the mail in hand. Serves as a signal's handler."""
        self._stop.set()

    def run(self) -> None:
        """Work until stopped, or until the watched parent is gone."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        while not self._over():
            if not self._work():
                self._stop.wait(POLL_SECONDS)

    def _over(self) -> bool:
        return self._stop.is_set() or bool(self._parent and os.getppid() != self._parent)

    def _work(self) -> int:
        """Do what there is to do; return how many mails were tried.

        A database that is away for a while costs a line in the log, not the worker.
        """
        close_old_connections()
        try:
            self._purge()
            self._do_duties()
            return send_due(stopped=self._over) if settings.MAIL_SERVER else 0
        except (DatabaseError, PoolTimeout) as error:
            # One line: a database that is away says the same every second.
            log.warning("The outbox can't reach the database: %s", error)
            self._stop.wait(POLL_SECONDS * 4)
            return 0

    def _do_duties(self) -> None:
        now = timezone.now()
        if self._on_duty_at is None or now - self._on_duty_at >= DUTIES_EVERY:
            self._on_duty_at = now
            do_duties()

    def _purge(self) -> None:
        now = timezone.now()
        if self._purged_at is None or now - self._purged_at >= PURGE_EVERY:
            rules.purge(at=now)
            self._purged_at = now
