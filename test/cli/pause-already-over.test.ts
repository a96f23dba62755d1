/** What `pause --for` says of a pause whose time is over before any snapshot shows it paused. Pure. */
import { expect, it } from "vitest";
import { orOver } from "../../src/cli/pause-already-over.ts";
import type { JobView, Snapshot } from "../../src/control/protocol.ts";
import type { AuditEvent, EventKind } from "../../src/model/event.ts";
import { quiet } from "../show/snapshots.ts";

const before: Snapshot = { ...quiet(), events: [] };
const [job] = before.jobs as [JobView];
const event = (id: number, kind: EventKind, name = job.name): AuditEvent =>
  ({ id, kind, job: name }) as AuditEvent;
const told = (view: Partial<JobView>, atMs: number, events: AuditEvent[] = [], old: AuditEvent[] = []) =>
  orOver(
    () => ({ end: null, text: "asked" }),
    { ...before, events: old },
    5000,
  )({ ...job, manual: null, ...view }, { ...before, atMs, events: [...old, ...events] });

it("is what its own event says, however long ago the time was over", () => {
  expect(told({ state: "starting" }, 90_000, [event(8, "pause.completed")])).toMatchObject({ end: "good" });
  expect(told({ state: "pausing" }, 90_000)).toMatchObject({ end: null });
});

it("isn't said of another pause: one of before, or of another job", () => {
  const others = [event(8, "pause.completed", "another"), event(9, "pause.requested")];
  expect(told({ state: "running" }, 6000, others, [event(7, "pause.completed")])).toMatchObject({
    end: "bad",
    text: expect.stringContaining("wasn't paused"),
  });
});

it("goes on being followed while its time runs, or another wish holds", () => {
  expect(told({ state: "running" }, 4000)).toMatchObject({ end: null });
  const manual = { want: "pause" as const, sinceMs: 1, untilMs: 9000, by: "ana" };
  expect(told({ state: "running", manual }, 6000)).toMatchObject({ end: null });
});
