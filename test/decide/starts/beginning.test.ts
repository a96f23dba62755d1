import { describe, expect, test } from "vitest";
import { removeJobs, roster } from "../../../src/decide/roster.ts";
import { circleFrom, circleText, orderProblem } from "../../../src/decide/starts/beginning.ts";
import type { Job } from "../../../src/model/job.ts";
import { Days, running } from "../days.ts";
import { at, makeConfig, makeJob } from "../make.ts";

const ends: Record<string, Job["state"]> = {
  finished: { name: "finished", since: at(5) },
  failed: { name: "failed", since: at(5), reason: "It ended.", exitCode: 3 },
  cancelled: { name: "cancelled", since: at(5) },
};

describe("a job that starts after another", () => {
  test.each([
    ["after", "finished", ["start mix"], []],
    ["after", "failed", [], ["it starts only after 'cut' has finished, and that has failed"]],
    ["after", "cancelled", [], ["it starts only after 'cut' has finished, and that was cancelled"]],
    ["afterAny", "finished", ["start mix"], []],
    ["afterAny", "failed", ["start mix"], []],
    ["afterAny", "cancelled", ["start mix"], []],
  ])("'%s' and one that has %s: %j", (key, end, decisions, waits) => {
    const days = new Days({ rules: [] }, running("cut"), makeJob({ name: "mix", [key]: ["cut"] }));
    expect([days.tick(1), days.waits("mix")]).toEqual([[], ["after"]]);
    expect(days.said("mix")).toMatch(/^waits: it starts after 'cut' has (finished|ended) \(now running\)$/);
    days.set("cut", ends[end] as Job["state"]);
    expect(days.tick(6)).toEqual(decisions);
    expect(days.why.mix?.waitingFor.map(({ text }) => text)).toEqual(waits);
  });

  test("waits for a job that is gone until a person starts it, and says how", () => {
    const days = new Days({ rules: [] }, makeJob({ name: "mix", after: ["gone"] }));
    expect(days.tick(1)).toEqual([]);
    expect(days.said("mix")).toContain("it starts only after 'gone' has finished, and there is no such job");
    expect(days.why.mix?.sooner).toMatchObject([
      { short: "resume mix", does: "doesn't wait for the other job" },
    ]);
    days.ask(2, { verb: "resume", jobs: ["mix"], by: "eva" });
    expect(days.tick(2)).toEqual(["start mix"]);
  });

  test("isn't held back again once it has begun", () => {
    const state: Job["state"] = { name: "waiting", since: at(3), failure: "It ended.", exitCode: 9 };
    const days = new Days(
      { rules: [] },
      running("cut"),
      makeJob({ name: "mix", after: ["cut"], notBefore: "2999-01-01T00:00Z" }, { state, runs: 1 }),
    );
    expect(days.tick(4)).toEqual(["start mix"]);
  });

  test("keeps what it waits for on the list, however old that is", () => {
    const [cut, mix] = [
      makeJob({ name: "cut" }, { origin: "run", state: ends.failed as Job["state"] }),
      makeJob({ name: "mix", after: ["cut"] }, { origin: "run" }),
    ];
    const late = { ...at(0), wallMs: at(0).wallMs + 40 * 3600_000 };
    const kept = roster(makeConfig({}), [cut, mix], late);
    expect(Object.keys(kept).sort()).toEqual(["cut", "mix"]);
    expect(removeJobs(kept, { jobs: ["cut"], by: "eva" }).errors).toEqual([
      "'mix' starts only after 'cut'; it stays until then. To start that now: supervisor resume mix",
    ]);
    expect(removeJobs(kept, { jobs: ["mix"], by: "eva" }).removed).toEqual(["mix"]);
    expect(roster(makeConfig({}), [cut], late)).toEqual({});
  });
});

test("a job isn't started before its moment, on the machine's own clock where that has no offset", () => {
  const notBefore = new Date(at(90).wallMs).toISOString();
  const days = new Days({ rules: [] }, makeJob({ name: "mix", notBefore }));
  expect([days.tick(89), days.waits("mix")]).toEqual([[], ["not-before"]]);
  expect(days.why.mix?.next?.atMs).toBe(at(90).wallMs);
  expect(days.tick(90)).toEqual(["start mix"]);
});

test("circles and unknown names are found from the job that closes them", () => {
  const jobs = { b: makeJob({ name: "b", afterAny: ["c"] }), c: makeJob({ name: "c", after: ["a", "x"] }) };
  expect(orderProblem({ name: "a", after: ["b"] }, jobs)).toBe(
    "None of them would ever start: 'a' starts after 'b', that after 'c', that after 'a'.",
  );
  expect(orderProblem({ name: "a", after: ["d"] }, jobs)).toContain("There is no job 'd'");
  expect(orderProblem({ name: "z", after: ["b", "c"] }, jobs)).toBeNull();
  expect(circleText(circleFrom("s", () => ["s"]) ?? [])).toBe("'s' starts after itself");
});
