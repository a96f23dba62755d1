import { describe, expect, onTestFinished, test } from "vitest";
import { isoWithOffset } from "../../../src/record/audit/event-row.ts";

function inZone(zone: string): void {
  const before = process.env.TZ;
  process.env.TZ = zone;
  onTestFinished(() => {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  });
}

describe("an event's time", () => {
  test.each([
    ["UTC", "2026-11-23T08:12:04.005Z", "2026-11-23T08:12:04.005+00:00"],
    ["Asia/Kolkata", "2026-11-23T20:12:04.000Z", "2026-11-24T01:42:04.000+05:30"],
    ["America/St_Johns", "2026-11-23T01:12:04.000Z", "2026-11-22T21:42:04.000-03:30"],
    ["Europe/Berlin", "2026-10-25T00:59:59.000Z", "2026-10-25T02:59:59.000+02:00"],
    ["Europe/Berlin", "2026-10-25T01:00:00.000Z", "2026-10-25T02:00:00.000+01:00"],
    ["Pacific/Niue", "2026-01-01T00:00:00.000Z", "2025-12-31T13:00:00.000-11:00"],
  ])("in %s, %s is %s", (zone, utc, expected) => {
    inZone(zone);
    expect(isoWithOffset(Date.parse(utc))).toBe(expected);
    expect(Date.parse(isoWithOffset(Date.parse(utc)))).toBe(Date.parse(utc));
  });

  test("fractions of a millisecond are rounded", () => {
    inZone("UTC");
    expect(isoWithOffset(1500.6)).toBe("1970-01-01T00:00:01.501+00:00");
  });
});
