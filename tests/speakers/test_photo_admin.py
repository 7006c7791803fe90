"""The profile at the desk: its photo from a file, what is refused, where it stands, its end."""

import re
from html import unescape

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile

from events.models import Assignment
from events.rules import record_change
from roundtable.roles import Role
from speakers import files
from speakers.models import Speaker
from speakers.photos import make
from speakers.renditions import MAX_BYTES
from tests.factories import AT, make_assignment, make_event, make_organiser, make_speaker
from tests.roundtable.test_admin import address, problems, read, save, saved
from tests.speakers.pictures import animated, jpeg_of, photo

pytestmark = pytest.mark.django_db
SLOT = {"title": "Panel on water", "minutes": 30, "kind": "panel"}
ALT = "She stands smiling."
LIST = "/admin/speakers/speaker/"


@pytest.fixture
def organiser(client):
    client.force_login(make_organiser())
    return client


@pytest.fixture
def speaker(media):
    return make_speaker("Wangari Maathai", slug="wangari", biography="She planted trees.")


@pytest.fixture
def pictured(speaker):
    speaker.photo, speaker.photo_alt = files.keep(make(photo())), ALT
    speaker.save()
    return speaker


def upload(content, name="photo.jpg"):
    return SimpleUploadedFile(name, content, content_type="image/jpeg")


def digests(media):
    return {path.name[:32] for path in media.iterdir()} if media.exists() else set()


def words(response):
    page = response.content.decode()
    page = page[page.index('id="content"') :]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


# From a file to the profile


def test_photo_is_on_the_profile(organiser, speaker, media):
    assert saved(save(organiser, speaker, photo_file=upload(photo()), photo_alt=ALT))
    row = Speaker.objects.get()
    assert digests(media) == {row.photo_digest}
    assert row.photo_alt == ALT
    page = organiser.get("/speakers/wangari/").content.decode()
    assert f'alt="{ALT}"' in page
    assert f"/photos/{row.photo_digest}-256.avif" in page


def test_photo_comes_with_a_new_profile(organiser, media):
    url = f"{LIST}add/"
    sent = {
        **read(organiser.get(url)), "name": "Amina", "slug": "amina", "photo_alt": ALT,
        "photo_file": upload(photo()),
    }  # fmt: skip
    assert saved(organiser.post(url, sent))
    assert digests(media) == {Speaker.objects.get().photo_digest}


def test_page_of_an_event_has_the_new_photo(organiser, speaker):
    event = make_event(items=[SLOT])
    make_assignment(event.agenda_items.get(), speaker)
    record_change(event, at=AT)
    before = organiser.get(f"{event.get_absolute_url()}speakers/")
    assert b"/photos/" not in before.content
    assert saved(save(organiser, speaker, photo_file=upload(photo()), photo_alt=ALT))
    assert b"/photos/" in organiser.get(f"{event.get_absolute_url()}speakers/").content


def test_form_shows_the_photo_and_asks_for_words(organiser, pictured):
    page = organiser.get(address(pictured)).content.decode()
    assert f'<img src="/photos/{pictured.photo_digest}-256.jpg" alt="{ALT}"' in page
    assert "Say what the picture shows for somebody who can't see it." in page
    assert 'name="remove_photo"' in page


def test_form_without_photo_offers_nothing_to_remove(organiser, speaker):
    page = organiser.get(address(speaker)).content.decode()
    assert "None. The site shows initials." in page
    assert 'name="remove_photo"' not in page


# Words for who can't see it


@pytest.mark.parametrize("words", ["", "   "])
def test_photo_without_words_is_refused_and_must_be_chosen_again(organiser, speaker, media, words):
    response = save(
        organiser, speaker, photo_file=upload(photo()), photo_alt=words, biography="Typed."
    )
    assert problems(response) == {
        "photo_alt": ["Say what the photo shows, such as: She stands smiling."],
        "photo_file": ["The photo is fine, but a browser forgets it: choose it once more."],
    }
    assert read(response)["biography"] == "Typed."
    assert digests(media) == set()


def test_words_can_not_be_taken_from_a_photo_that_stays(organiser, pictured):
    assert set(problems(save(organiser, pictured, photo_alt=""))) == {"photo_alt"}
    assert saved(save(organiser, pictured, photo_alt="Another."))
    assert Speaker.objects.get().photo_alt == "Another."


def test_form_says_what_a_photo_needs_and_may_be(organiser, speaker):
    shown = unescape(organiser.get(address(speaker)).content.decode())
    for sentence in (
        "Needed with a photo. Say what the picture shows for somebody who can't see it.",
        "at most 10 MB and 30 million pixels (16 million unless it is a JPEG).",
    ):
        assert sentence in shown


def test_profile_without_photo_needs_no_words(organiser, speaker):
    assert saved(save(organiser, speaker, photo_alt=""))


# What is refused


@pytest.mark.parametrize(
    ("content", "begins"),
    [
        (b"Dear team", "This file is damaged, or it is no picture."),
        (b"", "This file is damaged, or it is no picture."),
        (photo()[:2000], "This file is damaged, or it is no picture."),
        (b"<svg><script>alert(1)</script></svg>", "This is a drawing (SVG)."),
        (animated("GIF"), "This is a GIF."),
        (animated("WEBP"), "The picture moves."),
        (jpeg_of(8000, 5000), "The picture has too many pixels: at most 30 million."),
        (photo("PNG", 20, 20), "The picture is too small: 20 × 20 pixels."),
        (photo() + b"\0" * MAX_BYTES, "The file is too big: at most 10 MB."),
    ],
    ids=["text", "nothing", "truncated", "svg", "gif", "animated", "40 MP", "small", "big"],
)
def test_bad_file_gets_a_sentence_at_its_field_and_nothing_typed_is_lost(
    organiser, pictured, media, content, begins
):
    response = save(
        organiser, pictured, photo_file=upload(content), biography="Typed.", photo_alt="New words."
    )
    found = problems(response)
    assert set(found) == {"photo_file"}
    assert len(found["photo_file"]) == 1
    assert found["photo_file"][0].startswith(begins)
    assert (read(response)["biography"], read(response)["photo_alt"]) == ("Typed.", "New words.")
    row = Speaker.objects.get()
    assert (row.photo_digest, row.photo_alt) == (pictured.photo_digest, ALT)
    assert digests(media) == {pictured.photo_digest}


def test_other_slip_says_that_the_photo_must_be_chosen_again(organiser, speaker):
    make_speaker(slug="taken")
    response = save(
        organiser, speaker, slug="taken", photo_file=upload(photo()), photo_alt=ALT, name=""
    )
    assert set(problems(response)) == {"slug", "name", "photo_file"}


def test_link_that_leads_nowhere_is_refused_in_a_biography(organiser, speaker):
    response = save(organiser, speaker, biography="[me](javascript:alert(1))")
    assert set(problems(response)) == {"biography"}


def test_markup_of_a_biography_is_on_its_page(organiser, speaker):
    assert saved(save(organiser, speaker, biography="**Founder**\r\n\r\n- trees"))
    page = organiser.get("/speakers/wangari/").content.decode()
    assert "<p><strong>Founder</strong></p>\n<ul><li>trees</li></ul>" in page


# Replaced, removed


def test_replaced_photo_s_files_are_gone(
    organiser, pictured, media, django_capture_on_commit_callbacks
):
    old = pictured.photo_digest
    with django_capture_on_commit_callbacks(execute=True):
        assert saved(save(organiser, pictured, photo_file=upload(photo(width=300, height=300))))
    new = Speaker.objects.get().photo_digest
    assert new != old
    assert digests(media) == {new}


def test_same_photo_again_keeps_its_files(
    organiser, pictured, media, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        assert saved(save(organiser, pictured, photo_file=upload(photo())))
    assert digests(media) == {Speaker.objects.get().photo_digest} == {pictured.photo_digest}


def test_photo_that_another_profile_has_stays(
    organiser, pictured, media, django_capture_on_commit_callbacks
):
    other = make_speaker(slug="other", photo=pictured.photo.name, photo_alt=ALT)
    with django_capture_on_commit_callbacks(execute=True):
        assert saved(save(organiser, pictured, remove_photo="on"))
    assert digests(media) == {other.photo_digest}
    with django_capture_on_commit_callbacks(execute=True):
        assert saved(save(organiser, other, remove_photo="on"))
    assert digests(media) == set()


def test_removed_photo_leaves_initials_and_no_words(
    organiser, pictured, media, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        assert saved(save(organiser, pictured, remove_photo="on"))
    row = Speaker.objects.get()
    assert (row.photo, row.photo_alt) == ("", "")
    assert digests(media) == set()
    page = organiser.get("/speakers/wangari/").content.decode()
    assert "<picture>" not in page
    assert ">WM<" in page


def test_new_photo_wins_over_the_tick_to_remove(
    organiser, pictured, media, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        new = upload(photo(width=300, height=300))
        assert saved(save(organiser, pictured, remove_photo="on", photo_file=new))
    assert digests(media) == {Speaker.objects.get().photo_digest} != {pictured.photo_digest}


def test_save_that_changes_something_else_keeps_the_photo(
    organiser, pictured, media, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        assert saved(save(organiser, pictured, biography="Anew."))
    assert Speaker.objects.get().photo_digest == pictured.photo_digest
    assert digests(media) == {pictured.photo_digest}


# History


def test_profile_brought_back_never_shows_a_photo_that_is_gone(
    organiser, pictured, media, django_capture_on_commit_callbacks
):
    old = pictured.photo.name
    with django_capture_on_commit_callbacks(execute=True):
        assert saved(save(organiser, pictured, remove_photo="on"))
    row = Speaker.objects.get()
    row.photo = old
    row.save()
    assert Speaker.objects.get().photo == ""
    assert Speaker.history.filter(photo=old).exists()


# Deleting


def delete(client, speaker):
    return client.post(address(speaker).replace("change", "delete"), {"post": "yes"})


def delete_all(client, *speakers):
    return client.post(
        LIST,
        {
            "action": "delete_selected",
            "_selected_action": [speaker.pk for speaker in speakers],
            "post": "yes",
        },
    )


@pytest.mark.parametrize("way", [delete, delete_all])
def test_deleted_profile_takes_its_files_along(
    organiser, pictured, media, way, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        assert way(organiser, pictured).status_code == 302
    assert Speaker.objects.count() == 0
    assert digests(media) == set()


@pytest.mark.parametrize("way", [delete, delete_all])
@pytest.mark.parametrize("status", ["confirmed", "declined"])
def test_profile_in_an_agenda_is_not_deleted_and_the_page_says_where(
    organiser, pictured, media, way, status
):
    event = make_event(items=[SLOT], title="Working together", number=2)
    make_assignment(event.agenda_items.get(), pictured, status=status)
    response = way(organiser, pictured)
    assert response.status_code == 200
    text = words(response)
    assert "Nothing was deleted: an agenda names who would go." in text
    assert f"Panel on water : Roundtable 2: Working together (Panellist, {status.title()})" in text
    assert f"/admin/events/agendaitem/{event.agenda_items.get().pk}/change/" in (
        response.content.decode()
    )
    assert Speaker.objects.get() == pictured
    assert digests(media) == {pictured.photo_digest}


def test_bulk_deletion_spares_all_while_one_is_in_an_agenda(organiser, speaker):
    free = make_speaker("Amina")
    event = make_event(items=[SLOT])
    make_assignment(event.agenda_items.get(), speaker)
    assert "Nothing was deleted" in words(delete_all(organiser, speaker, free))
    assert Speaker.objects.count() == 2
    Assignment.objects.all().delete()
    assert delete_all(organiser, speaker, free).status_code == 302
    assert Speaker.objects.count() == 0


# Where it stands


def test_form_lists_the_slots_of_all_events(organiser, speaker):
    for number in (2, 3):
        event = make_event(items=[SLOT], number=number)
        make_assignment(event.agenda_items.get(), speaker)
    text = words(organiser.get(address(speaker)))
    for number in (2, 3):
        assert f"Panel on water : Roundtable {number}: Working together" in text


def test_form_of_a_profile_in_no_agenda_says_so(organiser, speaker):
    assert "In no agenda yet." in words(organiser.get(address(speaker)))


@pytest.mark.parametrize("slots", [1, 3])
def test_form_takes_the_same_queries_however_many_slots(
    organiser, speaker, slots, django_assert_num_queries
):
    for _ in range(slots):
        make_assignment(make_event(items=[SLOT]).agenda_items.get(), speaker)
    with django_assert_num_queries(6):
        assert organiser.get(address(speaker)).status_code == 200


# Who may


@pytest.mark.parametrize(
    ("role", "may"), [(Role.EDITOR, True), (Role.READ_ONLY, False), (Role.ACCESS_OFFICER, False)]
)
def test_roles_see_the_photo_and_some_may_change_it(client, pictured, role, may):
    user = User.objects.create_user("amina", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    page = client.get(address(pictured))
    assert page.status_code == 200
    assert f"/photos/{pictured.photo_digest}-256.jpg" in page.content.decode()
    assert ('name="photo_file"' in page.content.decode()) is may
    response = client.post(address(pictured), {"photo_file": upload(photo(width=300, height=300))})
    assert response.status_code == (200 if may else 403)
    assert Speaker.objects.get().photo_digest == pictured.photo_digest
