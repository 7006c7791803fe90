"""What must never stand in a log: keys to somebody's pages, and who they are."""

import logging
import re

# The path of a manage page is the key to it.
TOKEN = re.compile(r"(/registrations/|/organiser/)[^/\s\"'?]+")
# Mail servers repeat the address they refuse, and databases the row.
ADDRESS = re.compile(r"[^\s\"<>()\[\],;:=/@]{1,64}@[^\s\"'<>()\[\],;:=/@]+")


def redact(text: str) -> str:
    """Return ``text`` with the secret part of personal links, and email addresses, struck out."""
    return ADDRESS.sub("[address]", TOKEN.sub(r"\1[redacted]", text))


class RedactTokens(logging.Filter):
    """Strike secrets out of a record's message, arguments and traces before it is written.

    A trace that another handler has put into words already is read again.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = redact(message_of(record))
        record.args = ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True


def message_of(record: logging.LogRecord) -> str:
    """Return the message; one whose arguments don't fit it still breaks no request."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return f"{record.msg} {record.args}"
