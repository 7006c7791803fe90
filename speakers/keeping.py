"""How the history of content is kept: who changed what, when, and in which save.

A record's reason starts with where the change came from. What one request
wrote carries one mark, so that a page of history can show it as one save; what
no request wrote came from a command. Words of our own may follow, such as what
was brought back.
"""

import secrets
from typing import Any

from django.db.models import Model
from simple_history import register
from simple_history.models import HistoricalRecords

COMMAND = "command"
REQUEST = "web-"


def reason(words: str = "") -> str:
    """Return the reason for a record written now: the save's mark, then ``words``.

    Records that are made many at once are to be given it by hand.
    """
    request = getattr(HistoricalRecords.context, "request", None)
    if request is None:
        mark = COMMAND
    else:
        mark = getattr(request, "history_mark", "")
        if not mark:
            mark = request.history_mark = REQUEST + secrets.token_hex(6)
    return f"{mark} {words}".strip()[:100]


class MarkedRecords(HistoricalRecords):
    """Records that know the save they belong to."""

    def get_change_reason_for_object(self, instance: Model, history_type: str, using: Any) -> str:
        """Put the save's mark before what the row gives as its own reason, if it does."""
        given = super().get_change_reason_for_object(instance, history_type, using)
        return reason(given or "")


def keep_history(model: type[Model], **options: Any) -> None:
    """Keep the history of a model's rows from now on."""
    register(model, records_class=MarkedRecords, **options)
