"""Send the outbox."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from events.registration.outbox import rules, worker


class Command(BaseCommand):
    help = "Sends the mails of the outbox as they fall due, until it is stopped."
    # The checks load every page of the site; who starts the site has run them.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="Send what is due now, and end (for cron)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["once"]:
            worker.Worker().run()
            return
        rules.purge(at=timezone.now())
        worker.do_duties()
        while settings.MAIL_SERVER and worker.send_due():
            pass
