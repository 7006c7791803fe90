import pytest
from django.core.checks import run_checks

from roundtable.bootstrap import production
from roundtable.env import MailServer
from tests.live import manage

SERVER = MailServer("mail.example.org", 587, "", "", use_tls=True, use_ssl=False)


@pytest.fixture
def on_the_web(settings):
    """A site with an address, a mail server, and a name for who runs it."""
    settings.LOCAL_INSTALL = False
    settings.MAIL_SERVER = SERVER
    settings.CONTROLLER = "Example convenor"
    settings.CONTACT_EMAIL = "roundtable@example.org"
    return settings


def found():
    """Our own warnings, by id."""
    return {check.id: check for check in run_checks() if check.id.startswith("roundtable.")}


def test_local_install_needs_nothing(settings):
    assert (settings.LOCAL_INSTALL, settings.MAIL_SERVER, settings.CONTROLLER) == (True, None, "")
    assert found() == {}


def test_site_that_has_all_it_needs_is_warned_of_nothing(on_the_web):
    assert found() == {}


def test_site_without_mail_server_is_told_that_registration_does_not_open(on_the_web):
    on_the_web.MAIL_SERVER = None
    assert list(found()) == ["roundtable.W001"]
    warning = found()["roundtable.W001"]
    assert warning.msg == "Registration does not open: SITE_URL is set, and EMAIL_URL is not."
    assert "EMAIL_URL" in warning.hint


@pytest.mark.parametrize("name", ["CONTROLLER", "CONTACT_EMAIL"])
def test_site_whose_notice_names_nobody_is_told_so(on_the_web, name):
    setattr(on_the_web, name, "")
    assert list(found()) == ["roundtable.W002"]
    assert found()["roundtable.W002"].msg == "The privacy notice names nobody."


@pytest.mark.parametrize(
    ("hosts", "warned"),
    [
        (["roundtable.example.org"], []),
        (["*"], ["roundtable.W004"]),
        (["roundtable.example.org", "*"], ["roundtable.W004"]),
    ],
)
def test_site_that_answers_to_any_name_is_told_so(on_the_web, hosts, warned):
    on_the_web.ALLOWED_HOSTS = hosts
    assert list(found()) == warned


def test_deploy_check_is_clean_for_a_site_set_up_as_the_guide_says(tmp_path):
    settings = {**production(), "ROUNDTABLE_DATA": str(tmp_path)}
    done = manage("check", "--deploy", "--fail-level", "WARNING", **settings)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("System check identified no issues")


def test_deploy_check_fails_without_a_mail_server(tmp_path):
    settings = {**production(), "EMAIL_URL": "", "ROUNDTABLE_DATA": str(tmp_path)}
    done = manage("check", "--deploy", "--fail-level", "WARNING", **settings)
    assert done.returncode == 1
    assert "roundtable.W001" in done.stderr
