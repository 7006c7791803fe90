"""Load Roundtable 2, unless it is there."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from roundtable.content import ROUNDTABLE_2, load_event


class Command(BaseCommand):
    help = "Loads Roundtable 2 (Nakuru, 31 October 2020). An event that exists is left as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        loaded = load_event(ROUNDTABLE_2, at=timezone.now())
        if options["verbosity"] > 0:
            self.stdout.write(
                "Loaded Roundtable 2."
                if loaded
                else "Roundtable 2 is there already; nothing was changed."
            )
