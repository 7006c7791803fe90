import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from speakers.models import Speaker, StakeholderGroup, Voice
from tests.factories import make_event, make_group, make_registration, make_speaker, make_voice

pytestmark = pytest.mark.django_db


def test_speaker_is_called_by_name_and_has_an_address():
    speaker = make_speaker("Amina Odhiambo", slug="amina-odhiambo")
    assert str(speaker) == "Amina Odhiambo"
    assert speaker.get_absolute_url() == "/speakers/amina-odhiambo/"


def test_published_profiles_are_those_anybody_may_read():
    seen = make_speaker()
    make_speaker(published=False)
    assert list(Speaker.objects.published()) == [seen]


def test_two_profiles_never_share_an_address():
    make_speaker(slug="same")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_speaker(slug="same")


@pytest.mark.parametrize("model", [StakeholderGroup, Voice])
@pytest.mark.parametrize("code", ["gov_national", "un", "x2"])
def test_code_of_small_letters_digits_and_underscores_is_taken(model, code):
    model(code=code, label="Label").full_clean()


@pytest.mark.parametrize("model", [StakeholderGroup, Voice])
@pytest.mark.parametrize("code", ["Gov", "2nd", "_x", "gov-national", "gov national", "é"])
def test_other_code_is_refused_with_a_sentence(model, code):
    with pytest.raises(ValidationError) as caught:
        model(code=code, label="Label").full_clean()
    assert caught.value.message_dict == {
        "code": ["Use small letters, digits and underscores, starting with a letter."]
    }


@pytest.mark.parametrize("make", [make_group, make_voice])
def test_code_is_given_once(make):
    row = make("same")
    with pytest.raises(IntegrityError), transaction.atomic():
        type(row).objects.create(code="same", label="Another")


def test_groups_stand_in_their_positions_then_by_code():
    last = make_group("a", position=2)
    second, first = make_group("c", position=1), make_group("b", position=1)
    assert list(StakeholderGroup.objects.all()) == [first, second, last]


def test_voices_stand_in_their_positions_then_by_code():
    last = make_voice("a", position=2)
    second, first = make_voice("c", position=1), make_voice("b", position=1)
    assert list(Voice.objects.all()) == [first, second, last]


def test_group_of_a_speaker_cannot_vanish():
    group = make_group()
    make_speaker(group=group)
    with pytest.raises(ProtectedError):
        group.delete()


def test_group_that_somebody_chose_cannot_vanish_but_is_offered_no_more():
    group = make_group()
    registration = make_registration(make_event(), group=group)
    with pytest.raises(ProtectedError):
        group.delete()
    group.offered = False
    group.save()
    registration.refresh_from_db()
    assert registration.group == group


def test_group_and_voice_are_called_by_their_labels():
    assert str(make_group(label="Civil society")) == "Civil society"
    assert str(make_voice(label="Women")) == "Women"
