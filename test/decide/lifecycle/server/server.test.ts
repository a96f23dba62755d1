/**
 * The talk with a server, as steps of its job's lifecycle.
 * Covers: src/decide/lifecycle/server/release-server.ts, src/decide/lifecycle/server/talk.ts,
 * src/decide/lifecycle/server/held-memory.ts, src/decide/lifecycle/server/not-released.ts,
 * src/decide/lifecycle/server/on-rest.ts, src/decide/lifecycle/server/reload-server.ts, src/decide/pauses/standby-lasted.ts
 */
import { describe, expect, it } from "vitest";
import { manualRequest } from "../../../../src/decide/manual-request.ts";
import { releasePause } from "../../../../src/decide/pauses/standby-lasted.ts";
import { decide } from "../../../../src/decide/policy.ts";
import { newWorld } from "../../../../src/decide/world.ts";
import type { Job } from "../../../../src/model/job.ts";
import type { Answer } from "../../../../src/model/server.ts";
import { at, makeConfig, makeRun, makeSample, runningJob, startDecision } from "../../make.ts";
import { no, Server, yes } from "./server-story.ts";

const AROUND = { windows: [], config: makeConfig(), mode: { stopping: false, journalHealthy: true } };

describe("draining", () => {
  it("asks for the release only after so long without a request", () => {
    const server = new Server()
      .asked(10)
      .shows(11, no("n is 2"))
      .shows(13, yes)
      .shows(15, yes)
      .shows(15.5, no("n is 1"));
    expect([server.question, server.events]).toEqual(["drained", ["pause.requested", "server.asked"]]);
    server.shows(17, yes).shows(19.9, yes);
    expect(server.question).toBe("drained");
    server.shows(20.1, yes);
    expect([server.question, server.state]).toEqual(["release", "pausing"]);
    expect(server.reasons.at(-1)).toBe(
      "Drained after 10 s, its server is asked to release its memory: POST /rest.",
    );
  });

  it("a server that is never without one isn't asked to release; its pause is overdue", () => {
    const server = new Server().asked(10);
    for (let second = 11; second < 80; second += 3) server.shows(second, no("n is 2"));
    expect([server.state, server.question]).toEqual(["pausing", "drained"]);
    expect(server.events.filter((kind) => kind === "pause.overdue")).toHaveLength(1);
    server.shows(90, yes).shows(94, yes);
    expect(server.question).toBe("release");
  });

  it("a question that nobody remembers is asked again, with its number", () => {
    const server = new Server().asked(10);
    const before = server.talk;
    server.see(11);
    expect([server.effects, server.talk]).toEqual([["ask", "ask"], before]);
  });
});

describe("releasing", () => {
  it("is over only when a reading taken since shows the memory gone", () => {
    const server = new Server().releasedAt(10).shows(16, yes, 0, 12).shows(17, yes, 5000);
    expect(server.state).toBe("pausing");
    server.shows(18, yes, 290);
    expect(server.job.state).toMatchObject({
      name: "standby",
      server: { released: true, remainderMiB: 290, shownBy: "gpu" },
    });
    expect(server.outcomes.at(-1)).toMatchObject({
      remainderMiB: 290,
      vramReleasedMiB: 5710,
      vramVerified: true,
    });
  });

  it("a failed answer doesn't matter where the memory went", () => {
    const failed: Answer = { is: "failed", why: "POST /rest: no answer within 20 s" };
    const server = new Server()
      .asked(10)
      .shows(11, yes)
      .shows(14, yes)
      .shows(34, failed)
      .shows(36, failed, 0);
    expect(server.job.state).toMatchObject({ name: "standby", server: { released: true, remainderMiB: 0 } });
  });

  it("one that sleeps already is at rest, though it refuses to be put to sleep", () => {
    const asleep: Answer = { is: "failed", why: "POST /rest: it answered with status 409" };
    const server = new Server().shows(8, null, 0).asked(10).shows(11, yes, 0).shows(14, yes, 0);
    expect(server.question).toBe("release");
    server.shows(15, asleep, 0).shows(17, asleep, 0);
    expect(server.job.state).toMatchObject({ name: "standby", server: { released: true, remainderMiB: 0 } });
    expect(server.events).not.toContain("pause.failed");
  });

  it.each([
    ["memory that stays", 400, "it still holds 400 MiB where 300 MiB may remain"],
    ["a GPU that can't be read", "the driver is gone", "nothing shows that it has: the driver is gone"],
  ])("%s is told, and it is asked again later each time", (_, memory, why) => {
    const server = new Server({ released: [] }).releasedAt(10);
    server.shows(20, yes, memory).shows(35, yes, memory);
    expect(server.job.state).toMatchObject({ name: "standby", server: { released: false } });
    expect(server.reasons.at(-1)).toContain(why);
    expect(releasePause(server.job, at(44))).toBeNull();
    expect(releasePause(server.job, at(45))).toMatchObject({ method: "http", cause: { actor: "rule:busy" } });
    server.releasedAt(46).shows(70, yes, memory);
    expect(releasePause(server.job, at(89))).toBeNull();
    expect(releasePause(server.job, at(90))).not.toBeNull();
  });

  it("without a GPU to read its own word counts, and that is said", () => {
    const server = new Server().releasedAt(10).shows(16, yes, "no driver");
    expect([server.question, server.state]).toEqual(["released", "pausing"]);
    server.shows(17, no("models is 1"), "no driver").shows(19, yes, "no driver");
    expect(server.job.state).toMatchObject({
      server: { released: true, remainderMiB: null, shownBy: "server" },
    });
    expect(server.outcomes.at(-1)).toMatchObject({ vramVerified: false, shownBy: "server" });
  });

  it("a GPU that never showed any of its memory shows nothing when it shows none", () => {
    const server = new Server({}, { learned: runningJob().learned }).asked(10);
    for (const second of [11, 14, 15, 16]) server.shows(second, yes, 0);
    expect([server.state, server.question]).toEqual(["pausing", "released"]);
  });

  it("what an earlier supervisor has seen it hold is gone when its GPU, read again, shows none", () => {
    const server = new Server({ released: [] }, { learned: runningJob().learned }).shows(9, null).asked(9.1);
    server.on(12, { kind: "recovered", bootId: makeRun().bootId });
    for (const second of [12.2, 15.4, 15.6]) server.shows(second, yes, "the driver is being opened");
    expect([server.state, server.talk?.at]).toEqual(["pausing", "emptying"]);
    server.shows(17, yes, 0);
    expect(server.job.state).toMatchObject({
      name: "standby",
      server: { released: true, remainderMiB: 0, shownBy: "gpu" },
    });
  });

  it.each([
    ["freeze", "freeze", "freeze"],
    ["checkpoint", "control pause", "checkpoint"],
  ])("otherwise: %s", (otherwise, effect, method) => {
    const server = new Server({ otherwise }).releasedAt(10).shows(35, yes);
    expect(server.effects.at(-1)).toBe(effect);
    expect(server.job.state).toMatchObject({ name: "pausing", request: { method, overdue: null } });
    expect(server.events.at(-1)).toBe("pause.forced");
  });
});

describe("at rest", () => {
  const resting = () => new Server().releasedAt(10).shows(18, yes, 200);

  it("a server that loads itself again is told, and asked again at once, then with back-off", () => {
    const server = resting().shows(100, yes, 6000);
    expect(server.events.at(-1)).toBe("pause.failed");
    expect(server.reasons.at(-1)).toContain("it holds 5.9 GiB again: somebody's request may have woken it");
    expect(server.job.state).toMatchObject({ server: { released: false } });
    expect(releasePause(server.job, at(100))).not.toBeNull();
    server.releasedAt(101).shows(107, yes, 200).shows(110, yes, 6000);
    expect(releasePause(server.job, at(119))).toBeNull();
    expect(releasePause(server.job, at(120))).not.toBeNull();
  });

  it("memory that goes late is told when it goes", () => {
    const server = new Server().releasedAt(10).shows(35, yes).shows(40, yes, 100);
    expect(server.events.slice(-2)).toEqual(["pause.failed", "pause.completed"]);
    expect(server.job.state).toMatchObject({ server: { released: true, remainderMiB: 100 } });
  });

  const back = (server: Server, second: number) => {
    const decision = startDecision(server.job.name, "resume");
    server.on(second, {
      kind: "launch",
      decision,
      identity: { id: "r9", bootId: "b" },
      resumeFrom: null,
      gpus: ["G"],
    });
    return server;
  };

  it("comes back when it is ready, in its own run", () => {
    const server = back(resting(), 50);
    expect([server.state, server.question]).toEqual(["running", "restore"]);
    server.shows(53, yes).shows(54, no("status is loading")).shows(56, yes);
    expect(server.events.slice(-2)).toEqual(["server.answered", "resume.completed"]);
    expect(server.job.state).toMatchObject({ name: "running", run: { id: "r1" } });
  });

  it("one that isn't ready in time is tried again, and its run is ended after the third time", () => {
    const server = resting();
    for (const second of [100, 200, 300]) {
      back(server, second).shows(second + 1, {
        is: "failed",
        why: "POST /wake: it answered with status 500",
      });
      server.shows(second + 2, no("GET /up: not yet")).shows(second + 22, no("GET /up: not yet"));
      expect([server.state, server.events.at(-1)]).toEqual(["standby", "resume.failed"]);
      expect(server.job.attempts.notBeforeMs).toBe(at(second + 52).monotonicMs);
      server.shows(second + 23, yes, 200);
    }
    expect(server.effects.filter((effect) => effect === "terminate")).toHaveLength(1);
  });

  it("one that didn't come back is tried at once when a person resumes it", () => {
    const server = back(resting(), 100).shows(102, { is: "failed", why: "no answer" });
    server.shows(103, no("GET /up: not yet")).shows(123, no("GET /up: not yet"));
    const waits = (job: Job): string[] => {
      const { why } = decide(newWorld({ [job.name]: job }), {
        ...AROUND,
        sample: makeSample(at(125)),
        now: at(125),
      });
      return why()[job.name]?.waitingFor.map(({ code }) => code) ?? [];
    };
    expect([server.state, waits(server.job)]).toEqual(["standby", expect.arrayContaining(["restart"])]);
    const asked = { verb: "resume" as const, jobs: [server.job.name], by: "ana" };
    const given = manualRequest(newWorld({ [server.job.name]: server.job }), asked, [], at(125));
    expect(given.errors).toEqual([]);
    expect(waits(given.world.jobs[server.job.name] as Job)).not.toContain("restart");
  });

  it("asked to pause while it comes back, it is drained and released anew", () => {
    const server = back(resting(), 50).asked(51);
    expect([server.state, server.question]).toEqual(["pausing", "drained"]);
  });
});

it("a job that is asked for its memory isn't let go on at the very same tick", () => {
  const cause = { actor: "user", reason: "Asked for.", critical: false } as const;
  const state = { name: "standby", since: at(0), run: makeRun(), cause } as const;
  const job = runningJob({ pause: { method: "standby" }, standby: { releaseAfterMinutes: 1 } }, { state });
  const now = at(60);
  const decided = decide(newWorld({ tts: job }), {
    sample: makeSample(now),
    now,
    ...AROUND,
  });
  expect(decided.decisions.map(({ verb }) => verb)).toEqual(["pause"]);
});
