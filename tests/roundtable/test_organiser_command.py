"""`make organiser EMAIL=…`: another organiser, from the terminal."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from roundtable.roles import Role
from tests.live import manage
from tests.signing_in import give_factor

EMAIL = "amina@example.org"


def organiser(capsys, email=EMAIL, **options):
    """Run the command; return what it says, line by line."""
    call_command("organiser", email, **options)
    said = capsys.readouterr()
    assert said.err == ""
    return said.out.splitlines()


def refusal(*arguments, **options):
    with pytest.raises(SystemExit) as end:
        call_command("organiser", *arguments, **options)
    return end.value.code


@pytest.mark.django_db
def test_it_makes_an_owner_and_says_what_next(capsys):
    assert organiser(capsys, "Amina@Example.org") == [
        "amina@example.org is an organiser now (Owner).",
        "To sign in, with a code by mail: http://localhost:8000/accounts/login/",
        "Mails are not sent but kept: http://localhost:8000/outbox/",
    ]
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, user.is_active) == (True, False, True)
    assert [group.name for group in user.groups.all()] == [Role.OWNER]
    assert not user.has_usable_password()
    address = EmailAddress.objects.get()
    assert (address.user, address.email) == (user, EMAIL)
    assert (address.verified, address.primary) == (True, True)


@pytest.mark.django_db
def test_it_is_safe_to_run_again(capsys):
    first = organiser(capsys)
    client = Client()
    client.force_login(User.objects.get())
    before = list(User.objects.values()), list(EmailAddress.objects.values())
    assert organiser(capsys) == first
    assert (list(User.objects.values()), list(EmailAddress.objects.values())) == before
    assert client.get("/admin/").status_code == 200


@pytest.mark.django_db
def test_it_makes_another_beside_the_first(capsys):
    organiser(capsys)
    organiser(capsys, "second@example.org")
    assert User.objects.filter(is_staff=True).count() == 2


@pytest.mark.django_db
def test_attendee_s_account_is_raised_and_a_closed_one_opened(capsys):
    user = User.objects.create_user("amina", EMAIL, is_active=False)
    EmailAddress.objects.create(user=user, email=EMAIL, verified=False)
    EmailAddress.objects.create(user=user, email="claimed@example.org", verified=False)
    organiser(capsys)
    before = user.password
    user.refresh_from_db()
    # Whoever is signed in to it by another way does not rise with it.
    assert user.password != before
    assert (User.objects.count(), user.is_staff, user.is_active) == (1, True, True)
    assert list(EmailAddress.objects.values_list("email", "verified")) == [(EMAIL, True)]


@pytest.mark.django_db
def test_name_that_somebody_has_is_no_hindrance(capsys):
    User.objects.create_user(EMAIL, "another@example.org")
    organiser(capsys)
    assert User.objects.get(email=EMAIL).username.startswith(f"{EMAIL}-")


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["Access officer", "access OFFICER"])
def test_role_is_given_instead_of_owner(capsys, name):
    assert organiser(capsys, role=name)[0] == f"{EMAIL} is an organiser now (Access officer)."
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser) == (True, False)
    assert [group.name for group in user.groups.all()] == [Role.ACCESS_OFFICER]


@pytest.mark.django_db
def test_another_role_comes_beside_the_first(capsys):
    organiser(capsys, role="Editor")
    organiser(capsys, role="Read-only")
    assert User.objects.get().groups.count() == 2


@pytest.mark.django_db
def test_lost_factor_is_named_and_removed_only_when_asked(capsys):
    organiser(capsys)
    user = User.objects.get()
    give_factor(user)
    client = Client()
    client.force_login(user)
    lost = "A second factor is set up. Is it lost? Add SECOND_FACTOR=forget."
    assert organiser(capsys)[1] == lost
    assert Authenticator.objects.count() == 2
    said = organiser(capsys, second_factor="forget")[1]
    assert said == "The second factor is removed, and the account is signed out everywhere."
    assert not Authenticator.objects.exists()
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
    assert organiser(capsys, second_factor="forget")[1].startswith("To sign in")


@pytest.mark.django_db
def test_site_that_can_send_no_mail_says_so(capsys, settings):
    settings.LOCAL_INSTALL = False
    said = organiser(capsys)[-1]
    assert said == "No code can reach anybody yet: EMAIL_URL is not set."
    settings.MAIL_SERVER = object()
    assert organiser(capsys)[-1].startswith("To sign in")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("email", "sentence"),
    [
        ("", "'' is no email address."),
        ("amina", "'amina' is no email address."),
        ("a@b", "'a@b' is no email address."),
        ("a b@c.org", "'a b@c.org' is no email address."),
        ("a@b.org\r\nBcc: x@y.org", r"'a@b.org\r\nBcc: x@y.org' is no email address."),
    ],
)
def test_what_is_no_address_is_told_in_one_line(email, sentence):
    assert refusal(email) == f"roundtable: {sentence}"
    assert not User.objects.exists()


@pytest.mark.django_db
def test_unknown_role_and_unknown_wish_are_told_in_one_line():
    roles = "Owner, Organiser, Editor, Access officer, Read-only"
    said = f"roundtable: 'King' is no role. There are: {roles}."
    assert refusal(EMAIL, role="King") == said
    wish = "roundtable: the one thing to do with a second factor is SECOND_FACTOR=forget."
    assert refusal(EMAIL, second_factor="keep") == wish
    assert not User.objects.exists()


def test_data_folder_without_a_database_is_told_in_one_line(tmp_path):
    done = manage("organiser", EMAIL, ROUNDTABLE_DATA=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("roundtable: the database can't be used (no such table")
    assert done.stderr.endswith("): start the site once with make run.\n")
    assert done.stderr.count("\n") == 1
