import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User

EMAIL = "amina@example.org"


def make_person(email=EMAIL, **fields):
    """Somebody with an account whose address is confirmed, as signing up leaves it."""
    user = User(username=email, email=email, **fields)
    user.set_unusable_password()
    user.save()
    EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)
    return user


@pytest.fixture
def person(db):
    return make_person()


@pytest.fixture
def organiser(db):
    return make_person("organiser@example.org", is_staff=True, is_superuser=True)


@pytest.fixture
def on_the_internet(settings):
    """As with SITE_URL set: organisers need a second factor."""
    settings.LOCAL_INSTALL = False
