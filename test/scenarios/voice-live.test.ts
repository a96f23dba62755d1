/**
 * Real networks on a stream, under a real supervisor: held in mid-sentence, released, brought back, and in
 * the end the same bytes as from an undisturbed run.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { endOf, plainEnvironment, start } from "../job/launch.ts";
import { buildOnce, PROGRAM, record, SECOND } from "../jobs/voice-live.ts";
import { alive, RealSupervisor, until } from "./real-supervisor.ts";

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

test("voice-live on standby goes on in the same process; released, in another, where it was", async () => {
  buildOnce();
  const live = {
    name: "voice-live",
    command: ["node", PROGRAM, "5.wav", "--out", "out"],
    pause: { method: "standby" },
    standby: { releaseAfterMinutes: 0.2 },
  };
  supervisor = new RealSupervisor({ jobs: [live] });
  const { directory } = supervisor;
  const input = record(directory, 20, 5);
  const undisturbed = start(
    PROGRAM,
    [input, "--out", join(directory, "whole"), "--fast"],
    plainEnvironment(),
  );
  expect(await endOf(undisturbed)).toMatchObject({ code: 0 });

  const part = join(directory, "out/cleaned.wav.part");
  const written = (): number => statSync(part, { throwIfNoEntry: false })?.size ?? 0;
  await supervisor.start();
  const { pid } = await supervisor.reaches(live.name, ["running"]);
  await until("some sound", () => written() > 2 * SECOND);
  expect(supervisor.say("pause", live.name).out).toContain("on standby: it holds its memory");
  const held = written();
  await supervisor.reaches(live.name, ["paused"]);
  expect(alive(pid as number)).toBe(false);
  expect(written()).toBe(held);
  supervisor.say("resume", live.name);
  // All of it may be there by now, under its own name; what it is, is compared below.
  await until("more sound", () => written() > held || existsSync(join(directory, "out/cleaned.wav")));
  await supervisor.reaches(live.name, ["finished"]);
  const results = (folder: string): string[] =>
    ["cleaned.wav", "segments.jsonl"].map((name) =>
      readFileSync(join(directory, folder, name)).toString("base64"),
    );
  expect(results("out")).toEqual(results("whole"));
});
