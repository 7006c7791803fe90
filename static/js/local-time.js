// Beside each <time data-local> of an event: the same moment on the reader's own
// clock, where that differs. data-end holds the end of a span; data-brief leaves
// the zone's name out. The page is complete without it.
(() => {
  "use strict";
  const words = document.currentScript.dataset;
  // Plain "en" would be written the American way, unlike the page.
  const lang = document.documentElement.lang.replace(/^en$/, "en-GB") || undefined;

  const format = (moment, options) => new Intl.DateTimeFormat(lang, options).format(moment);
  const clock = (moment) => format(moment, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

  // Minutes from UTC as the page writes them, such as "+03:00".
  const offsetOf = (text) => {
    const [, sign, hours, minutes] = /([+-])(\d\d):?(\d\d)$/.exec(text) || [, "+", 0, 0];
    return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  };

  const zoneName = (moment) => {
    for (const style of ["longGeneric", "long", "short"]) {
      try {
        const parts = new Intl.DateTimeFormat(lang, { timeZoneName: style }).formatToParts(moment);
        return parts.find((part) => part.type === "timeZoneName").value;
      } catch {
        // An older browser: the next style is known to more of them.
      }
    }
    return Intl.DateTimeFormat().resolvedOptions().timeZone;
  };

  const twoDigits = (number) => String(number).padStart(2, "0");
  const dayOf = (moment) =>
    `${moment.getFullYear()}-${twoDigits(moment.getMonth() + 1)}-${twoDigits(moment.getDate())}`;

  const tell = (element) => {
    const start = new Date(element.dateTime);
    if (Number.isNaN(start.getTime()) || -start.getTimezoneOffset() === offsetOf(element.dateTime)) return;
    const { end, brief } = element.dataset;
    const short = brief !== undefined;
    const day = (moment) =>
      format(moment, short ? { weekday: "short" } : { weekday: "long", day: "numeric", month: "long" });
    let time = clock(start);
    if (dayOf(start) !== element.dateTime.slice(0, 10)) time = `${day(start)} ${time}`;
    if (end) {
      const last = new Date(end);
      time += ` – ${last - start >= 864e5 ? `${day(last)} ` : ""}${clock(last)}`;
    }
    const note = document.createElement("span");
    note.className = "local-time";
    note.textContent = (short ? words.brief : words.words)
      .replace("{time}", time)
      .replace("{zone}", zoneName(start));
    element.after(" ", note);
  };

  if (window.Intl && Intl.DateTimeFormat.prototype.formatToParts) {
    document.querySelectorAll("time[data-local]").forEach(tell);
  }
})();
