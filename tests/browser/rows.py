"""Rows for pages of the desk that an empty site has none of. Made within the running site."""

from datetime import timedelta

from django.contrib.auth.models import Group, User
from django.urls import reverse
from django.utils import timezone

from events.history import of_event
from events.models import Assignment, NoteSection
from events.notes import keep_version
from events.registration import rules
from events.registration.models import KeptSeats
from events.registration.outbox.models import OutboxMail
from events.rules import record_change
from roundtable.roles import Role
from speakers import files, photos
from tests import factories
from tests.speakers.pictures import photo

SLUG = "rows-of-the-desk"


def make():
    """Make one of everything; return the addresses of its pages at the desk, by name."""
    now = timezone.now()
    event = factories.make_event(
        slug=SLUG,
        title="Water, roads and light",
        starts_at=factories.START + timedelta(days=20),
        series=factories.make_series(occasion="World Cities Day"),
        quotas={"in_room": 1, "online": None},
        settings={"opens_at": factories.NOW - timedelta(days=5)},
        items=[
            {"title": "Welcome", "minutes": 15, "kind": "opening"},
            {"title": "What works in our streets", "minutes": 60, "kind": "panel"},
        ],
    )
    group = factories.make_group("community")
    KeptSeats.objects.create(
        event=event, mode="in_room", group=group, seats=1, until=factories.START
    )
    speaker = factories.make_speaker(
        "Wangari wa Kariuki",
        slug="wangari-of-the-rows",
        organisation="Nakuru Residents",
        photo=files.keep(photos.make(photo())),
        photo_alt="She stands at a market stall.",
    )
    slot = event.agenda_items.last()
    factories.make_assignment(slot, speaker)
    factories.make_assignment(slot, status=Assignment.Status.INVITED, presence="remote")
    note = _note(event, at=now)
    # A second save, so that there is something to compare and to bring back.
    event.title = "Water, roads and street light"
    event.save()
    record_change(event, at=now)

    meal = factories.make_question(
        event, kind="one", choices="Meat\nFish", help="For lunch.", required=True
    )
    for kind in ("several", "long", "yes_no", "number", "country"):
        choices = "Meat\nFish" if kind == "several" else ""
        text = f"A question, {kind}: donaudampfschifffahrtsgesellschaftskapitän?"
        factories.make_question(event, text, kind=kind, choices=choices)
    gone = factories.make_question(event, "Which sessions will you stay for?")
    person = factories.make_registration(
        event, group=group, at=now, support={"sign_language": "Kenyan Sign Language"},
        own_answers={meal: "Fish", gone: "The panel"},
    )  # fmt: skip
    rules.remove_question(gone, at=now)
    colleague = _colleague()
    rules.correct_address(person, "wanjiru.k@example.org", by=colleague, now=factories.NOW, at=now)
    mail = OutboxMail.objects.defer("payload").filter(to=person.email).last()
    first = of_event(event.pk).saves[-1].moment.replace("+", "%2B")

    def page(name, row, *more):
        return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}",
                       args=[row.pk, *more])  # fmt: skip

    changes = {
        "event": event, "slot": slot, "note": note, "speaker": speaker, "venue": event.venue,
        "series": event.series, "group": group, "registration": person, "colleague": colleague,
        "mail": mail,
    }  # fmt: skip
    return {name: page("change", row) for name, row in changes.items() if row} | {
        "preview": page("preview", event),
        "history": page("history", event),
        "compare": f"{page('compare', event)}?before={first}&after=now",
        "restore": f"{page('restore', event, 'agenda')}?moment={first}",
        "copy": page("copy", event),
        "history of the speaker": page("history", speaker),
        "decline": f"{page('decline', person)}?mode=in_room",
        "give up": page("give_up", person),
        "address": page("address", person),
        "erase": page("delete", person),
        "delete the speaker": page("delete", speaker),
        "delete the venue": page("delete", event.venue),
    }


def _note(event, *, at):
    """A note in its second version."""
    note = factories.make_note(event, version="1", masthead="Water, roads and light")
    keep_version(note, version="2", at=at)
    note.version, note.what_changed = "2", "A heading was added."
    note.save()
    NoteSection.objects.create(note=note, position=20, heading="The roundtable", text="Third.")
    return note


def _colleague():
    colleague = User.objects.create(
        username="editor.of.rows@example.org",
        email="editor.of.rows@example.org",
        first_name="Amina",
        is_staff=True,
    )
    colleague.groups.set(Group.objects.filter(name=Role.EDITOR))
    return colleague
