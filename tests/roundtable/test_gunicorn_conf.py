import logging
import runpy

import pytest
from gunicorn.config import Config

from roundtable import gunicorn_conf
from tests.live import ROOT


@pytest.fixture
def log(tmp_path):
    """gunicorn's own log, set up as the arbiter does, its settings, and what it has written."""
    config = Config()
    file = tmp_path / "log"
    config.set("loglevel", gunicorn_conf.loglevel)
    config.set("errorlog", str(file))
    config.set("accesslog", str(file))
    yield gunicorn_conf.Logger(config), config, file.read_text
    for name in ("gunicorn.error", "gunicorn.access"):
        for handler in list(logging.getLogger(name).handlers):
            logging.getLogger(name).removeHandler(handler)
            handler.close()


def read_with(settings, **values):
    """Execute the module as gunicorn does, with these settings of the site."""
    for name, value in values.items():
        setattr(settings, name, value)
    return runpy.run_path(str(ROOT / "roundtable" / "gunicorn_conf.py"))


def test_messages_and_tracebacks_have_the_keys_struck_out(log):
    logger, _, written = log
    error = ValueError("no such page: /registrations/k3ySesame/change/")
    logger.error("Error handling request %s", "/registrations/k3ySesame/change/", exc_info=error)
    text = written()
    assert "Error handling request /registrations/[redacted]/change/" in text
    assert "ValueError: no such page: /registrations/[redacted]/change/" in text
    assert "k3ySesame" not in text


def test_an_access_log_that_somebody_turns_on_has_them_struck_out_too(log):
    logger, _, written = log
    logger.access_log.info("GET %s", "/registrations/k3ySesame/")
    assert written() == "GET /registrations/[redacted]/\n"


# gunicorn lets go of its file without closing it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_they_are_struck_out_after_hup_too(log):
    logger, config, written = log
    logger.setup(config)
    logger.error("%s", "/registrations/k3ySesame/")
    text = written()
    assert "k3ySesame" not in text
    assert text.count("[redacted]") == 1


def test_there_is_no_access_log_and_no_control_socket():
    assert gunicorn_conf.accesslog is None
    assert gunicorn_conf.control_socket_disable is True


@pytest.mark.parametrize(
    ("host", "bound"),
    [("127.0.0.1", "127.0.0.1:9000"), ("::1", "[::1]:9000"), ("localhost", "localhost:9000")],
)
def test_it_listens_where_the_settings_say(settings, host, bound):
    assert read_with(settings, HOST=host, PORT=9000)["bind"] == bound


@pytest.mark.parametrize(("proxies", "believed"), [(0, ""), (1, "*")])
def test_a_proxy_is_believed_only_where_the_settings_name_one(settings, proxies, believed):
    conf = read_with(settings, TRUSTED_PROXIES=proxies)
    assert conf["forwarded_allow_ips"] == believed
    assert conf["forwarder_headers"] == ""


def test_gunicorn_accepts_every_value(settings):
    config = Config()
    names = set(config.settings)
    conf = read_with(settings, WEB_CONCURRENCY=3)
    taken = {name: value for name, value in conf.items() if name in names}
    for name, value in taken.items():
        config.set(name, value)
    assert (config.workers, config.threads, config.worker_class_str) == (3, 4, "gthread")
    assert {"bind", "when_ready", "on_exit", "wsgi_app"} <= set(taken)
