/**
 * A service: found, followed and gone; asleep when it is first looked at; another user's process; after a restart.
 * Covers: src/decide/lifecycle/service/follow.ts, src/decide/lifecycle/service/first-look.ts
 */
import { expect, it } from "vitest";
import type { ProcessEvidence } from "../../../../src/model/machine.ts";
import type { GpuView } from "../../../../src/model/seen.ts";
import type { Answer, ServiceSeen } from "../../../../src/model/server.ts";
import { at, makeSeen, runningJob, Story } from "../../make.ts";

const YES: Answer = { is: "yes" };
const NO: Answer = { is: "no", why: "GET /up: it answered with status 503" };
const HERE: ServiceSeen = { here: true, pid: 4711, startTime: 1, user: "llm" };
const HIDDEN: ServiceSeen = { here: true, pid: null, startTime: null, user: "llm" };
const GONE: ServiceSeen = { here: false, why: "Nothing listens at localhost:9" };
const pause = {
  method: "http",
  url: "http://localhost:9",
  release: [{ path: "/rest" }],
  released: [{ path: "/rests" }],
  restore: [{ path: "/wake" }],
  ready: [{ path: "/up" }],
  remainingMiB: 300,
  timeoutSeconds: 20,
};
const process = (pid: number, user: string, gpuMemoryMiB: number): ProcessEvidence => ({
  pid,
  startTime: 1,
  command: "llm",
  user,
  gpuMemoryMiB,
});

/** Its answers, its process and the GPU are what the test tells. */
class Service extends Story {
  constructor(learned: object = {}) {
    const state = { name: "absent", since: at(0), why: "it hasn't been looked for yet" } as const;
    super(runningJob({ service: true, gpuIds: [0], pause }, { state, runs: 0, understands: null, learned }));
  }

  get run() {
    if (!("run" in this.job.state)) throw new Error(`it is ${this.job.state.name}`);
    return this.job.state.run;
  }

  lookedFor(second: number, seen: ServiceSeen): this {
    const identity = { id: "r1", bootId: "boot" };
    return this.on(second, { kind: "looked-for", seen, identity, gpus: ["G"] });
  }

  /** `ours`: what the driver lists of it; `others`: beside it. */
  shows(
    second: number,
    answer: Answer | null,
    {
      service = HERE,
      ours = [],
      others = [],
    }: { service?: ServiceSeen; ours?: ProcessEvidence[]; others?: ProcessEvidence[] },
  ): this {
    const number = "run" in this.job.state ? (this.job.state.run.talk?.number ?? 0) : 0;
    const { pid, startTime } = this.run;
    const seen = { ...makeSeen({ pid, startTime, server: { number, answer } }), service };
    const gpus: GpuView = {
      atMs: at(second).monotonicMs,
      unavailable: null,
      name: "GPU 0",
      freeMiB: 1000,
      entries: ours,
      othersMiB: 0,
      others,
    };
    return this.on(second, { kind: "seen", seen, availableMiB: null, gpus, placed: ["G"] });
  }
}

const LEARNED = { gpuMemoryMiB: { G: { count: 3, recent: [6000, 6000, 6000] } } };

it("is absent, with the reason, until something listens at its address", () => {
  const service = new Service().lookedFor(1, GONE);
  expect(service.job.state).toMatchObject({
    name: "absent",
    since: at(0),
    why: "Nothing listens at localhost:9",
  });
  expect(service.events).toEqual([]);
  service.lookedFor(2, HERE);
  expect(service.job.state).toMatchObject({
    name: "serving",
    run: { number: 1, pid: 4711, gpus: ["G"], service: true },
  });
  expect(service.did()).toEqual(["ask"]);
  expect(service.run.talk).toMatchObject({ at: "looking", question: "ready" });
  service.shows(3, YES, {}).shows(4, YES, { service: GONE });
  expect(service.job.state).toEqual({ name: "absent", since: at(4), why: "Nothing listens at localhost:9" });
  expect(service.events).toEqual(["service.found", "service.gone"]);
});

it("asleep when it is found is on standby and released, if its GPU agrees", () => {
  const service = new Service().lookedFor(1, HERE).shows(2, NO, { ours: [process(4711, "llm", 250)] });
  expect(service.run.talk).toMatchObject({ at: "looking", question: "released" });
  service.shows(3, YES, { ours: [process(4711, "llm", 250)] });
  expect(service.job.state).toMatchObject({
    name: "standby",
    cause: { actor: "recovery" },
    server: { released: true, remainderMiB: 250, shownBy: "gpu" },
  });
});

it("whose GPU shows its memory isn't asleep, whatever it says", () => {
  const ours = [process(4711, "llm", 6000)];
  const service = new Service().lookedFor(1, HERE).shows(2, NO, { ours }).shows(3, YES, { ours });
  expect(service.job.state.name).toBe("serving");
  service.shows(20, YES, { ours }).shows(31, YES, { ours }).shows(32, YES, { ours });
  expect(service.job.state).toMatchObject({ name: "serving", run: { talk: { at: "resting" } } });
});

it("of another user is the only process of that user on its GPUs; of several it is none", () => {
  const service = new Service(LEARNED).lookedFor(1, HIDDEN);
  expect(service.reasons.at(-1)).toContain("its process can't be seen");
  service.shows(2, YES, { service: HIDDEN, others: [process(9, "bob", 900)] });
  expect(service.run.pid).toBeNull();
  service.shows(3, YES, { service: HIDDEN, others: [process(9, "bob", 900), process(77, "llm", 6000)] });
  expect(service.run.pid).toBe(77);
  // It ends its model's process for the memory, and goes on.
  service.pause(4, { method: "http" }).shows(5, YES, { service: HIDDEN, ours: [process(77, "llm", 6000)] });
  service.shows(6, YES, { service: HIDDEN, others: [process(9, "bob", 900)] });
  expect(service.job.state).toMatchObject({ name: "standby", server: { released: true, shownBy: "gpu" } });
  service.shows(7, YES, { service: HIDDEN, others: [process(78, "llm", 5000), process(79, "llm", 900)] });
  expect(service.run.pid).toBeNull();
});

it("whose process can't be seen is believed by its own word alone, and that is said", () => {
  const service = new Service(LEARNED).lookedFor(1, HIDDEN).shows(2, YES, { service: HIDDEN });
  service.pause(3, { method: "http" }).shows(4, YES, { service: HIDDEN }).shows(5, YES, { service: HIDDEN });
  service.shows(6, YES, { service: HIDDEN });
  expect(service.job.state).toMatchObject({
    name: "standby",
    server: { remainderMiB: null, shownBy: "server" },
  });
});

it("is never ended, however often it doesn't come back", () => {
  const service = new Service(LEARNED).lookedFor(1, HERE).shows(2, YES, {});
  service.pause(3, { method: "http" }).shows(4, YES, {}).shows(5, YES, {});
  let second = 10;
  const waits: number[] = [];
  for (let failure = 0; failure < 5; failure++) {
    service.launch(second);
    for (let i = 1; i <= 23; i++) if (service.job.state.name === "serving") service.shows(second + i, NO, {});
    expect(service.job.state.name).toBe("standby");
    waits.push(Math.round((service.job.attempts.notBeforeMs - at(second).monotonicMs) / 1000));
    second += 1000;
  }
  expect(new Set(service.did())).toEqual(new Set(["ask"]));
  expect(waits.map((wait, i) => wait - (waits[i - 1] ?? wait)).slice(1)).toEqual([30, 60, 120, 240]);
});

it("is asked what it is at when the supervisor is back, and is looked for anew after a reboot", () => {
  const service = new Service().lookedFor(1, HERE).shows(2, YES, {});
  expect(service.run.talk?.at).toBe("resting");
  service.on(3, { kind: "recovered", bootId: "boot" });
  expect(service.run.talk).toMatchObject({ at: "looking", question: "ready" });
  service.on(4, { kind: "recovered", bootId: "another" });
  expect(service.job.state).toMatchObject({ name: "absent", why: "The machine has rebooted since" });
});
