/** How a program that can't save makes room where parking was seen to work on its GPU. */
import { expect, it } from "vitest";
import { parksByItself, pauseMethod } from "../../../src/decide/pauses/pause-method.ts";
import { at, makeRun, runningJob } from "../make.ts";

const plain = (spec: object = {}, facts: object = {}, parks = true) => {
  const run = makeRun({ gpus: ["G"], ...(parks && { parks }) });
  return runningJob(spec, {
    understands: "nothing",
    state: { name: "running", since: at(0), run },
    ...facts,
  });
};

it("parks for VRAM alone, and is frozen for time", () => {
  const ways = (["time", "memory", "vram"] as const).map((frees) => pauseMethod(plain(), { frees }));
  expect(ways).toEqual(["freeze", null, "park"]);
});

it.each([
  ["where that wasn't seen to work", plain({}, {}, false), null],
  ["of several ranks", plain({}, { worldSize: 4 }), null],
  [
    "whose command starts several ranks",
    plain({ command: ["torchrun", "--nproc_per_node=2", "a.py"] }),
    null,
  ],
  ["that saves", plain({}, { understands: "contract" }), "checkpoint"],
  ["whose config says freeze", plain({ pause: { method: "freeze" } }), null],
])("not one %s", (_, job, method) => {
  expect([pauseMethod(job, { frees: "vram" }), parksByItself(job)]).toEqual([method, false]);
});

it.each([
  ["that saves nothing", {}, ["park", null, "park"]],
  ["that saves, too", { understands: "contract" }, ["park", "checkpoint", "park"]],
])("one %s and is to be parked never is for host memory", (_, facts, methods) => {
  const job = plain({ pause: { method: "park" } }, facts, false);
  const ways = (["time", "memory", "vram"] as const).map((frees) => pauseMethod(job, { frees }));
  expect(ways).toEqual(methods);
});

it("ranks are never frozen, not even before any of them was seen", () => {
  const young = plain({ command: ["torchrun", "--nproc_per_node=2", "a.py"] }, { worldSize: 1 });
  expect(pauseMethod(young, { frees: "time" })).toBe(null);
});
