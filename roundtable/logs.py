"""What must never stand in a log."""

import logging
import re

# The path of a manage page is the key to it.
TOKEN = re.compile(r"(/registrations/|/organiser/)[^/\s\"'?]+")


def redact(text: str) -> str:
    """Return ``text`` with the secret part of personal addresses struck out."""
    return TOKEN.sub(r"\1[redacted]", text)


class RedactTokens(logging.Filter):
    """Strike secrets out of a record's message and arguments before it is written."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = redact(record.getMessage())
        record.args = ()
        if record.exc_info and not record.exc_text:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return True
