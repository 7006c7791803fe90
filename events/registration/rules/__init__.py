"""What may happen to a registration. The only writer of this room's tables.

Every function takes one transaction: it locks the event's row (on SQLite the
IMMEDIATE transaction is the lock), reads the rows, asks ``seats``, writes, and
leaves the mails that tell of it in the outbox, and an entry in the person's
history. What frees a seat also gives it to whoever is next in turn, in the same
transaction (``giving.move_up``). ``now`` is domain time, which decides what is
open; ``at`` is real time, which says when it happened; ``by`` is the colleague
who did it, and None for the person herself.

``people`` is what a person does herself, ``organisers`` what they decide about
her, ``offer`` what an event offers and asks, ``invitations`` whom they ask to
come, ``addresses`` whether mail reaches her. Others name what they need from here.
"""

from events.registration.rules.addresses import check_addresses, confirm_address
from events.registration.rules.answers import NOTICE_VERSION, Details
from events.registration.rules.giving import Obstacle, Refused
from events.registration.rules.invitations import (
    Guest,
    Terms,
    Verdict,
    forget_unanswered,
    invite,
    invite_many,
    look,
    note_opened,
    remind,
    require_inviting,
    say_no,
    to_remind,
    withdraw,
)
from events.registration.rules.offer import (
    copy_settings,
    keep_no_longer,
    keep_seats,
    move_up,
    remove_question,
    remove_quota,
    set_question,
    set_quota,
    set_targets,
)
from events.registration.rules.organisers import (
    confirm,
    correct,
    correct_address,
    decline,
    enter,
    erase,
)
from events.registration.rules.people import (
    MOST_COMPANIONS,
    Outcome,
    cancel,
    change,
    come_back,
    give_up,
    register,
    register_companion,
    register_several,
    send_links,
    send_links_to,
    several_came,
    stop_waiting,
    take_meanwhile,
)

__all__ = [
    "MOST_COMPANIONS",
    "NOTICE_VERSION",
    "Details",
    "Guest",
    "Obstacle",
    "Outcome",
    "Refused",
    "Terms",
    "Verdict",
    "cancel",
    "change",
    "check_addresses",
    "come_back",
    "confirm",
    "confirm_address",
    "copy_settings",
    "correct",
    "correct_address",
    "decline",
    "enter",
    "erase",
    "forget_unanswered",
    "give_up",
    "invite",
    "invite_many",
    "keep_no_longer",
    "keep_seats",
    "look",
    "move_up",
    "note_opened",
    "register",
    "register_companion",
    "register_several",
    "remind",
    "remove_question",
    "remove_quota",
    "require_inviting",
    "say_no",
    "send_links",
    "send_links_to",
    "set_question",
    "set_quota",
    "set_targets",
    "several_came",
    "stop_waiting",
    "take_meanwhile",
    "to_remind",
    "withdraw",
]
