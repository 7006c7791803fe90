"""A real mail server on this machine, whose answers a test chooses."""

from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller

from roundtable.env import MailServer
from tests.live import free_port


class Handler:
    """Takes mails, or answers as it was told to: ``answers[recipient] = ["451 …", "250 OK"]``."""

    def __init__(self):
        self.answers = {}
        self.data_answers = {}
        self.taken = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server, session, envelope, address, options
    ):
        waiting = self.answers.get(address, [])
        answer = waiting.pop(0) if waiting else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        (recipient,) = envelope.rcpt_tos
        waiting = self.data_answers.get(recipient, [])
        answer = waiting.pop(0) if waiting else "250 OK"
        if answer.startswith("250"):
            self.taken.append((envelope.mail_from, recipient, envelope.original_content))
        return answer

    @property
    def recipients(self):
        return [recipient for _sender, recipient, _content in self.taken]


@pytest.fixture
def smtp(settings):
    handler = Handler()
    port = free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port, ready_timeout=60)
    controller.start()
    settings.MAIL_SERVER = MailServer(
        host="127.0.0.1", port=port, username="", password="", use_tls=False, use_ssl=False
    )
    handler.port = port
    yield handler
    controller.stop()


def make_message(subject="Hello", text="Dear Wanjiru,\n"):
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = "roundtable@example.org"
    message.set_content(text)
    return message
