/**
 * The supervisor, or the child that calls the driver, is killed at random moments while VRAM is moved out and back:
 * the job is never lost, never brought back without room, and its state never misread.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { compiler, describeWith } from "../needs.ts";
import { rounds } from "../rounds.ts";
import { ParkScene } from "./park-material.ts";

let scene: ParkScene;
afterEach(() => scene.close());

/** Each call takes a while before and after its work, so that there is something to hit. */
const SLOW = ["lock", "checkpoint", "restore", "unlock"].flatMap((call) => [
  `cuda delay ${call} 60`,
  `cuda linger ${call} 60`,
]);
/** How long a move takes in all here, at least. */
const MOVE_MS = 1500;

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

async function hit(next: () => number): Promise<void> {
  // Which moment is hit is chance; what is expected holds for every one.
  await sleep(next() * MOVE_MS);
  if (next() < 0.3) {
    killChild();
    return;
  }
  await scene.supervisor.crash();
  await scene.supervisor.start();
}

/** The child that called last; it may be gone already. */
function killChild(): void {
  const runs = join(scene.supervisor.directory, "state", "runs");
  for (const run of readdirSync(runs)) {
    try {
      process.kill(JSON.parse(readFileSync(join(runs, run, "park"), "utf8")).pid, "SIGKILL");
    } catch {
      // There is none now.
    }
  }
}

const checkpointed = () => scene.cuda.stateOf(scene.pid) === "checkpointed";

describeWith(compiler)("park, interrupted (needs a C compiler)", () => {
  it("killed in any gap, it finds the job by its state and goes on", { timeout: 1_200_000 }, async () => {
    scene = await new ParkScene({ park: { reserveMiB: 0 } }).start(SLOW);
    const { supervisor, cuda } = scene;
    for (let seed = 1; seed <= rounds(8, 3); seed++) {
      const next = random(seed);
      const newcomer = scene.newcomer(4000);
      await hit(next);
      await supervisor.shows(`round ${seed}: it to be parked`, ({ jobs: [job] }) =>
        job?.why.parked?.gone && job.why.parked.broken === undefined ? checkpointed() : null,
      );
      // No rule holds it back now, and there is no room.
      await supervisor.end(newcomer.child);
      scene.set({ newcomers: [], unseenMiB: 9000 });
      if (next() < 0.5) await hit(next);
      expect(checkpointed()).toBe(true);
      scene.set({ unseenMiB: 0 });
      await hit(next);
      await supervisor.shows(
        `round ${seed}: it to run`,
        ({ jobs: [job] }) =>
          job?.state === "running" && job.why.moves === undefined && cuda.stateOf(scene.pid) === "running",
      );
      await scene.expectWhole();
    }
    expect(supervisor.audit("job.lost")).toEqual([]);
    // Each call was made in the state that it is for, and each restore had room.
    expect(cuda.calls.filter((call) => !call.endsWith(" 0"))).toEqual([]);
  });
});
