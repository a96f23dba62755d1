/** A run that was parked, as its files tell, and that the database doesn't know: the driver is asked what became of it. */
import { expect, it } from "vitest";
import type { Away, DriverAnswer } from "../../../../src/model/park.ts";
import { makeJob, makeRun, Story } from "../../make.ts";
import { HELD, Program } from "./program.ts";

const run = makeRun({ gpus: ["G"] });

function takenBack(away: Away = { pid: 4711, heldMiB: HELD }): Program {
  const program = new Program();
  const { spec } = program.job;
  program.job = makeJob(spec, { understands: "nothing" });
  program.stopped = true;
  program.on(10, { kind: "taken-back", run, away });
  program.stopped = false;
  return program;
}

const told = (state: DriverAnswer["state"], more: object = {}): DriverAnswer => ({ state, ms: 3, ...more });

it("is lost until the driver has told, continued before it is asked, and asked again where it doesn't tell", () => {
  const program = takenBack();
  expect([program.state, program.did()]).toEqual(["lost", ["thaw"]]);
  program.shows(11);
  expect([program.state, program.did()]).toEqual(["lost", ["thaw", "drive"]]);
  program.shows(12, null).shows(13, told(null, { why: "the driver can't be loaded", impossible: true }));
  expect([program.state, program.doing, program.did()]).toEqual(["lost", "asking look", ["drive"]]);
});

it("was moved out: it stays parked, and only its GPU shows that it is gone", () => {
  const program = takenBack().shows(11);
  program.state_ = "checkpointed";
  program.shows(12, told("checkpointed"));
  expect(program.job.state).toMatchObject({ name: "frozen", parked: { heldMiB: HELD, gone: false } });
  expect([program.reasons.at(-1), program.did().at(-1)]).toEqual([
    expect.stringContaining("7.8 GiB"),
    "freeze",
  ]);
  program.shows(13);
  expect(program.job.state).toMatchObject({ name: "frozen", parked: { heldMiB: HELD, gone: true } });
  // There is room for less than it held.
  program.resumed(20).did();
  program.shows(22, undefined, { freeMiB: HELD - 1 });
  expect([program.state, program.did()]).toEqual(["frozen", ["freeze"]]);
});

it("was locked: it is let go on, and is running once the driver says so", () => {
  const program = takenBack().shows(11).shows(12, told("locked"));
  expect([program.state, program.doing]).toEqual(["running", "unlocking unlock"]);
  program.shows(13, told("running"));
  expect([program.state, program.park]).toEqual(["running", undefined]);
});

it("had come back: it runs", () => {
  const program = takenBack().shows(11).shows(12, told("running"));
  expect([program.state, program.park]).toEqual(["running", undefined]);
});

it("was given up by the driver: that is said", () => {
  const program = takenBack().shows(11).shows(12, told("failed"));
  expect(program.job.state).toMatchObject({ name: "frozen", parked: { broken: expect.any(String) } });
});

it("is ended as it is when it is cancelled meanwhile", () => {
  const program = takenBack().shows(11).on(12, { kind: "cancel", by: "ana" });
  program.did();
  program.shows(13).shows(40);
  expect([program.did(), program instanceof Story]).toEqual([["kill"], true]);
});

const NO_PROGRAM = { code: 3, impossible: true } as const;
const LACKS = { why: "the driver can't be loaded", impossible: true } as const;

it("is asked for among its processes where nothing tells which: the first that the driver knows decides", () => {
  const guesses = [
    { pid: 31, heldMiB: 300 },
    { pid: 32, heldMiB: 20 },
  ];
  const program = takenBack({ pid: 30, heldMiB: 900, guesses }).shows(11).shows(12, told(null, NO_PROGRAM));
  expect([program.state, program.doing, program.park?.pid]).toEqual(["lost", "asking look", 31]);
  program.state_ = "checkpointed";
  program.shows(13, told("checkpointed"));
  expect(program.job.state).toMatchObject({ name: "frozen", parked: { heldMiB: 300 } });
  expect([program.park?.pid, program.park?.guesses]).toEqual([31, undefined]);
});

it.each([
  ["none of them uses the GPU", NO_PROGRAM, 2],
  ["there is no driver that could have moved it", LACKS, 2],
])("runs where %s", (_, answer, asked) => {
  const program = takenBack({ pid: 30, heldMiB: 900, guesses: [{ pid: 31, heldMiB: 300 }] }).shows(11);
  for (let second = 12; second < 12 + asked; second++) {
    expect(program.state).toBe("lost");
    program.shows(second, told(null, answer));
  }
  expect([program.state, program.park]).toEqual(["running", undefined]);
});
