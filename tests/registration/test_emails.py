import html
import re
from datetime import timedelta
from email.header import decode_header, make_header

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from events.models import Event, Venue
from events.registration import rules
from events.registration.emails import send_already_registered, send_link
from events.registration.forms import RegistrationForm
from events.registration.links import calendar_url, manage_url
from events.registration.models import AttendanceMode, Registration
from events.registration.queries import availability_of
from tests.factories import AT, NOW, START, make_details, make_event, make_group, make_registration
from tests.registration.people import (
    answers,
    calendar_lines,
    calendar_parts,
    html_of,
    last_mail,
    mails,
    outbox,
    posted,
    text_of,
)

pytestmark = pytest.mark.django_db
ARABIC = "محمد عبد الله"
CONTACT = "contact@example.org"


@pytest.fixture
def event():
    return make_event(
        number=2,
        title="Working together & building “cities”",
        convenor="UN HABITAT",
        contact_email=CONTACT,
        venue=Venue.objects.create(name="Mama O'Leary's Hall", town="Nakuru", country="KE"),
    )


@pytest.fixture
def registration(event):
    return make_registration(event)


def header(name):
    """A header of the last mail as it went over the wire, unfolded."""
    payload = bytes(outbox()[-1].payload).partition(b"\r\n\r\n")[0].decode("ascii")
    lines = re.sub(r"\r\n[ \t]", " ", payload).split("\r\n")
    (found,) = [line for line in lines if line.lower().startswith(f"{name.lower()}:")]
    return found.partition(":")[2].strip()


def header_names():
    payload = bytes(outbox()[-1].payload).partition(b"\r\n\r\n")[0].decode("ascii")
    return sorted(re.findall(r"(?m)^([A-Za-z-]+):", payload))


def readable_name():
    """The name in the To header as mail programs show it (RFC 2047)."""
    shown = str(make_header(decode_header(header("To")))).rpartition("<")[0].strip()
    quoted = re.fullmatch(r'"(.*)"', shown)
    return re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else shown


def sequence(message):
    (line,) = [line for line in calendar_lines(message) if line.startswith("SEQUENCE:")]
    return int(line.partition(":")[2])


# The confirmation, to the letter


def test_confirmation_in_plain_words(registration):
    assert (
        text_of(last_mail())
        == f"""\
Dear Wanjiru Kamau,

You are registered. Your seat is confirmed. The invitation for your calendar is attached.

Roundtable 2: Working together & building “cities”
Saturday 31 October 2020
12:45 – 14:45 EAT (UTC+3)
Mama O'Leary's Hall, Nakuru, Kenya
You take part: In the room

See, change or give up your seat here. Keep this link to yourself:
{manage_url(registration)}

All about the event:
http://localhost:8000/events/{registration.event.slug}/

Your own calendar link, which follows later changes:
{calendar_url(registration)}

Did you not register? Then somebody used your address. Open the link above and give up the seat.

Questions? Write to us: {CONTACT}

UN HABITAT
"""
    )


def test_confirmation_as_a_tree_of_parts(registration):
    message = last_mail()
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "text/calendar",
    ]
    alternative, attachment = message.iter_parts()
    assert alternative.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in alternative.iter_parts()][-1] == "text/calendar"
    assert attachment.get_content_disposition() == "attachment"
    assert attachment.get_filename() == "invite.ics"


def test_confirmation_has_the_same_calendar_bytes_twice(registration):
    parts = calendar_parts(last_mail())
    files = [part.get_payload(decode=True) for part in parts]
    assert len(files) == 2
    assert files[0] == files[1]
    assert files[0].startswith(b"BEGIN:VCALENDAR\r\n")
    for part in parts:
        assert part.get_content_charset() == "utf-8"
        assert part.get_param("method") == "REQUEST"
        assert part["Content-Transfer-Encoding"] == "base64"


def test_confirmation_invites_her_alone(registration):
    lines = calendar_lines(last_mail())
    assert "METHOD:REQUEST" in lines
    assert f"UID:{registration.event.uid}@roundtable" in lines
    assert "DTSTART;TZID=Africa/Nairobi:20201031T124500" in lines
    assert "SEQUENCE:0" in lines
    attendees = [line for line in lines if line.startswith("ATTENDEE")]
    assert len(attendees) == 1
    assert "PARTSTAT=ACCEPTED" in attendees[0]
    assert attendees[0].endswith(":mailto:wanjiru@example.org")
    organisers = [line for line in lines if line.startswith("ORGANIZER")]
    assert organisers == ['ORGANIZER;CN="UN HABITAT":mailto:roundtable@localhost']


def test_confirmation_headers(registration):
    assert header("To") == "Wanjiru Kamau <wanjiru@example.org>"
    assert header("From") == "UN HABITAT <roundtable@localhost>"
    assert header("Reply-To") == CONTACT
    assert header("Auto-Submitted") == "auto-generated"
    assert header("Content-Language") == "en"
    assert header("Subject") == "Your seat is confirmed: Roundtable 2"
    assert header_names() == sorted(
        ["To", "From", "Reply-To", "Auto-Submitted", "Content-Language", "Subject", "Date",
         "Message-ID", "MIME-Version", "Content-Type"]
    )  # fmt: skip


def test_confirmation_goes_over_the_wire_as_mails_must(registration):
    payload = bytes(outbox()[-1].payload)
    payload.decode("ascii")
    assert b"\n" not in payload.replace(b"\r\n", b"")
    assert max(map(len, payload.split(b"\r\n"))) <= 998


def test_confirmation_in_html_says_the_same(registration):
    page = html_of(last_mail())
    for words in (
        "Dear Wanjiru Kamau,",
        "You are registered. Your seat is confirmed.",
        "<h1>Roundtable 2: Working together &amp; building “cities”</h1>",
        "Saturday 31 October 2020<br>12:45 – 14:45 EAT (UTC+3)",
        "Mama O&#x27;Leary&#x27;s Hall, Nakuru, Kenya",
        "In the room",
        f'href="{manage_url(registration)}"',
        f'href="{calendar_url(registration)}"',
        f'href="mailto:{CONTACT}"',
        '<html lang="en">',
    ):
        assert words in page
    assert "<img" not in page
    assert "<script" not in page


def test_confirmation_names_the_zone_of_the_place():
    event = make_event(zone="America/St_Johns")
    make_registration(event)
    assert "07:15 – 09:15 NDT (UTC−2:30)" in text_of(last_mail())


def test_confirmation_says_what_is_not_known_yet():
    make_registration(make_event(venue=Venue.objects.create(town="Nakuru", country="KE")))
    assert "Nakuru, Kenya\nThe building is to be announced.\n" in text_of(last_mail())
    event = make_event()
    Event.objects.filter(pk=event.pk).update(venue=None)
    make_registration(event)
    assert "\nThe place is to be announced.\n" in text_of(last_mail())
    assert "The place is to be announced." in html_of(last_mail())


def test_confirmation_tells_no_link_to_join_before_its_time(event):
    event.venue.join_url = "https://meet.example.org/secret"
    event.venue.join_minutes_before = 60
    event.venue.save()
    make_registration(event, email="early@example.org", mode="online")
    assert b"meet.example.org" not in calendar_parts(last_mail())[0].get_payload(decode=True)
    late = START - timedelta(minutes=60)
    make_registration(event, email="late@example.org", mode="online", now=late)
    assert b"meet.example.org" in calendar_parts(last_mail())[0].get_payload(decode=True)


def test_reply_to_is_left_out_where_nobody_is_named_or_it_is_the_sender(settings):
    make_registration(make_event())
    assert "Reply-To" not in header_names()
    assert "Questions?" not in text_of(last_mail())
    make_registration(make_event(contact_email="roundtable@localhost"))
    assert "Reply-To" not in header_names()
    settings.CONTACT_EMAIL = "site@example.org"
    make_registration(make_event())
    assert header("Reply-To") == "site@example.org"


# The other mails


def test_mails_from_register_to_coming_back_raise_the_sequence(event, registration):
    rules.cancel(registration, now=NOW, at=AT)
    rules.come_back(registration, mode=AttendanceMode.ONLINE, now=NOW, at=AT)
    written = mails()
    assert [sequence(mail) for mail in written] == [0, 1, 2]
    methods = [calendar_parts(mail)[0].get_param("method") for mail in written]
    assert methods == ["REQUEST", "CANCEL", "REQUEST"]
    files = [calendar_lines(mail) for mail in written]
    for method, lines in zip(methods, files, strict=True):
        assert f"METHOD:{method}" in lines
        assert sum(line.startswith("ATTENDEE") for line in lines) == 1
    states = [line for lines in files for line in lines if line.startswith("STATUS")]
    assert states == ["STATUS:CONFIRMED", "STATUS:CANCELLED", "STATUS:CONFIRMED"]
    assert len({line for lines in files for line in lines if line.startswith("UID")}) == 1


def test_sequence_starts_where_the_event_stands(event):
    Event.objects.filter(pk=event.pk).update(sequence=3)
    registration = make_registration(event)
    rules.cancel(registration, now=NOW, at=AT)
    assert [sequence(mail) for mail in mails()] == [3, 4]


def test_mail_of_a_changed_mode(registration):
    details = make_details(mode="online")
    rules.change(registration, details, now=NOW, at=AT)
    message = last_mail()
    assert header("Subject") == "You take part another way now: Roundtable 2"
    text = text_of(message)
    assert "You now take part another way: Online. Your seat is confirmed." in text
    assert "You take part: Online" in text
    assert manage_url(registration) in text
    assert [part.get_param("method") for part in calendar_parts(message)] == ["REQUEST"] * 2


def test_mail_of_a_seat_given_up(registration):
    rules.cancel(registration, now=NOW, at=AT)
    text = text_of(last_mail())
    assert header("Subject") == "You gave up your seat: Roundtable 2"
    assert "You gave up your seat. Somebody else can have it now." in text
    assert "You can come back here while there are seats:\n" + manage_url(registration) in text
    assert "You take part" not in text
    assert "You take part" not in html_of(last_mail())


def test_mail_of_coming_back(registration):
    rules.cancel(registration, now=NOW, at=AT)
    rules.come_back(registration, mode=AttendanceMode.IN_ROOM, now=NOW, at=AT)
    assert "Welcome back. Your seat is confirmed again." in text_of(last_mail())


def test_mail_to_somebody_who_registers_again(event, registration):
    rules.register(
        event, make_details(), email=registration.email, language="en", submission=None, now=NOW,
        at=AT,
    )  # fmt: skip
    message = last_mail()
    text = text_of(message)
    assert header("Subject") == "You are registered already: Roundtable 2"
    assert "you are registered already. Nothing was changed." in text
    assert manage_url(registration) in text
    assert "Does another person use this address too?" in text
    assert "“Register another person”" in text
    assert calendar_parts(message) == []
    assert message.get_content_type() == "multipart/alternative"


def test_mail_to_somebody_who_lost_her_link(registration):
    assert send_link(registration, at=AT)
    assert header("Subject") == "Your link: Roundtable 2"
    assert "Here is your personal link again." in text_of(last_mail())
    assert manage_url(registration) in text_of(last_mail())
    assert calendar_parts(last_mail()) == []


def test_mail_of_a_companion_goes_to_who_registered_her_without_a_calendar_entry(registration):
    """It would be the same entry as his own: cancelling hers would take his away."""
    details = make_details(name="Otieno")
    rules.register_companion(registration, details, submission=None, now=NOW, at=AT)
    companion = registration.companions.get()
    text = text_of(last_mail())
    assert header("To") == "Otieno <wanjiru@example.org>"
    assert text.startswith(
        "Dear Otieno,\n\nWanjiru Kamau registered you. Your seat is confirmed.\n"
    )
    assert manage_url(companion) in text
    assert "Did you not register?" not in text
    rules.cancel(companion, now=NOW, at=AT)
    assert "You gave up your seat." in text_of(last_mail())
    assert [calendar_parts(mail) for mail in mails()[1:]] == [[], []]


def test_nothing_is_written_for_whom_no_address_reaches(event):
    nobody = Registration.objects.create(event=event, name="P", country="KE", group=make_group())
    assert not send_link(nobody, at=AT)
    rules.come_back(nobody, mode=AttendanceMode.IN_ROOM, now=NOW, at=AT)
    assert outbox() == []


def every_mail(registration):
    """Cause each kind of mail once; return their messages."""
    rules.change(registration, make_details(name=registration.name, mode="online"), now=NOW, at=AT)
    rules.cancel(registration, now=NOW, at=AT)
    rules.come_back(registration, mode=AttendanceMode.IN_ROOM, now=NOW, at=AT)
    registration = Registration.objects.with_details().get(pk=registration.pk)
    send_link(registration, at=timezone.now() + timedelta(hours=2))
    send_already_registered(registration, at=timezone.now() + timedelta(hours=2))
    written = mails()
    assert len({str(mail["Subject"]) for mail in written}) == 5
    return written


def test_every_mail_says_when_where_and_whom_to_ask_in_both_parts(registration):
    for message in every_mail(registration):
        text, page = text_of(message), html.unescape(html_of(message))
        for words in (
            "Dear Wanjiru Kamau,",
            "Roundtable 2: Working together & building “cities”",
            "12:45 – 14:45 EAT (UTC+3)",
            "Mama O'Leary's Hall, Nakuru, Kenya",
            manage_url(registration),
            CONTACT,
            "UN HABITAT",
        ):
            assert words in text
            assert words in page


def test_every_mail_is_in_plain_words(registration):
    for message in every_mail(registration):
        text = text_of(message)
        assert not re.search(
            r"\b(submit|order|click|user|token|URL|cancell?ed)\b", text, re.IGNORECASE
        )
        assert not re.search(r"\n\n\n", text)
        assert "None" not in text
        # Sentences short enough for a tired person on a phone.
        sentences = re.split(r"[.?!:\n]+", text)
        assert max(len(sentence.split()) for sentence in sentences) <= 18


@pytest.mark.parametrize("name", ["Miriam O'Brien", '<b>Bold</b> & "Quoted"', ARABIC])
def test_no_text_part_has_entities_and_no_html_part_raw_signs(event, name):
    for message in every_mail(make_registration(event, name=name)):
        text, page = text_of(message), html_of(message)
        assert f"Dear {name}," in text
        assert not re.search(r"&(#\w+|amp|lt|gt|quot|nbsp);", text)
        assert f"Dear {html.escape(name)}," in page
        assert "<b>" not in page


# Names and addresses as people have them, and as attackers write them


@pytest.mark.parametrize(
    "name",
    [
        "Miriam O'Brien",
        ARABIC,
        "Wanjirũ wa O’Kamau",
        "Kamau, Wanjiru",
        "Otieno; Amina",
        'The "Chief"',
        "Müller, Anna (Dr)",
        "evil@example.com, Wanjiru <all@example.com>",
        "李小龙",
        "x" * 200,
        "\N{ARABIC LETTER MEEM}" * 200,
        "é, " * 66 + "é",
    ],
)
def test_a_name_arrives_as_it_is(event, name):
    registration = make_registration(event, name=name)
    greeted = name.replace("example.", "example. ")
    assert text_of(last_mail()).startswith(f"Dear {greeted},\n")
    assert readable_name() == name
    (address,) = last_mail()["To"].addresses
    assert address.addr_spec == registration.email
    lines = calendar_lines(last_mail())
    (attendee,) = [line for line in lines if line.startswith("ATTENDEE")]
    assert attendee.endswith(":mailto:wanjiru@example.org")


@pytest.mark.parametrize(
    ("name", "greeted"),
    [
        ("Win at evil.example/now", "Win at evil. example/now"),
        ("a@evil.example", "a@evil. example"),
        ("J.R. Tolkien", "J. R. Tolkien"),
        ("Dr. Amina O'Neil Jr.", "Dr. Amina O'Neil Jr."),
    ],
)
def test_no_mail_program_finds_a_link_in_a_name(event, name, greeted):
    """Anybody may have typed it, beside somebody else's address."""
    registration = make_registration(event, name=name)
    message = last_mail()
    assert text_of(message).startswith(f"Dear {greeted},\n")
    assert f"Dear {greeted}," in html.unescape(html_of(message))
    brought = {"submission": None, "now": NOW, "at": AT}
    rules.register_companion(registration, make_details(name="Otieno"), **brought)
    message = last_mail()
    assert f"{greeted} registered you." in text_of(message)
    assert f"{greeted} registered you." in html.unescape(html_of(message))


@pytest.mark.parametrize(
    "name",
    [
        "Wanjiru\r\nBcc: all@example.com",
        "Wanjiru\nBcc: all@example.com",
        "Wanjiru\rBcc: all@example.com",
        "Wanjiru\r\n\r\n<h1>Win</h1>",
        "Wanjiru\x0bBcc: all@example.com",
        "Wanjiru\x85Bcc: all@example.com",
        "Wanjiru\u2028Bcc: all@example.com",
        "=?utf-8?q?Wanjiru=0D=0ABcc=3A_all=40example.com?=",
    ],
)
def test_a_name_written_past_the_form_injects_no_header(event, name):
    """The last one is no line break yet, so the form takes it too (RFC 2047)."""
    registration = make_registration(event, name=name)
    rules.cancel(registration, now=NOW, at=AT)
    assert "Bcc" not in header_names()
    assert len(last_mail()["To"].addresses) == 1
    assert [mail.to for mail in outbox()] == ["wanjiru@example.org"] * 2


def test_titles_with_line_breaks_inject_no_header():
    event = make_event(title="Cities\r\nBcc: all@example.com", convenor="UN\nX-Evil: 1")
    make_registration(event)
    assert header("Subject") == "Your seat is confirmed: Cities Bcc: all@example.com"
    assert header("From") == '"UN X-Evil: 1" <roundtable@localhost>'
    assert not {"Bcc", "X-Evil"} & set(header_names())


@pytest.mark.parametrize(
    "email",
    [
        "o'brien@example.org",
        "w.k+seat@mail.example.org",
        "a!b#c$d%e&f*g/h=i?j^k`l{m|n}o~p@example.org",
        "wanjiru@xn--exmple-cua.de",
        f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 60}.org",
    ],
)
def test_an_address_arrives_as_it_is(event, email):
    make_registration(event, email=email)
    (address,) = last_mail()["To"].addresses
    assert address.addr_spec == email
    assert outbox()[-1].to == email


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.text(min_size=1, max_size=200),
    email=st.one_of(
        st.emails(), st.text(max_size=30).map("{}@example.org".format), st.text(max_size=40)
    ),
)
def test_whoever_the_form_takes_gets_a_mail(event, name, email):
    make_group("cso")
    typed = posted(answers(name=name, email=email))
    form = RegistrationForm(typed, event=event, availability=availability_of(event, now=NOW))
    form.is_valid()
    if {"name", "email"} & set(form.errors):
        return
    name, email = form.cleaned_data["name"], form.cleaned_data["email"]
    Registration.objects.all().delete()
    make_registration(event, name=name, email=email)
    assert outbox()[-1].to == email
    (address,) = last_mail()["To"].addresses
    assert address.addr_spec == email
    # A dot may have got a space behind it, so that no mail program makes a link of the name.
    greeting = text_of(last_mail()).partition("\n")[0]
    assert greeting.replace(" ", "") == f"Dear{name},".replace(" ", "")
    assert bytes(outbox()[-1].payload).isascii()


# How many


def test_mails_that_anybody_can_cause_are_limited(settings, registration):
    assert settings.MAILS_PER_ADDRESS_PER_HOUR == 5
    now = timezone.now()
    assert [send_link(registration, at=now) for _ in range(6)] == [True] * 4 + [False] * 2
    send_already_registered(registration, at=now)
    assert len(outbox()) == 5


def test_mails_are_limited_for_each_address_by_itself(event, registration):
    now = timezone.now()
    for _ in range(5):
        send_link(registration, at=now)
    other = make_registration(event, email="otieno@example.org")
    assert send_link(other, at=now)


def test_mails_may_be_caused_again_after_an_hour(registration):
    now = timezone.now()
    for _ in range(5):
        send_link(registration, at=now)
    assert not send_link(registration, at=now + timedelta(minutes=59))
    assert send_link(registration, at=now + timedelta(minutes=61))


def test_the_limit_does_not_keep_from_her_what_she_did_herself(registration):
    now = timezone.now()
    for _ in range(5):
        send_link(registration, at=now)
    rules.cancel(registration, now=NOW, at=now)
    assert header("Subject") == "You gave up your seat: Roundtable 2"
