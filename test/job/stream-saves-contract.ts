/**
 * Checkpoints that a job of streams writes by itself while it runs, the same for every job library: each
 * holds every stream at one moment, and none costs a frame.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { rounds } from "../rounds.ts";
import { type Launched, launch, temporaryFolder } from "./launch.ts";
import { bring, counting, expectWhole, flowing, framesOf, type Streaming } from "./standby-contract.ts";

export function savesWhileStreaming({ name, streams, kinds }: Streaming): void {
  const begin = (folder: string, frames: string, count: string, env: object, kind = ""): Launched =>
    launch(streams, [join(folder, "out"), frames, count, kind], folder, { ...env });

  describe(`${name}: checkpoints of its own`, () => {
    // A few per second.
    const often = { SUPERVISOR_CHECKPOINT_MINUTES: "0.005" };

    test("every stream is in each of them, and goes on; killed, it continues from the newest", async () => {
      const folder = temporaryFolder();
      const out = join(folder, "out");
      const run = begin(folder, "0", "3", often);
      const saved = new Set<unknown>();
      await run.until("three checkpoints", ({ checkpoint }) => saved.add(checkpoint).size > 3);
      expect(run.status()).toMatchObject({ sequence: 0, state: expect.stringMatching(/running|saving/) });
      const before = framesOf(out, 2).length;
      await run.until("frames beyond", () => framesOf(out, 2).length > before);
      run.child.kill("SIGKILL");
      await run.ended;
      // Each stream wrote all that a checkpoint counts, and none was counted that wasn't written.
      const written = [0, 1, 2].map((stream) => framesOf(out, stream).length);
      for (const name of readdirSync(join(folder, "checkpoints")).filter((one) => /^step-\d+$/.test(one))) {
        const kept: number[] = JSON.parse(
          readFileSync(join(folder, "checkpoints", name, "next.json"), "utf8"),
        );
        expect(kept.reduce((sum, at) => sum + at, 0)).toBe(Number(name.slice(5)));
        for (const [stream, at] of kept.entries()) expect(at).toBeLessThanOrEqual(written[stream] as number);
      }
      expect(readdirSync(join(folder, "checkpoints")).length).toBeGreaterThan(0);
      for (const stream of [0, 1, 2])
        expect(framesOf(out, stream)).toEqual(counting(written[stream] as number));
    });

    test("held while one is due, at random, it writes each frame once", async () => {
      const folder = temporaryFolder();
      const frames = 1000;
      const run = begin(folder, String(frames), "2", { SUPERVISOR_CHECKPOINT_MINUTES: "0.0002" });
      await flowing(run, join(folder, "out"));
      for (let round = 1; round <= rounds(20); round++) {
        await wait(Math.random() * 40);
        if (run.status()?.state === "finished") break;
        try {
          await bring(run, 2 * round - 1, "standby");
          await bring(run, 2 * round, "run");
        } catch (over) {
          if (run.status()?.state !== "finished") throw over;
        }
      }
      expect((await run.ended).code).toBe(0);
      expect(run.status()?.checkpoint).toMatch(/^step-/);
      for (const stream of [0, 1]) expect(framesOf(join(folder, "out"), stream)).toEqual(counting(frames));
    });

    test("a release taken back while it saves: not a frame passes before the save is done, then it goes on", async () => {
      const folder = temporaryFolder();
      const out = join(folder, "out");
      const run = begin(folder, "0", "2", {}, "saves slowly");
      await flowing(run, out);
      await bring(run, 1, "standby");
      run.ask({ sequence: 2, want: "release" });
      await run.until("the save", ({ state }) => state === "saving");
      run.ask({ sequence: 3, want: "run" });
      await run.until("the word heard", ({ sequence }) => sequence === 3);
      const held = [framesOf(out, 0).length, framesOf(out, 1).length];
      await wait(100);
      writeFileSync(join(out, "may-save"), "");
      await flowing(run, out, held[0]);
      const { checkpoint } = await run.until("running", ({ state }) => state === "running");
      const kept = readFileSync(join(folder, "checkpoints", checkpoint as string, "next.json"), "utf8");
      expect(JSON.parse(kept)).toEqual(held);
      expectWhole(out);
      run.child.kill("SIGKILL");
    });

    // At a gate of its own, waiting for the next frame is work on the one before.
    const waiting = kinds.filter((kind) => kind !== "gate");
    test.each(waiting)(
      "%s: frames that come rarely don't keep its context from being saved",
      async (kind) => {
        const often = { SUPERVISOR_CHECKPOINT_MINUTES: "0.0002", FRAME_MS: "1500" };
        const run = begin(temporaryFolder(), "0", "1", often, kind);
        const done = await run.until(
          "a save",
          ({ checkpoint, error }) => checkpoint !== null || error !== null,
        );
        expect(done).toMatchObject({ checkpoint: expect.stringMatching(/^step-/), error: null });
        run.child.kill("SIGKILL");
      },
    );

    test("a stream that is at work for long doesn't keep the others: said, and tried again", async () => {
      const folder = temporaryFolder();
      const out = join(folder, "out");
      const run = begin(folder, "0", "2", often, "stuck");
      await run.until("an error", ({ error }) => /at work on one frame/.test(String(error)));
      await flowing(run, out, framesOf(out).length);
      expect(run.status()?.state).toBe("running");
      run.child.kill("SIGKILL");
    });
  });
}
