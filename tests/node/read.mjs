// Print what two readers find in a calendar file, as JSON: node read.mjs FILE

import { readFileSync } from "node:fs";
import ICAL from "ical.js";
import nodeIcal from "node-ical";

const text = readFileSync(process.argv[2], "utf8");

function withIcalJs() {
  const calendar = new ICAL.Component(ICAL.parse(text));
  // As clients do: the file's own zones are what its times mean.
  ICAL.TimezoneService.reset();
  for (const zone of calendar.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(zone);
  }
  return calendar.getAllSubcomponents("vevent").map((component) => {
    const event = new ICAL.Event(component);
    return {
      start: event.startDate.toJSDate().toISOString(),
      end: event.endDate.toJSDate().toISOString(),
      uid: event.uid,
      summary: event.summary ?? "",
      sequence: event.sequence,
      status: component.getFirstPropertyValue("status"),
      location: event.location ?? "",
      description: event.description ?? "",
    };
  });
}

function withNodeIcal() {
  return Object.values(nodeIcal.sync.parseICS(text))
    .filter((component) => component.type === "VEVENT")
    .map((event) => ({
      start: event.start.toISOString(),
      end: event.end.toISOString(),
      uid: event.uid,
      summary: event.summary ?? "",
      sequence: Number(event.sequence),
      status: event.status,
      location: event.location ?? "",
      description: event.description ?? "",
    }));
}

console.log(JSON.stringify({ "ical.js": withIcalJs(), "node-ical": withNodeIcal() }));
