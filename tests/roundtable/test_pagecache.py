from datetime import timedelta

import pytest
from django.core.cache import caches
from django.http import HttpResponse
from django.test import Client
from django.utils.http import http_date

from events.models import AgendaItem, Event, Venue
from events.registration.models import RegistrationSettings, SeatRequest
from events.registration.rules import set_targets
from events.rules import record_change
from roundtable import pagecache
from speakers.models import StakeholderGroup
from tests.factories import (
    AT,
    NOW,
    START,
    make_assignment,
    make_event,
    make_group,
    make_note,
    make_organiser,
    make_registration,
    make_speaker,
)

pytestmark = pytest.mark.django_db
HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
SLOT = {"title": "Panel", "minutes": 30, "kind": "panel"}
LINK = "https://meet.example.org/nakuru"
EVENT_PAGES = [
    "/events/e/", "/events/e/concept-note/", "/events/e/agenda/", "/events/e/speakers/",
    "/events/e/invite.ics", "/events/e/agenda.ics",
]  # fmt: skip
SITE_PAGES = ["/events/", "/calendar.ics", "/sitemap.xml", "/privacy/", "/accessibility/"]
PAGES = ["/", *EVENT_PAGES, *SITE_PAGES, "/speakers/wangari/"]
FILES = ["/events/e/invite.ics", "/events/e/agenda.ics"]


@pytest.fixture
def event(db):
    """An event with something on each of its pages."""
    event = make_event(slug="e", items=[SLOT])
    make_note(event)
    speaker = make_speaker("Wangari Maathai", slug="wangari", group=make_group())
    make_assignment(event.agenda_items.get(), speaker)
    record_change(event, at=AT)
    return event


@pytest.fixture
def organiser(db):
    """A client of its own, signed in as an organiser."""
    client = Client()
    client.force_login(make_organiser())
    return client


def edit(event, **fields):
    """Write fields of the event and record the change, as the admin does."""
    for name, value in fields.items():
        setattr(event, name, value)
    event.save()
    record_change(event, at=AT + HOUR)


def etag(client, path):
    response = client.get(path)
    assert response.status_code == 200
    return response["ETag"]


# Warm: one query


@pytest.mark.parametrize("path", PAGES)
def test_warm_page_takes_one_query(client, event, path, django_assert_num_queries):
    cold = client.get(path)
    assert cold.status_code == 200
    with django_assert_num_queries(1):
        warm = client.get(path)
    assert warm.content == cold.content
    assert dict(warm.headers) == dict(cold.headers)


@pytest.mark.parametrize("path", PAGES)
def test_unchanged_page_is_not_sent_again(client, event, path, django_assert_num_queries):
    first = client.get(path)
    with django_assert_num_queries(1):
        second = client.get(path, HTTP_IF_NONE_MATCH=first["ETag"])
    assert (second.status_code, second.content) == (304, b"")
    for header in ("ETag", "Cache-Control", "Vary"):
        assert second[header] == first[header]


def test_compressed_page_is_not_sent_again_either(client, event):
    for path in PAGES:
        first = client.get(path, HTTP_ACCEPT_ENCODING="gzip, br")
        second = client.get(
            path, HTTP_ACCEPT_ENCODING="gzip, br", HTTP_IF_NONE_MATCH=f'"other", {first["ETag"]}'
        )
        assert (second.status_code, second.content) == (304, b"")


def test_other_copy_is_answered_with_the_page(client, event):
    for path in PAGES:
        assert client.get(path, HTTP_IF_NONE_MATCH='"other"').status_code == 200


def test_public_page_may_be_kept_by_everybody_and_depends_on_no_cookie(client, event):
    for path in PAGES:
        response = client.get(
            path, HTTP_ACCEPT_LANGUAGE="sw", HTTP_COOKIE="sessionid=x; csrftoken=y"
        )
        assert response["Cache-Control"] == "public, no-cache"
        assert response["Vary"] == "Accept-Encoding"
        assert not response.cookies
        assert not response.has_header("Set-Cookie")
        assert response["ETag"].startswith('"')


def test_everybody_gets_the_same_page_organisers_too(client, event, organiser):
    for path in PAGES:
        staff = organiser.get(path)
        everybody = client.get(path)
        assert staff.content == everybody.content
        assert staff["ETag"] == everybody["ETag"]
        assert staff["Vary"] == "Accept-Encoding"


def test_entity_tag_is_the_same_whenever_the_page_is_rendered(client, event):
    for path in PAGES:
        first = etag(client, path)
        caches["pages"].clear()
        assert etag(client, path) == first


def test_head_tells_the_same_without_the_page(client, event):
    for path in PAGES:
        head = client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        # What HEAD rendered is kept whole for GET.
        get = client.get(path)
        assert get.content
        assert head["ETag"] == get["ETag"]
        assert head["Content-Length"] == get["Content-Length"] == str(len(get.content))
        assert client.head(path, HTTP_IF_NONE_MATCH=get["ETag"]).status_code == 304


# Last-Modified of the files


@pytest.mark.parametrize("path", FILES)
def test_file_tells_when_it_last_changed(client, event, path):
    response = client.get(path)
    assert response["Last-Modified"] == http_date(event.changed_at.timestamp())
    same = client.get(path, HTTP_IF_MODIFIED_SINCE=response["Last-Modified"])
    assert (same.status_code, same.content) == (304, b"")
    assert same["Last-Modified"] == response["Last-Modified"]


@pytest.mark.parametrize("path", FILES)
def test_file_that_changed_since_is_sent(client, event, path):
    earlier = http_date((event.changed_at - SECOND).timestamp())
    assert client.get(path, HTTP_IF_MODIFIED_SINCE=earlier).status_code == 200
    before = client.get(path)["Last-Modified"]
    edit(event, title="Another")
    assert client.get(path, HTTP_IF_MODIFIED_SINCE=before).status_code == 200


@pytest.mark.parametrize("path", FILES)
def test_entity_tag_outweighs_the_date(client, event, path):
    known = {"HTTP_IF_MODIFIED_SINCE": client.get(path)["Last-Modified"]}
    assert client.get(path, HTTP_IF_NONE_MATCH='"other"', **known).status_code == 200


def test_file_changes_when_a_public_link_appears_and_goes(client, settings):
    venue = Venue.objects.create(join_url=LINK, join_audience="everybody", join_minutes_before=60)
    make_event(slug="e", venue=venue)
    # Recorded long before the event, as published events are.
    Event.objects.update(changed_at=START - 9 * DAY)
    known = []
    for moment in (START - 2 * HOUR, START - HOUR, START + 2 * HOUR):
        settings.ROUNDTABLE_CLOCK = moment
        for seen in known:
            told = {"HTTP_IF_MODIFIED_SINCE": seen}
            assert client.get("/events/e/invite.ics", **told).status_code == 200
        known.append(client.get("/events/e/invite.ics")["Last-Modified"])
        told = {"HTTP_IF_MODIFIED_SINCE": known[-1]}
        assert client.get("/events/e/invite.ics", **told).status_code == 304


# What a page depends on


@pytest.mark.parametrize("path", ["/", *EVENT_PAGES[:4], "/events/", "/calendar.ics"])
def test_change_of_the_event_is_on_the_page_at_once(client, event, path):
    before = etag(client, path)
    edit(event, title="Quite another title", slug="e")
    after = client.get(path, HTTP_IF_NONE_MATCH=before)
    assert after.status_code == 200
    assert after["ETag"] != before
    assert b"Quite another title" in after.content


@pytest.mark.parametrize(
    "moments",
    [(START - SECOND, START), (START + 2 * HOUR - SECOND, START + 2 * HOUR)],
)
def test_page_changes_with_the_phase(client, event, settings, moments):
    phases = []
    for moment in moments:
        settings.ROUNDTABLE_CLOCK = moment
        phases.append(client.get("/events/e/").context["phase"])
    # The second page was rendered anew, or it would have no context.
    assert phases[0] != phases[1]


@pytest.mark.parametrize("edge", ["opens_at", "closes_at"])
def test_page_changes_when_registration_opens_or_closes(client, event, settings, edge):
    moment = NOW + DAY
    RegistrationSettings.objects.filter(event=event).update(**{edge: moment})
    settings.ROUNDTABLE_CLOCK = moment - SECOND
    before = client.get("/events/e/").content.decode()
    settings.ROUNDTABLE_CLOCK = moment
    after = client.get("/events/e/").content.decode()
    opened = 'href="/events/e/register/"'
    assert (opened in before, opened in after) == (edge == "closes_at", edge == "opens_at")


def test_page_changes_when_the_window_itself_is_moved(client, event):
    RegistrationSettings.objects.filter(event=event).update(opens_at=NOW + DAY)
    assert b"13 October 2020, 09:00 EAT" in client.get("/events/e/").content
    RegistrationSettings.objects.filter(event=event).update(opens_at=NOW + 2 * DAY)
    assert b"14 October 2020, 09:00 EAT" in client.get("/events/e/").content


def test_page_changes_when_organisers_stop_new_seats(client, event):
    assert b'href="/events/e/register/"' in client.get("/events/e/").content
    RegistrationSettings.objects.filter(event=event).update(stopped=True)
    assert b'href="/events/e/register/"' not in client.get("/events/e/").content


def test_page_changes_with_the_last_seat_and_not_before(client):
    event = make_event(slug="e", quotas={"online": 2})
    first = etag(client, "/events/e/")
    make_registration(event, mode="online", email="one@example.org")
    assert etag(client, "/events/e/") == first
    last = make_registration(event, mode="online", email="two@example.org")
    full = client.get("/events/e/")
    assert b"All seats are taken" in full.content
    SeatRequest.objects.filter(registration=last).update(status="cancelled")
    assert etag(client, "/events/e/") == first


def test_page_never_tells_how_many_registered(client):
    event = make_event(slug="e", quotas={"online": 5})
    pages = {path: client.get(path).content for path in ["/", *EVENT_PAGES, "/events/"]}
    for number in range(4):
        make_registration(event, mode="online", email=f"{number}@example.org")
    assert {path: client.get(path).content for path in pages} == pages


# Whom the table misses


@pytest.fixture
def inviting(event):
    """The event, where organisers wish to invite the groups that are missing."""
    RegistrationSettings.objects.filter(event=event).update(shows_open_seats=True)
    for position, label in enumerate(["Academia", "Farmers", "UN system"]):
        make_group(label[:2].lower(), label=label, position=position, in_note=True)
    return event


@pytest.mark.parametrize("path", PAGES)
def test_warm_page_that_invites_takes_one_query(client, inviting, path, django_assert_num_queries):
    cold = client.get(path)
    with django_assert_num_queries(1):
        warm = client.get(path)
    assert (warm.status_code, warm.content) == (200, cold.content)


@pytest.mark.parametrize("number", [1, 3, 30])
def test_cold_page_that_invites_takes_a_constant_number_of_queries(
    client, event, number, django_assert_num_queries
):
    for place in range(number):
        make_group(f"g{place}", in_note=True)
    # No more than without: panel and open seats read once.
    for shown in (False, True):
        RegistrationSettings.objects.update(shows_open_seats=shown)
        caches["pages"].clear()
        with django_assert_num_queries(7):
            page = client.get("/events/e/").content.decode()
        assert page.count('class="open"') == (number if shown else 0)


@pytest.mark.parametrize("path", ["/", "/events/e/", "/events/e/plain.txt"])
def test_page_changes_with_the_first_of_a_group_and_not_with_the_next(client, inviting, path):
    invited = "Still an open seat at the table for:"
    before = client.get(path)
    text = before.content.decode()
    told = text.split(invited)[1]
    assert told.index("Academia") < told.index("UN system")
    group = make_group("un")
    first = make_registration(inviting, group=group, email="one@example.org")
    after = client.get(path, HTTP_IF_NONE_MATCH=before["ETag"])
    assert after.status_code == 200
    text = after.content.decode()
    assert "Farmers" in text.split(invited)[1]
    assert "UN system" not in text.split(invited)[1].split("Take a seat")[0].split("AGENDA")[0]
    make_registration(inviting, group=group, email="two@example.org")
    assert etag(client, path) == after["ETag"]
    SeatRequest.objects.exclude(registration=first).delete()
    assert etag(client, path) == after["ETag"]
    SeatRequest.objects.filter(registration=first).update(status="cancelled")
    assert etag(client, path) == before["ETag"]


@pytest.mark.parametrize(
    "act",
    [
        lambda e: RegistrationSettings.objects.filter(event=e).update(shows_open_seats=False),
        lambda e: StakeholderGroup.objects.filter(code="un").update(label="United Nations"),
        lambda e: StakeholderGroup.objects.filter(code="un").update(in_note=False),
        lambda e: StakeholderGroup.objects.filter(code="un").update(position=0, code="a"),
        lambda e: set_targets(e, targets={make_group("un").pk: 0}),
        lambda e: make_assignment(e.agenda_items.get(), make_speaker(group=make_group("un"))),
        lambda e: RegistrationSettings.objects.filter(event=e).update(stopped=True),
    ],
    ids=["switch", "label", "note", "order", "wish", "speaker", "stopped"],
)
def test_page_follows_what_its_invitation_depends_on(client, inviting, act):
    before = etag(client, "/events/e/")
    act(inviting)
    assert etag(client, "/events/e/") != before


def test_page_that_does_not_invite_stays_the_same(client, event):
    make_group("un", in_note=True)
    before = etag(client, "/events/e/")
    registration = make_registration(event, group=make_group("un"))
    make_group("farmers", in_note=True)
    assert etag(client, "/events/e/") == before
    assert "open-seats" not in client.get("/events/e/").content.decode()
    assert registration.group.label not in client.get("/events/e/").content.decode()


def test_page_in_front_changes_with_the_event_in_front(client):
    first, second = make_event(title="First"), make_event(title="Second", starts_at=START + DAY)
    assert b"First" in client.get("/").content
    Event.objects.filter(pk=second.pk).update(featured=True)
    assert b"Second" in client.get("/").content
    edit(second, published=False)
    assert b"First" in client.get("/").content
    edit(first, published=False)
    assert b"Nothing is planned yet" in client.get("/").content


def test_pages_of_two_events_never_mix(client, event):
    make_event(slug="f", title="Quite another title", items=[SLOT])
    for path in EVENT_PAGES:
        other = path.replace("/events/e/", "/events/f/")
        if not path.endswith("agenda.ics"):
            assert b"Quite another title" in client.get(other).content
            assert b"Quite another title" not in client.get(path).content
        assert etag(client, path) != etag(client, other)


def test_change_of_one_event_leaves_the_other_s_pages_as_they_are(client, event):
    other = make_event(slug="f")
    before = [etag(client, path) for path in EVENT_PAGES]
    edit(other, title="Another")
    assert [etag(client, path) for path in EVENT_PAGES] == before


def test_query_string_changes_no_page(client, event):
    assert etag(client, "/events/e/?utm_source=wa") == etag(client, "/events/e/")


# Profiles


def test_profile_of_somebody_in_no_event_follows_its_edits(client):
    group = make_group(label="Civil society")
    speaker = make_speaker("Wangari", slug="w", group=group)
    assert b"Wangari" in client.get("/speakers/w/").content
    speaker.name = "Wangari Maathai"
    speaker.save()
    assert b"Wangari Maathai" in client.get("/speakers/w/").content
    group.label = "Movements"
    group.save()
    assert b"Movements" in client.get("/speakers/w/").content


def test_profile_taken_off_the_site_is_gone_at_once(client):
    speaker = make_speaker(slug="w")
    assert client.get("/speakers/w/").status_code == 200
    speaker.published = False
    speaker.save()
    assert client.get("/speakers/w/").status_code == 404


def test_profile_follows_its_events(client, event):
    assert b"Panel" in client.get("/speakers/wangari/").content
    AgendaItem.objects.update(title="Water for all")
    record_change(event, at=AT + HOUR)
    assert b"Water for all" in client.get("/speakers/wangari/").content
    edit(event, published=False)
    assert b"Water for all" not in client.get("/speakers/wangari/").content


# What is never kept


@pytest.fixture
def kept(monkeypatch):
    """The keys under which pages are kept from now on."""
    keys = []
    real = caches["pages"].set

    def note(key, *args, **kwargs):
        keys.append(key)
        return real(key, *args, **kwargs)

    monkeypatch.setattr(caches["pages"], "set", note)
    return keys


def test_public_page_is_kept_once(client, event, kept):
    client.get("/events/e/")
    client.get("/events/e/")
    assert len(kept) == 1


@pytest.mark.parametrize("path", EVENT_PAGES)
def test_draft_an_organiser_looked_at_is_shown_to_nobody_else(client, organiser, path, kept):
    event = make_event(slug="e", published=False, items=[SLOT])
    assert organiser.get(path).status_code == 200
    assert organiser.get(path)["Cache-Control"] in {"private, no-store", "no-store, private"}
    assert client.get(path).status_code == 404
    assert kept == []
    edit(event, published=True)
    assert client.get(path)["Cache-Control"] == "public, no-cache"


@pytest.mark.parametrize("path", EVENT_PAGES)
def test_event_taken_back_is_gone_at_once(client, event, path):
    assert client.get(path).status_code == 200
    edit(event, published=False)
    assert client.get(path).status_code == 404
    event.delete()
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/events/nowhere/", "/speakers/nobody/", "/nowhere/",
                                  "/events/nowhere/invite.ics"])  # fmt: skip
def test_page_that_is_not_there_is_not_kept(client, event, path, kept):
    response = client.get(path)
    assert (response.status_code, response["Cache-Control"]) == (404, "no-store")
    assert not response.has_header("ETag")
    assert not response.cookies
    assert kept == []


def test_agenda_that_became_public_is_not_hidden_by_an_earlier_404(client, event):
    edit(event, agenda_status="draft")
    assert client.get("/events/e/agenda.ics").status_code == 404
    edit(event, agenda_status="final")
    assert client.get("/events/e/agenda.ics").status_code == 200


def with_cookie():
    response = HttpResponse("page")
    response.set_cookie("seen", "yes")
    return response


@pytest.mark.parametrize(
    "render",
    [
        lambda: HttpResponse("page", status=404),
        lambda: HttpResponse("page", status=302),
        lambda: HttpResponse("page", headers={"Vary": "Cookie"}),
        with_cookie,
    ],
)
def test_answer_that_is_not_the_same_for_everybody_is_not_kept(rf, render, kept):
    request = rf.get("/", headers={"host": "localhost"})
    response = pagecache.answer(request, stamp="facts", render=render)
    assert response.content == b"page"
    assert not response.has_header("ETag")
    assert kept == []
    plain = pagecache.answer(request, stamp="facts", render=lambda: HttpResponse("page"))
    assert plain.has_header("ETag")
    assert len(kept) == 1


@pytest.mark.parametrize("path", ["/events/e/register/", "/livez", "/readyz", "/robots.txt"])
def test_other_addresses_are_not_kept(client, event, path, kept):
    assert client.get(path).status_code == 200
    assert kept == []


def test_every_public_address_is_known_to_the_cache():
    names = ["events:home", "events:event", "events:concept_note", "events:agenda",
             "events:speakers", "events:invite_ics", "events:agenda_ics",
             "events:event_list", "events:feed_ics", "speakers:speaker", "sitemap", "privacy",
             "accessibility"]  # fmt: skip
    assert [pagecache.is_public(name) for name in names] == [True] * len(names)
    assert not pagecache.is_public("registration:register")
    assert not pagecache.is_public("registration:manage")
    assert not pagecache.is_public("admin:index")
