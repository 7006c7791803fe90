// The running order on the event's page in the admin: rows move by buttons, by
// dragging, or by typing a place; times and the sum follow the typing, and the browser
// asks before it leaves the page with something unsaved. Without this script the
// places are plain numbers, and the server puts the rows in order.
(() => {
  "use strict";

  const start = () => {
    const section = document.getElementById("running-order");
    const list = section && section.querySelector(".slots");
    if (!list) return;
    const words = section.dataset;
    const told = section.querySelector("[data-told]");
    const template = section.querySelector("template");
    const total = document.getElementById(`id_${words.prefix}-TOTAL_FORMS`);

    const rows = () => [...list.children];
    const field = (row, name) => row.querySelector(`.of-${name} input, .of-${name} select`);
    const value = (row, name) => { const found = field(row, name); return found ? found.value.trim() : ""; };
    const isDeleted = (row) => { const box = field(row, "DELETE"); return Boolean(box && box.checked); };
    const isBlank = (row) => ["title", "minutes", "emphasis"].every((name) => !value(row, name));
    const titleOf = (row) => value(row, "title") || row.dataset.title || words.untitled;
    const minutesOf = (row) => {
      const typed = value(row, "minutes") || row.dataset.minutes || "";
      return /^\d{1,3}$/.test(typed) && typed > 0 && typed <= 600 ? Number(typed) : 0;
    };
    const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);

    // Times. A time on the wall of the place becomes an instant by asking what the
    // wall shows at a guess and mending the guess; so clock changes count.

    const input = (id) => { const found = document.getElementById(id); return found ? found.value.trim() : ""; };
    const wall = (moment, zone) => {
      const parts = {};
      const format = new Intl.DateTimeFormat("en-GB", {
        timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
        hour: "numeric", minute: "numeric",
      });
      format.formatToParts(moment).forEach((part) => { parts[part.type] = Number(part.value); });
      return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute);
    };
    const instant = (typed, zone) => {
      let guess = typed;
      for (let turn = 0; turn < 2; turn += 1) guess += typed - wall(guess, zone);
      return guess;
    };
    const knownZone = () => {
      const zone = input("id_zone") || words.zone;
      try {
        new Intl.DateTimeFormat("en-GB", { timeZone: zone });
        return zone;
      } catch {
        return "UTC";
      }
    };
    const typedTime = (name, zone) => {
      const day = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(input(`id_${name}_0`));
      const time = /^(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?$/.exec(input(`id_${name}_1`));
      if (!day || !time || time[1] > 23 || time[2] > 59) return null;
      return instant(Date.UTC(day[1], day[2] - 1, day[3], time[1], time[2]), zone);
    };
    const saved = (moment) => (moment ? Date.parse(moment) : null);

    const tell = () => {
      const zone = knownZone();
      const form = document.getElementById("id_starts_at_0");
      const begins = form ? typedTime("starts_at", zone) : saved(words.start);
      const ends = form ? typedTime("ends_at", zone) : saved(words.end);
      const clock = (moment) => {
        const shown = new Date(wall(moment, zone));
        return shown.toISOString().slice(11, 16);
      };
      let at = begins;
      let planned = 0;
      let place = 0;
      const running = rows().filter((row) => !isDeleted(row));
      rows().forEach((row) => {
        const minutes = minutesOf(row);
        const runs = !isDeleted(row) && minutes > 0;
        row.classList.toggle("deleted", isDeleted(row));
        const times = row.querySelector(".times");
        times.textContent = "";
        if (runs) {
          planned += minutes;
          if (at !== null) {
            times.append(timeElement(clock(at)), " – ", timeElement(clock(at + minutes * 60000)));
            at += minutes * 60000;
          }
        }
        place += 1;
        const number = field(row, "position");
        if (number) number.value = place;
        name(row, running);
      });
      const length = begins !== null && ends !== null ? Math.round((ends - begins) / 60000) : null;
      const sum = section.querySelector(".sum");
      if (length !== null && length > 0) {
        const left = length - planned;
        const text = left === 0 ? words.exact : left > 0 ? words.free : words.over;
        sum.textContent = fill(text, { planned, length, minutes: Math.abs(left) });
        section.classList.toggle("over", left < 0);
      }
    };
    const timeElement = (text) => {
      const element = document.createElement("time");
      element.textContent = text;
      return element;
    };
    const name = (row) => {
      const title = titleOf(row);
      for (const button of row.querySelectorAll("[data-move]")) {
        button.setAttribute("aria-label", fill(words[button.dataset.move], { title }));
        const edge = button.dataset.move === "up" ? row.previousElementSibling : row.nextElementSibling;
        button.setAttribute("aria-disabled", String(!edge));
      }
    };
    const announce = (row) => {
      const time = row.querySelector(".times").textContent;
      const all = rows();
      told.textContent = fill(time ? words.moved : words.untimed, {
        title: titleOf(row), place: all.indexOf(row) + 1, count: all.length, time,
      });
    };

    // Moving. It is the neighbours that change places, never the row itself: so its
    // button keeps the focus, and a finger on it keeps its hold.

    const step = (row, up) => {
      const neighbour = up ? row.previousElementSibling : row.nextElementSibling;
      if (neighbour) list.insertBefore(neighbour, up ? row.nextElementSibling : row);
      return Boolean(neighbour);
    };
    const moveTo = (row, place) => {
      const at = () => rows().indexOf(row);
      while (at() > place && step(row, true));
      while (at() < place && step(row, false));
    };

    list.addEventListener("click", (event) => {
      const button = event.target.closest("[data-move]");
      if (!button) return;
      const row = button.closest(".slot");
      const up = button.dataset.move === "up";
      if (step(row, up)) {
        tell();
        announce(row);
        button.scrollIntoView({ block: "nearest" });
      } else {
        told.textContent = fill(up ? words.first : words.last, { title: titleOf(row) });
      }
    });

    let drag = null;
    const over = (y) => {
      for (let turns = rows().length; turns > 0; turns -= 1) {
        const before = drag.row.previousElementSibling;
        const after = drag.row.nextElementSibling;
        const middle = (row) => { const box = row.getBoundingClientRect(); return box.top + box.height / 2; };
        if (before && y < middle(before)) step(drag.row, true);
        else if (after && y > middle(after)) step(drag.row, false);
        else return;
      }
    };
    const EDGE = 64;
    const scrollAtEdges = () => {
      if (!drag) return;
      const { y } = drag;
      const by = y < EDGE ? y - EDGE : y > window.innerHeight - EDGE ? y - window.innerHeight + EDGE : 0;
      if (by) {
        // The admin's own scroller, where it has one; else the page's.
        const scroller = document.querySelector(".main") || document.scrollingElement;
        const before = scroller.scrollTop + window.scrollY;
        scroller.scrollBy(0, by / 4);
        if (scroller.scrollTop + window.scrollY === before) window.scrollBy(0, by / 4);
        over(y);
      }
      requestAnimationFrame(scrollAtEdges);
    };
    const drop = (keep) => {
      if (!drag) return;
      const { row, place } = drag;
      if (!keep) moveTo(row, place);
      row.classList.remove("dragged");
      drag = null;
      const moved = rows().indexOf(row) !== place;
      tell();
      if (keep && moved) announce(row);
    };
    list.addEventListener("pointerdown", (event) => {
      const handle = event.target.closest(".drag");
      if (!handle || event.button !== 0 || drag) return;
      event.preventDefault();
      const row = handle.closest(".slot");
      drag = { row, pointer: event.pointerId, place: rows().indexOf(row), y: event.clientY };
      handle.setPointerCapture(event.pointerId);
      row.classList.add("dragged");
      requestAnimationFrame(scrollAtEdges);
    });
    document.addEventListener("pointermove", (event) => {
      if (!drag || event.pointerId !== drag.pointer) return;
      drag.y = event.clientY;
      over(event.clientY);
    });
    document.addEventListener("pointerup", (event) => drag && event.pointerId === drag.pointer && drop(true));
    document.addEventListener("pointercancel", (event) => drag && event.pointerId === drag.pointer && drop(false));
    document.addEventListener("keydown", (event) => event.key === "Escape" && drop(false));

    // Typing.

    list.addEventListener("change", (event) => {
      if (!event.target.closest(".of-position")) return;
      const row = event.target.closest(".slot");
      const place = Number.parseInt(event.target.value, 10);
      if (place > 0) moveTo(row, Math.min(place, rows().length) - 1);
      tell();
      announce(row);
      event.target.scrollIntoView({ block: "nearest" });
    });
    // A place being typed is left alone until it is finished.
    section.addEventListener("input", (event) => event.target.closest(".of-position") || tell());
    for (const id of ["starts_at_0", "starts_at_1", "ends_at_0", "ends_at_1", "zone"]) {
      const element = document.getElementById(`id_${id}`);
      if (!element) continue;
      element.addEventListener("input", tell);
      element.addEventListener("change", tell);
      // The admin's calendar writes into the field without a word, then gives it the focus.
      element.addEventListener("focus", tell);
    }

    const prepare = (row) => {
      row.querySelectorAll(".moves, .drag").forEach((part) => { part.hidden = false; });
    };
    const add = section.querySelector("[data-add]");
    if (add) {
      add.closest(".more").hidden = false;
      // The row that adds a slot without this script is the button's business now.
      rows().filter((row) => row.classList.contains("new") && isBlank(row) && !row.querySelector(".errorlist"))
        .forEach((row) => {
          if (rows().indexOf(row) === rows().length - 1 && field(row, "title").name === `${words.prefix}-${total.value - 1}-title`) {
            row.remove();
            total.value -= 1;
          }
        });
      add.addEventListener("click", () => {
        const row = template.content.firstElementChild.cloneNode(true);
        for (const element of row.querySelectorAll("[id], [name], [for]")) {
          for (const attribute of ["id", "name", "for"]) {
            const text = element.getAttribute(attribute);
            if (text) element.setAttribute(attribute, text.replace("__prefix__", total.value));
          }
        }
        total.value = Number(total.value) + 1;
        list.append(row);
        prepare(row);
        tell();
        field(row, "title").focus();
      });
    }
    rows().forEach(prepare);
    tell();

    // Leaving. What came back with errors is not saved either.

    const form = section.closest("form");
    const content = () => JSON.stringify([...new FormData(form)], (key, typed) => (typed instanceof File ? typed.name : typed));
    const shown = "unsaved" in words ? null : content();
    let sent = false;
    form.addEventListener("submit", () => { sent = true; });
    window.addEventListener("pageshow", () => { sent = false; });
    window.addEventListener("beforeunload", (event) => {
      if (!sent && content() !== shown) event.preventDefault();
    });
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
