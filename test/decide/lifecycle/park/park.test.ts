/**
 * The move of a program's VRAM out and back, as steps of its job's lifecycle.
 * Covers: src/decide/lifecycle/park/park-out.ts, src/decide/lifecycle/park/park-back.ts,
 * src/decide/lifecycle/park/drive.ts, src/decide/lifecycle/park/ends.ts, src/decide/lifecycle/park/fits.ts
 */
import { describe, expect, it } from "vitest";
import { at } from "../../make.ts";
import { HELD, Program } from "./program.ts";

const failed = (why: string, state: "running" | "locked" | "checkpointed" | "failed" | null = null) => ({
  state,
  ms: 10,
  why,
});

describe("moving it out", () => {
  it("locks, lists again, moves, sees the memory gone, and only then stops it", () => {
    const program = new Program().asked(10);
    expect(program.did()).toEqual([]);
    program.shows(11);
    expect([program.doing, program.did()]).toEqual(["locking lock", ["drive"]]);
    program.did_(12, "locked");
    expect(program.doing).toBe("listing lock");
    // A reading of before the lock shows nothing.
    program.shows(13, undefined, { readAt: 11.9 });
    expect(program.doing).toBe("listing lock");
    program.shows(14);
    expect([program.doing, program.did()]).toEqual(["moving checkpoint", ["drive"]]);
    program.did_(16, "checkpointed").shows(17, undefined, { pids: [4711] });
    expect([program.state, program.did()]).toEqual(["pausing", []]);
    program.shows(18);
    expect([program.state, program.did()]).toEqual(["pausing", ["freeze"]]);
    program.shows(19);
    expect(program.job.state).toMatchObject({ name: "frozen", parked: { heldMiB: HELD, gone: true } });
    expect(program.outcomes.at(-1)).toMatchObject({
      method: "park",
      vramVerified: true,
      vramReleasedMiB: HELD,
      hostMiB: HELD,
      movedMs: 2000,
    });
    expect(program.job.learned.parkMsPerGiB?.recent).toEqual([256]);
  });

  it.each([
    ["another process of it", { pids: [4711, 4712] }, "pids 4711 and 4712 of it are on GPU 0"],
    ["a divided GPU", { more: { unparkable: "GPU 0 is divided (MIG)" } }, "divided (MIG)"],
    ["too little host memory", { availableMiB: HELD + 999 }, "of which 8.8 GiB are free and 1.0 GiB are"],
    ["no word on host memory", { availableMiB: null }, "how much host memory is free isn't known"],
    ["a GPU that can't be read", { more: { unavailable: "the driver is gone" } }, "the driver is gone"],
    ["no process on it", { pids: [] }, "no process of it is seen on GPU 0"],
  ])("%s: it is frozen instead, and the event says so", (_, look, words) => {
    const program = new Program().asked(10);
    // What isn't known yet is waited for.
    for (const second of [11, 15, 20, 25]) program.shows(second, undefined, look);
    expect(program.did().slice(0, 1)).toEqual(["freeze"]);
    const said = program.reasons[program.events.indexOf("pause.forced")];
    expect([said, said]).toEqual([expect.stringContaining(words), expect.stringContaining("frozen instead")]);
    program.shows(12, undefined, { ...look, stopped: true });
    expect(program.job.state).toMatchObject({ name: "frozen" });
    expect(program.job.state).not.toHaveProperty("parked");
    expect(program.park).toBeUndefined();
  });

  it("a process that began between the look and the lock: let go on, then frozen", () => {
    const program = new Program().asked(10).shows(11).did_(12, "locked");
    program.shows(14, undefined, { pids: [4711, 99] });
    expect(program.doing).toBe("undoing unlock");
    expect(program.did()).not.toContain("freeze");
    program.did_(15, "running", { pids: [4711, 99] });
    expect([program.did(), program.park]).toEqual([["freeze"], undefined]);
    expect(program.reasons.at(-1)).toContain("pids 4711 and 99");
  });

  it("a lock in vain, and a move in vain, end as a freeze with the VRAM held", () => {
    const locked = new Program().asked(10).shows(11).shows(23, failed("the time is over", "running"));
    expect([locked.did().at(-1), locked.reasons.at(-1)]).toEqual([
      "freeze",
      "It can't be parked: the time is over. It is frozen instead: its memory stays held.",
    ]);
    const moved = new Program().asked(10).shows(11).did_(12, "locked").shows(14);
    moved.shows(16, failed("managed memory", "locked"));
    expect(moved.doing).toBe("undoing unlock");
    // An unlock that has to be asked for twice.
    moved.shows(17, failed("busy", "locked")).shows(17.5, failed("busy", "locked"));
    expect(moved.did().filter((effect) => effect === "freeze")).toEqual([]);
    moved.did_(18, "running");
    expect(moved.did().at(-1)).toBe("freeze");
    expect(moved.reasons.at(-1)).toContain("managed memory");
  });

  it("a driver that can't: frozen, and nothing was called", () => {
    const lacks = { state: null, ms: 0, why: "it takes driver 580", impossible: true } as const;
    const program = new Program().asked(10).shows(11).shows(12, lacks);
    expect([program.did(), program.reasons.at(-1)]).toEqual([
      ["drive", "freeze"],
      expect.stringContaining("it takes driver 580"),
    ]);
  });

  it("the answer to the call of an earlier move isn't taken for that to this one", () => {
    const program = new Program().asked(10).shows(11);
    program.shows(12, { state: null, ms: 0, why: "it takes driver 580", impossible: true }).shows(13);
    program.resumed(20).asked(30).did();
    const answered = {
      number: 1,
      answer: { state: null, ms: 0, why: "it takes driver 580", impossible: true },
    } as const;
    program.shows(31, undefined, { park: answered }).shows(32, undefined, { park: answered });
    expect([program.park?.number, program.doing, program.did()]).toEqual([
      3,
      "locking look",
      ["drive", "thaw", "drive"],
    ]);
  });

  it("after a call that was broken off nothing else is done before the state is known", () => {
    const program = new Program().asked(10).shows(11).did_(12, "locked").shows(14);
    program.did();
    program.shows(80, failed("it took too long"));
    expect([program.doing, program.did()]).toEqual(["moving look", ["drive"]]);
    program.shows(80.5, { state: null, ms: 5000, why: "it took longer than 5 s" });
    expect(program.did()).toEqual([]);
    program.shows(86, { state: "busy", ms: 1 });
    expect([program.doing, program.did()]).toEqual(["moving look", ["drive"]]);
    program.did_(88, "checkpointed").shows(90).shows(91);
    expect(program.job.state).toMatchObject({ name: "frozen", parked: { gone: true } });
  });

  it("a call that was broken off in vain is made again, but not for ever", () => {
    const program = new Program().asked(10).shows(11);
    const made: string[] = [];
    for (let second = 20; program.doing !== "undefined undefined" && second < 200; second += 4) {
      made.push(program.doing);
      program.shows(second, failed("it was killed")).shows(second + 2, { state: "running", ms: 1 });
    }
    expect(made).toEqual(["locking lock", "locking lock", "locking lock"]);
    expect([program.did().at(-1), program.reasons.at(-1)]).toEqual([
      "freeze",
      expect.stringContaining("it was killed"),
    ]);
  });

  it("a driver that doesn't answer at all makes the pause overdue, and forces nothing", () => {
    const program = new Program().asked(10).shows(11);
    for (let second = 20; second < 200; second += 6) program.shows(second, failed("it took longer"));
    expect([program.state, program.events.filter((kind) => kind === "pause.overdue")]).toEqual([
      "pausing",
      ["pause.overdue"],
    ]);
    expect(program.did()).not.toContain("freeze");
    program.did_(210, "locked").shows(212).did_(214, "checkpointed").shows(216).shows(217);
    expect(program.state).toBe("frozen");
  });

  it("what the driver gives up can only be ended, and that is said", () => {
    const program = new Program().asked(10).shows(11).did_(12, "locked").shows(14);
    program.shows(16, failed("managed memory", "failed"));
    expect(program.job.state).toMatchObject({ name: "frozen", parked: { gone: false } });
    expect(program.reasons.at(-1)).toContain("supervisor pause tts --terminate");
  });
});

describe("bringing it back", () => {
  it("claims, sees room for all of it with a margin, continues, restores, unlocks", () => {
    const program = new Program().parkedAt(10);
    program.did();
    program.resumed(30);
    expect([program.state, program.doing, program.did()]).toEqual(["running", "claiming checkpoint", []]);
    // Of before the claim was told.
    program.shows(31, undefined, { readAt: 30 });
    expect(program.did()).toEqual([]);
    program.shows(32, undefined, { freeMiB: HELD + 400 });
    expect([program.doing, program.did()]).toEqual(["restoring restore", ["thaw", "drive"]]);
    program.did_(36, "locked");
    expect(program.doing).toBe("unlocking unlock");
    program.did_(37, "running").shows(38);
    expect([program.state, program.park]).toEqual(["running", undefined]);
    expect(program.told().slice(-2)).toEqual(["resume.requested", "resume.completed"]);
    expect(program.job.learned.restoreMsPerGiB?.recent).toEqual([256]);
  });

  it.each([
    ["without the margin", { freeMiB: HELD + 399 }, "GPU 0 has 8.2 GiB free"],
    ["on a GPU that tells nothing", { freeMiB: null }, "the free memory of GPU 0 is unknown"],
    ["against another's claim", { more: { takenBy: "bob's 'asr'" } }, "GPU 0 is held by bob's 'asr'"],
  ])("never %s: it stays parked and is tried again", (_, look, words) => {
    const program = new Program().parkedAt(10).resumed(30);
    program.did();
    program.shows(32, undefined, look);
    expect(program.did()).not.toContain("drive");
    expect(program.job.state).toMatchObject({ name: "frozen", parked: { heldMiB: HELD, gone: true } });
    expect([program.events.at(-1), program.reasons.at(-1)]).toEqual([
      "resume.failed",
      expect.stringContaining(words),
    ]);
    expect(program.job.attempts.notBeforeMs).toBeGreaterThan(0);
  });

  // 8000 MiB were held. An empty GPU has a few MiB of the driver's own.
  it.each([
    ["nearly all of its GPU comes back to that alone", 8300, 8236, true],
    ["nearly all of its GPU doesn't come back beside others", 8300, 8235, false],
    ["all of its GPU comes back to an empty one", 8000, 8000, true],
    ["more than its GPU has, as far as anybody knows, comes back to an empty one", 7000, 6936, true],
    ["more than its GPU has, as far as anybody knows, not beside others", 7000, 6935, false],
  ])("what held %s", (_, mostMiB, freeMiB, restored) => {
    const program = new Program().parkedAt(10).resumed(30);
    program.did();
    program.shows(32, undefined, { freeMiB, more: { mostMiB } });
    expect(program.did().includes("drive")).toBe(restored);
  });

  it.each([2, 304, 999])("a restore that fails with %i alone is tried again, each time later", (code) => {
    const program = new Program().parkedAt(10);
    const waits: number[] = [];
    for (const second of [100, 200, 300]) {
      const refused = {
        ...failed("the driver rejects it", "checkpointed"),
        code: code === 2 && second > 100 ? 1 : code,
      };
      program
        .resumed(second)
        .shows(second + 2)
        .shows(second + 4, refused);
      expect(program.job.state).toMatchObject({ name: "frozen", parked: { heldMiB: HELD, gone: true } });
      expect(program.job.state).not.toHaveProperty("parked.broken");
      waits.push(program.job.attempts.notBeforeMs - at(second + 4).monotonicMs);
    }
    expect(waits).toEqual([10_000, 20_000, 40_000]);
    expect(program.reasons.at(-1)).toBe("It stays parked: the driver rejects it. It is tried again in 40 s.");
    program.resumed(400).shows(402);
    program.did_(404, "locked").did_(406, "running");
    expect([program.state, program.park]).toEqual(["running", undefined]);
  });

  it("a restore that is refused after one that ran out of memory is final, and what is left to do is said", () => {
    const program = new Program().parkedAt(10).resumed(30).shows(32);
    program.shows(34, { ...failed("there isn't enough memory", "checkpointed"), code: 2 });
    program.resumed(50).shows(52);
    program.shows(54, { ...failed("the system refuses the call", "checkpointed"), code: 304 });
    expect(program.job.state).toMatchObject({ name: "frozen", parked: { broken: expect.any(String) } });
    expect(program.reasons.at(-1)).toContain("the system refuses the call");
    program.did();
    program.shows(36).shows(60);
    expect(program.did()).not.toContain("drive");
  });

  it("a restore that was broken off before it began looks for room again", () => {
    const program = new Program().parkedAt(10).resumed(30).shows(32);
    program.did();
    program.shows(100, failed("it took too long")).shows(101, { state: "checkpointed", ms: 1 });
    expect(program.doing).toBe("claiming look");
    program.shows(103, undefined, { freeMiB: 5000 });
    expect([program.state, program.did().filter((effect) => effect === "drive")]).toEqual([
      "frozen",
      ["drive"],
    ]);
  });

  it("a pause while it comes back waits for the call under way, and asks for the state first", () => {
    const program = new Program().parkedAt(10).resumed(30).shows(32);
    program.asked(33);
    expect([program.state, program.doing]).toEqual(["pausing", "locking look"]);
    program.did_(36, "locked").shows(38).did_(40, "checkpointed").shows(42).shows(43);
    expect(program.state).toBe("frozen");
    const early = new Program().parkedAt(10).resumed(30).asked(31).shows(32);
    expect(early.job.state).toMatchObject({ name: "frozen", parked: { gone: true } });
  });
});
