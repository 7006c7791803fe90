"""The rules of a time zone as calendar files carry them (RFC 5545, 3.6.5). Pure."""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import icalendar
from icalendar.prop import vInline

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True)
class _Change:
    """A change of the clock: its instant, in the local time before it, and both offsets."""

    onset: datetime
    before: timedelta
    after: timedelta
    name: str


def vtimezone(zone: str, first: datetime, last: datetime) -> icalendar.Timezone:
    """Return the zone's rules, right from ``first`` to ``last``.

    Outlook knows a zone with one standard time and at most one summer time,
    each by a yearly rule, and ignores every other (MS-OXCICAL, 2.1.3.1.1.19).
    So a zone that changes by such rules in these years is written by them, and
    any other by the offset in force at ``first`` and the changes up to
    ``last``, which is a single offset for nearly every event.
    """
    component = icalendar.Timezone()
    component.add("TZID", zone)
    component.add("X-LIC-LOCATION", zone)
    changes = _changes(zone, first.year - 1, last.year + 1)
    rules = _yearly_rules(changes, range(first.year - 1, last.year + 2))
    if rules:
        winter, summer = sorted(rules, key=lambda rule: rule[0].after)
        component.add_component(_observance(icalendar.TimezoneStandard(), *winter))
        component.add_component(_observance(icalendar.TimezoneDaylight(), *summer))
        return component
    local = first.astimezone(ZoneInfo(zone))
    offset = local.utcoffset() or timedelta()
    start = _Change(datetime(1970, 1, 1), offset, offset, local.tzname() or "")  # noqa: DTZ001
    component.add_component(_observance(icalendar.TimezoneStandard(), start))
    for change in changes:
        if first < (change.onset - change.before).replace(tzinfo=UTC) <= last:
            summer_time = change.after > change.before
            kind = icalendar.TimezoneDaylight if summer_time else icalendar.TimezoneStandard
            component.add_component(_observance(kind(), change))
    return component


def _observance(
    component: icalendar.TimezoneStandard | icalendar.TimezoneDaylight,
    change: _Change,
    rule: str = "",
) -> icalendar.TimezoneStandard | icalendar.TimezoneDaylight:
    component.add("DTSTART", vInline(f"{change.onset:%Y%m%dT%H%M%S}"))
    if rule:
        component.add("RRULE", vInline(rule))
    component.add("TZOFFSETFROM", change.before)
    component.add("TZOFFSETTO", change.after)
    if change.name:
        component.add("TZNAME", vInline(change.name))
    return component


@lru_cache(maxsize=64)
def _changes(zone: str, first_year: int, last_year: int) -> tuple[_Change, ...]:
    """Return every change of the clock in these years, found to the second."""
    tzinfo = ZoneInfo(zone)

    def offset(moment: datetime) -> timedelta:
        return moment.astimezone(tzinfo).utcoffset() or timedelta()

    changes = []
    day = datetime(first_year, 1, 1, tzinfo=UTC)
    while day.year <= last_year:
        before, after = day, day + timedelta(days=1)
        if offset(before) != offset(after):
            while after - before > timedelta(seconds=1):
                middle = before + (after - before) // 2
                middle = middle.replace(microsecond=0)
                if offset(middle) == offset(day):
                    before = middle
                else:
                    after = middle
            local = after.astimezone(tzinfo)
            onset = (after + offset(day)).replace(tzinfo=None)
            changes.append(_Change(onset, offset(day), offset(after), local.tzname() or ""))
        day += timedelta(days=1)
    return tuple(changes)


def _yearly_rules(
    changes: Sequence[_Change], years: Sequence[int]
) -> list[tuple[_Change, str]] | None:
    """Return both changes of every year, each with its rule, or None where they keep none.

    Rules begin in 1970, as everybody's do: some readers keep the first zone
    they met under a name, and use it for every other year.
    """
    kinds: dict[tuple[timedelta, timedelta, str], list[_Change]] = defaultdict(list)
    for change in changes:
        kinds[change.before, change.after, change.name].append(change)
    rules = []
    for kind in kinds.values():
        week = _week_of_month([change.onset for change in kind], years)
        if week is None or len(kinds) != 2:
            return None
        onset = kind[0].onset
        rule = f"FREQ=YEARLY;BYMONTH={onset.month};BYDAY={week}{WEEKDAYS[onset.weekday()]}"
        rules.append((replace(kind[0], onset=_in_1970(onset, week)), rule))
    return rules or None


def _week_of_month(onsets: Sequence[datetime], years: Sequence[int]) -> int | None:
    """Return n where each year has one onset, at one time on the nth such weekday of one month.

    -1 is the last. None where they do not agree.
    """
    if [onset.year for onset in onsets] != list(years):
        return None
    if len({(onset.month, onset.weekday(), onset.time()) for onset in onsets}) > 1:
        return None
    if all(onset.day + 7 > monthrange(onset.year, onset.month)[1] for onset in onsets):
        return -1
    weeks = {(onset.day - 1) // 7 + 1 for onset in onsets}
    return weeks.pop() if len(weeks) == 1 else None


def _in_1970(onset: datetime, week: int) -> datetime:
    """Return the onset in 1970, on the same weekday of that week of its month."""
    length = monthrange(1970, onset.month)[1]
    earliest = length - 6 if week == -1 else 7 * week - 6
    moment = onset.replace(year=1970, day=earliest)
    return moment + timedelta(days=(onset.weekday() - moment.weekday()) % 7)
