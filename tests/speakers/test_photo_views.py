"""Photos on pages, and how they are handed out."""

import os
import re
import time

import pytest

from events.rules import record_change
from speakers import files
from speakers.models import Speaker
from speakers.photos import make
from tests.factories import AT, make_assignment, make_event, make_organiser, make_speaker
from tests.speakers.pictures import photo

pytestmark = pytest.mark.django_db
SLOT = {"title": "Panel", "minutes": 30, "kind": "panel"}
TYPES = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg"}
ALT = "She stands before “her” <trees>."


@pytest.fixture
def speaker(media):
    return make_speaker(
        "Wangari Maathai", slug="wangari", photo=files.keep(make(photo())), photo_alt=ALT
    )


def seat(speaker, *, event=None):
    event = event or make_event(items=[SLOT])
    make_assignment(event.agenda_items.get(), speaker)
    record_change(event, at=AT)
    return event


def pictures(page):
    """Each picture of a page, as its addresses and the attributes of its image."""
    found = []
    for one in re.findall(r"<picture>.*?</picture>", page.content.decode(), re.DOTALL):
        image = dict(re.findall(r'(\w+)="([^"]*)"', one.split("<img")[1]))
        found.append((re.findall(r"/photos/[^ \",]+", one), image))
    return found


# On pages


def test_profile_shows_the_photo_with_what_it_shows(client, speaker):
    page = client.get("/speakers/wangari/")
    [(addresses, image)] = pictures(page)
    assert image["alt"] == "She stands before “her” &lt;trees&gt;."
    assert (image["width"], image["height"]) == ("160", "160")
    assert "loading" not in image
    assert len(set(addresses)) == 6
    for address in addresses:
        assert client.get(address).status_code == 200


@pytest.mark.parametrize("page", ["", "speakers/"])
def test_list_shows_a_small_photo_beside_the_name(client, speaker, page):
    event = seat(speaker)
    [(addresses, image)] = pictures(client.get(event.get_absolute_url() + page))
    digest = speaker.photo_digest
    assert addresses == [f"/photos/{digest}-96.{end}" for end in ("avif", "webp", "jpg")]
    assert (image["alt"], image["loading"]) == ("", "lazy")
    assert (image["width"], image["height"]) == ("48", "48")


def test_one_profile_is_shown_in_each_of_its_events(client, speaker):
    for event in (seat(speaker), seat(speaker)):
        assert len(pictures(client.get(f"{event.get_absolute_url()}speakers/"))) == 1


def test_without_photo_initials_are_shown(client, db):
    event = seat(make_speaker("Wangari Maathai", slug="wangari"))
    for address in ("/speakers/wangari/", f"{event.get_absolute_url()}speakers/"):
        page = client.get(address)
        assert pictures(page) == []
        assert ">WM<" in page.content.decode()


@pytest.mark.parametrize("fields", [{"to_be_announced": True}, {"published": False}])
def test_photo_of_somebody_not_named_is_shown_nowhere(client, speaker, fields):
    event = seat(speaker)
    assert len(pictures(client.get(f"{event.get_absolute_url()}speakers/"))) == 1
    Speaker.objects.update(**fields)
    record_change(event, at=AT)
    for address in ("/speakers/wangari/", event.get_absolute_url()):
        page = client.get(address)
        assert b"/photos/" not in page.content


def test_new_photo_is_on_pages_that_were_kept(client, speaker):
    event = seat(speaker)
    address = f"{event.get_absolute_url()}speakers/"
    before = [pictures(client.get(path)) for path in (address, "/speakers/wangari/")]
    speaker.photo = files.keep(make(photo(width=300, height=300)))
    speaker.save()
    record_change(event, at=AT)
    after = [pictures(client.get(path)) for path in (address, "/speakers/wangari/")]
    for one, other in zip(before, after, strict=True):
        assert one != other


# A name without its files


def test_profile_whose_files_are_gone_is_saved_without_photo(client, speaker, media):
    for path in media.iterdir():
        path.unlink()
    speaker.save()
    assert Speaker.objects.get().photo == ""
    page = client.get("/speakers/wangari/")
    assert pictures(page) == []
    assert ">WM<" in page.content.decode()


def test_name_that_is_none_of_ours_is_no_photo(media):
    media.mkdir(parents=True)
    (media / "other.jpg").write_bytes(b"x")
    speaker = make_speaker(photo="photos/other.jpg")
    assert (speaker.photo_digest, speaker.shown_photo) == ("", "")


# Handed out


@pytest.mark.parametrize("end", ["96.avif", "256.webp", "512.jpg", "96.jpg"])
def test_photo_is_handed_out_for_ever_and_asks_nobody(
    client, speaker, media, end, django_assert_num_queries
):
    client.force_login(make_organiser())
    name = f"{speaker.photo_digest}-{end}"
    with django_assert_num_queries(0):
        response = client.get(f"/photos/{name}")
    assert response.status_code == 200
    assert response.content == (media / name).read_bytes()
    assert response["Content-Type"] == TYPES[end.partition(".")[2]]
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "Cookie" not in response.get("Vary", "")
    assert not response.cookies
    head = client.head(f"/photos/{name}")
    assert (head.status_code, head.content) == (200, b"")


def test_photo_is_for_reading_only(client, speaker):
    assert client.post(f"/photos/{speaker.photo_digest}-96.jpg").status_code in {403, 405}


@pytest.mark.parametrize(
    "name",
    [
        "", "{digest}", "{digest}-96", "{digest}-97.jpg", "{digest}-96.png", "{digest}-96.jpg/",
        "{digest}-96.jpgx", "{digest}-96.jpg%0A", "x{digest}-96.jpg", "{DIGEST}-96.jpg",
        "0{digest}-96.jpg", "../secret_key", "..%2Fsecret_key", "%2e%2e/secret_key",
        "....//secret_key", "/etc/passwd", "%2Fetc%2Fpasswd", "..\\secret_key", "tmp1234",
        "{digest}-96.jpg%00", "{digest}-٩٦.jpg", "other.jpg",
        "00000000000000000000000000000000-96.jpg",
    ],
)  # fmt: skip
def test_anything_else_is_404(client, speaker, media, name):
    (media / "other.jpg").write_bytes(b"x")
    (media.parent / "secret_key").write_text("secret")
    digest = speaker.photo_digest
    path = "/photos/" + name.format(digest=digest, DIGEST="A" + digest[1:].upper())
    response = client.get(path)
    assert response.status_code == 404
    assert b"secret" not in response.content


# Files


def test_files_are_written_once_and_nothing_is_left_over(media):
    made = make(photo())
    name = files.keep(made)
    times = {path.name: path.stat().st_ino for path in media.iterdir()}
    assert len(times) == 9
    assert name == f"photos/{made.digest}-512.jpg"
    assert (media.parent / name).exists()
    assert files.keep(made) == name
    assert {path.name: path.stat().st_ino for path in media.iterdir()} == times


def test_unused_files_go_and_those_somebody_has_stay(speaker, media):
    gone = make(photo(width=300, height=300))
    files.keep(gone)
    files.remove_unused(gone.digest)
    assert {path.name[:32] for path in media.iterdir()} == {speaker.photo_digest}
    files.remove_unused(speaker.photo_digest)
    assert len(list(media.iterdir())) == 9


def test_what_was_left_behind_goes_after_an_hour(speaker, media):
    fresh, stale = make(photo(width=300, height=300)), make(photo(width=200, height=200))
    for left in (fresh, stale):
        files.keep(left)
    (media / "tmpabc").write_bytes(b"half a pict")
    hour_ago = time.time() - files.GRACE - 60
    for path in media.iterdir():
        if path.name.startswith((stale.digest, "tmp", speaker.photo_digest)):
            os.utime(path, (hour_ago, hour_ago))
    files.remove_unused("")
    assert {path.name[:32] for path in media.iterdir()} == {speaker.photo_digest, fresh.digest}


def test_nothing_to_remove_from_is_no_fault(media):
    files.remove_unused("0" * 32)
    assert not media.exists()
