import logging
import sys

import pytest

from roundtable.logs import RedactTokens, redact
from tests.factories import make_event, make_registration

SECRET = "uXb3_-9Zq.s3cr3t-T0k3n_x"


@pytest.fixture
def written(tmp_path):
    """Log something as the site is set up to; return what is written."""

    def write(log):
        handler = logging.FileHandler(tmp_path / "log", encoding="utf-8")
        handler.addFilter(RedactTokens())
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        logger = logging.getLogger("test")
        logger.handlers = [handler]
        log(logger)
        logger.handlers = []
        handler.close()
        return (tmp_path / "log").read_text(encoding="utf-8")

    return write


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"GET /registrations/{SECRET}/", "GET /registrations/[redacted]/"),
        (f"GET /registrations/{SECRET}", "GET /registrations/[redacted]"),
        (f"/registrations/{SECRET}/invite.ics?x=1", "/registrations/[redacted]/invite.ics?x=1"),
        (f"/registrations/{SECRET}?done=changed", "/registrations/[redacted]?done=changed"),
        (f'"GET /sw/registrations/{SECRET}/ HTTP/1.1"',
         '"GET /sw/registrations/[redacted]/ HTTP/1.1"'),
        (f"https://r.example/registrations/{SECRET}/",
         "https://r.example/registrations/[redacted]/"),
        (f"/organiser/{SECRET}/", "/organiser/[redacted]/"),
        (f"/registrations/{SECRET}/ /registrations/{SECRET}/change/",
         "/registrations/[redacted]/ /registrations/[redacted]/change/"),
        ("/events/roundtable-2/register/", "/events/roundtable-2/register/"),
        ("/registrations/", "/registrations/"),
        ("550 5.1.1 <wanjiru@example.org>: unknown", "550 5.1.1 <[address]>: unknown"),
        ("Key (event_id, lower(email))=(1, w.k+s@mail.example) exists",
         "Key (event_id, lower(email))=(1, [address]) exists"),
        ("to=wanjiru@xn--exmple-cua.de, o'neil@b.co", "to=[address], [address]"),
        ("no address @ all, @wraps(view), a@", "no address @ all, @wraps(view), a@"),
    ],
)  # fmt: skip
def test_token_in_a_text_is_struck_out(text, expected):
    assert redact(text) == expected


def test_token_in_the_message_is_struck_out(written):
    message = f"Gone: /registrations/{SECRET}/"
    text = written(lambda log: log.warning(message))
    assert text == "WARNING test: Gone: /registrations/[redacted]/\n"


def test_token_in_the_arguments_is_struck_out(written):
    text = written(lambda log: log.error("%s: %s", "Not Found", f"/registrations/{SECRET}/"))
    assert text == "ERROR test: Not Found: /registrations/[redacted]/\n"


def test_token_in_arguments_by_name_is_struck_out(written):
    text = written(lambda log: log.error("%(path)s", {"path": f"/organiser/{SECRET}/"}))
    assert text == "ERROR test: /organiser/[redacted]/\n"


def test_percent_sign_in_a_message_is_only_a_percent_sign(written):
    assert written(lambda log: log.error("100% of it")) == "ERROR test: 100% of it\n"
    assert "/a%20b" in written(lambda log: log.error("%s", "/a%20b"))


def failing(log):
    try:
        int(f"/registrations/{SECRET}/")
    except ValueError:
        log.exception("Failed")


def test_token_in_a_trace_is_struck_out(written):
    text = written(failing)
    assert "ValueError: invalid literal for int() with base 10: '/registrations/[red" in text
    assert SECRET not in text


def test_token_in_a_trace_put_into_words_before_is_struck_out(written, tmp_path):
    def twice(log):
        first = logging.FileHandler(tmp_path / "other")
        log.handlers.insert(0, first)
        failing(log)
        first.close()

    assert SECRET not in written(twice)


def test_token_in_a_stack_is_struck_out(written):
    def log_with_stack(log):
        stack = f"Stack\n  /registrations/{SECRET}/"
        log.handle(log.makeRecord("test", 30, "f", 1, "Look", (), None, sinfo=stack))

    text = written(log_with_stack)
    assert "/registrations/[redacted]/" in text
    assert SECRET not in text


def test_message_whose_arguments_do_not_fit_is_written_and_breaks_nothing(written):
    text = written(lambda log: log.error("%d seats", f"/registrations/{SECRET}/"))
    assert text == "ERROR test: %d seats ('/registrations/[redacted]/',)\n"


def test_site_s_own_handler_strikes_out(settings):
    for handler in settings.LOGGING["handlers"].values():
        assert handler["filters"] == ["redact"]
    assert settings.LOGGING["filters"]["redact"]["()"] == "roundtable.logs.RedactTokens"


@pytest.mark.django_db
def test_request_that_fails_leaves_no_token_in_the_log(client, monkeypatch, capfd):
    from events.registration.links import Power, token_for

    registration = make_registration(make_event())
    token = token_for(registration, Power.MANAGE)
    console = next(
        handler for handler in logging.getLogger().handlers
        if any(isinstance(found, RedactTokens) for found in handler.filters)
    )  # fmt: skip
    monkeypatch.setattr(console, "stream", sys.stderr)
    assert client.get(f"/registrations/{token}x/").status_code == 404
    assert client.get(f"/registrations/{token}/nowhere/").status_code == 404
    told = capfd.readouterr().err
    assert told.count("Not Found: /registrations/[redacted]/") == 2
    assert token not in told
