/**
 * Standby, exercised on real processes with real signals, the same for every job library: what streams
 * write is compared with what an undisturbed run writes.
 */
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Control } from "../../src/contract/control.ts";
import { rounds } from "../rounds.ts";
import {
  endOf,
  type Launched,
  launch,
  type Program,
  plainEnvironment,
  start,
  temporaryFolder,
} from "./launch.ts";

export interface Streaming {
  name: string;
  /** Streams of numbered frames. Arguments: folder, frames, streams, kind; see the programs. */
  streams: Program;
  /** The kinds of stream that this library has. */
  kinds: string[];
}

export const framesOf = (folder: string, stream = 0): number[] => {
  const path = join(folder, `out-${stream}`);
  return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n").filter(Boolean).map(Number) : [];
};
export const counting = (count: number): number[] => Array.from({ length: count }, (_, frame) => frame);

/** Each frame once, in order, by now. */
export function expectWhole(folder: string, stream = 0): void {
  const written = framesOf(folder, stream);
  expect(written).toEqual(counting(written.length));
}

/** Waits for more than `past` frames; fails when the program ends before. */
export const flowing = (run: Launched, folder: string, past = 0) =>
  run.until("more frames", () => framesOf(folder).length > past);

/** While all is held: gives streams that go on for ever an end, and returns how many frames each will have. */
function endSoon(out: string, streams: number): number {
  const last = 50 + Math.max(...counting(streams).map((stream) => framesOf(out, stream).length));
  writeFileSync(join(out, ".last"), String(last));
  renameSync(join(out, ".last"), join(out, "last"));
  return last;
}

/** Asks, and waits until the job reports the state that the word leads to. */
export async function bring(run: Launched, sequence: number, want: "run" | "standby"): Promise<void> {
  run.ask({ sequence, want });
  const state = want === "run" ? "running" : "standby";
  await run.until(
    `${state} after word ${sequence}`,
    (report) => report.sequence === sequence && report.state === state,
  );
}

export function keepsStandbyContract({ name, streams, kinds }: Streaming): void {
  const begin = (folder: string, frames: number, count: number, kind = "", word?: Control): Launched =>
    launch(streams, [join(folder, "out"), String(frames), String(count), kind], folder, {}, word);

  describe(`${name}: standby`, () => {
    test.each(kinds)("%s: held again and again, every stream writes each frame once", async (kind) => {
      const folder = temporaryFolder();
      const run = begin(folder, 0, 3, kind);
      await flowing(run, join(folder, "out"));
      const holds = rounds(40, 4);
      for (let round = 1; round <= holds; round++) {
        await wait(Math.random() * 40);
        await bring(run, 2 * round - 1, "standby");
        if (round < holds) await bring(run, 2 * round, "run");
      }
      const frames = endSoon(join(folder, "out"), 3);
      run.ask({ sequence: 2 * holds, want: "run" });
      expect((await run.ended).code).toBe(0);
      for (const stream of [0, 1, 2]) expect(framesOf(join(folder, "out"), stream)).toEqual(counting(frames));
    });

    test("says standby only when nothing passes any more, and goes on with the next frame", async () => {
      const folder = temporaryFolder();
      const out = join(folder, "out");
      const run = begin(folder, 0, 2);
      await flowing(run, out);
      await bring(run, 1, "standby");
      const held = [framesOf(out, 0), framesOf(out, 1)];
      expect(run.status()).toMatchObject({ streams: { open: 2, held: 2 } });
      // Two more words are heard meanwhile: time enough for a frame to slip through.
      await bring(run, 2, "standby");
      await bring(run, 3, "standby");
      expect([framesOf(out, 0), framesOf(out, 1)]).toEqual(held);
      await bring(run, 4, "run");
      await flowing(run, out, (held[0] as number[]).length);
      expectWhole(out);
      run.child.kill("SIGKILL");
    });

    test("a word that came before the first frame holds it", async () => {
      const folder = temporaryFolder();
      const run = begin(folder, 20, 1, "", { sequence: 3, want: "standby" });
      await run.until("standby", ({ state, sequence }) => state === "standby" && sequence === 3);
      expect(framesOf(join(folder, "out"))).toEqual([]);
      run.ask({ sequence: 4, want: "run" });
      expect((await run.ended).code).toBe(0);
      expect(framesOf(join(folder, "out"))).toEqual(counting(20));
    });

    test("a lost signal costs a moment, not the hold nor the going on", async () => {
      const folder = temporaryFolder();
      const run = begin(folder, 0, 1);
      await flowing(run, join(folder, "out"));
      run.write(JSON.stringify({ sequence: 1, want: "standby" }));
      await run.until("standby", ({ state }) => state === "standby");
      run.write(JSON.stringify({ sequence: 2, want: "run" }));
      await run.until("running", ({ state }) => state === "running");
      run.child.kill("SIGKILL");
    });

    test("a stream that waits for its input is held", async () => {
      const folder = temporaryFolder();
      const run = begin(folder, 10, 2, "waits");
      await run.until("all frames", () => framesOf(join(folder, "out"), 1).length === 10);
      await bring(run, 1, "standby");
      run.child.kill("SIGKILL");
    });

    test("a stream that ends while it is held is waited for no more, and the others go on", async () => {
      const folder = temporaryFolder();
      const out = join(folder, "out");
      const run = begin(folder, 0, 2, "ends");
      await flowing(run, out);
      await bring(run, 1, "standby");
      const [kept, over] = [framesOf(out, 0).length, framesOf(out, 1)];
      writeFileSync(join(out, "may-end"), "");
      await run.until("one stream", ({ streams, state }) => streams?.open === 1 && state === "standby");
      await bring(run, 2, "run");
      await flowing(run, out, kept);
      await bring(run, 3, "standby");
      expect(run.status()).toMatchObject({ streams: { open: 1, held: 1 } });
      // What was at the gate passes when it opens; nothing else is taken from a stream that has ended.
      expect(framesOf(out, 1).slice(0, over.length)).toEqual(over);
      run.child.kill("SIGKILL");
    });

    test("while a consumer keeps its frame the job isn't on standby, and says what it waits for", async () => {
      const folder = temporaryFolder();
      const run = begin(folder, 0, 2, "stuck");
      await run.until("the last frame", () => framesOf(join(folder, "out"), 1).length === 6);
      run.ask({ sequence: 1, want: "standby" });
      await run.until("one of two held", (report) => report.streams?.held === 1 && report.sequence === 1);
      expect(run.status()).toMatchObject({ state: "pausing", streams: { open: 2, held: 1 } });
      run.ask({ sequence: 2, want: "run" });
      await run.until("running", ({ state, sequence }) => state === "running" && sequence === 2);
      await flowing(run, join(folder, "out"), framesOf(join(folder, "out")).length);
      run.child.kill("SIGKILL");
    });
  });

  describe(`${name}: leaving with its context`, () => {
    test.each(["pause", "release"] as const)(
      "held and asked to %s at random, in many lives, it writes each frame once",
      async (word) => {
        const folder = temporaryFolder();
        const lives = rounds(10, 4);
        let frames = 0;
        for (let life = 1; life <= lives; life++) {
          const isLast = life === lives;
          const run = begin(folder, 0, 2);
          await run.until("a frame", ({ state }) => state !== "ready");
          await wait(Math.random() * 150);
          if (word === "release" || isLast) await bring(run, 1, "standby");
          if (isLast) frames = endSoon(join(folder, "out"), 2);
          run.ask({ sequence: 2, want: isLast ? "run" : word });
          const { code, output } = await run.ended;
          expect(code, output).toBe(isLast ? 0 : 75);
          if (!isLast)
            expect(run.status()).toMatchObject({
              state: "paused",
              checkpoint: expect.stringMatching(/^step-/),
            });
        }
        for (const stream of [0, 1]) expect(framesOf(join(folder, "out"), stream)).toEqual(counting(frames));
      },
    );

    test("asked to stand by while it restores, it is held before its first frame", async () => {
      const folder = temporaryFolder();
      const out = join(folder, "out");
      const first = begin(folder, 0, 1);
      await flowing(first, out, 20);
      first.ask({ sequence: 1, want: "pause" });
      expect((await first.ended).code).toBe(75);
      const written = framesOf(out);
      const second = begin(folder, 0, 1, "", { sequence: 2, want: "standby" });
      await second.until("standby", ({ state, sequence }) => state === "standby" && sequence === 2);
      expect(framesOf(out)).toEqual(written);
      await bring(second, 3, "run");
      await flowing(second, out, written.length);
      expectWhole(out);
      second.child.kill("SIGKILL");
    });

    test("asked to pause twice it leaves once, with everything", async () => {
      const folder = temporaryFolder();
      const out = join(folder, "out");
      const run = begin(folder, 0, 2);
      await flowing(run, out);
      run.ask({ sequence: 1, want: "pause" });
      run.ask({ sequence: 2, want: "pause" });
      expect((await run.ended).code).toBe(75);
      const [newest] = readdirSync(join(folder, "checkpoints")).sort().reverse();
      expect(run.status()).toMatchObject({ state: "paused", checkpoint: newest });
      const kept = JSON.parse(
        readFileSync(join(folder, "checkpoints", newest as string, "next.json"), "utf8"),
      );
      expect(kept).toEqual([framesOf(out, 0).length, framesOf(out, 1).length]);
    });

    test("asked to pause while it restores, it leaves at once on what it came from", async () => {
      const folder = temporaryFolder();
      const first = begin(folder, 0, 1);
      await flowing(first, join(folder, "out"), 20);
      first.ask({ sequence: 1, want: "pause" });
      expect((await first.ended).code).toBe(75);
      const written = framesOf(join(folder, "out"));
      const second = begin(folder, 0, 1, "", { sequence: 1, want: "pause" });
      expect((await second.ended).code).toBe(75);
      expect(framesOf(join(folder, "out"))).toEqual(written);
      expect(second.status()?.checkpoint).toBe(first.status()?.checkpoint);
    });

    test("a context that can't be saved: streams that ran go on, and it is tried again at the next ring", async () => {
      const folder = temporaryFolder();
      const out = join(folder, "out");
      const run = begin(folder, 0, 1, "can't save");
      await flowing(run, out);
      run.ask({ sequence: 1, want: "pause" });
      await run.until("an error", ({ error }) => String(error).includes("no room for it"));
      await flowing(run, out, framesOf(out).length);
      writeFileSync(join(out, "may-save"), "");
      run.ring();
      expect((await run.ended).code).toBe(75);
      expectWhole(out);
    });

    test("a context that can't be saved on standby: it stays there until it can", async () => {
      const folder = temporaryFolder();
      const out = join(folder, "out");
      const run = begin(folder, 0, 1, "can't save");
      await flowing(run, out);
      await bring(run, 1, "standby");
      const written = framesOf(out);
      run.ask({ sequence: 2, want: "release" });
      await run.until(
        "an error",
        ({ error, state }) => String(error).includes("no room") && state === "standby",
      );
      expect(framesOf(out)).toEqual(written);
      // Nothing is lost by going on.
      await bring(run, 3, "run");
      await flowing(run, out, written.length);
      await bring(run, 4, "standby");
      const later = framesOf(out);
      run.ask({ sequence: 5, want: "release" });
      await run.until(
        "an error",
        ({ error, sequence }) => String(error).includes("no room") && sequence === 5,
      );
      writeFileSync(join(out, "may-save"), "");
      run.ring();
      expect((await run.ended).code).toBe(75);
      expect(framesOf(out)).toEqual(later);
    });

    test("a program that keeps no context says so, and goes on", async () => {
      const folder = temporaryFolder();
      const out = join(folder, "out");
      const run = begin(folder, 0, 1, "forgets");
      await flowing(run, out);
      run.ask({ sequence: 1, want: "pause" });
      await run.until("an error", ({ error }) => /keep/.test(String(error)));
      await flowing(run, out, framesOf(out).length);
      run.child.kill("SIGKILL");
    });
  });

  test(`${name}: without a supervisor every frame passes`, async () => {
    const folder = temporaryFolder();
    const { code, output } = await endOf(start(streams, [folder, "50", "2", ""], plainEnvironment()));
    expect({ code, output: output.toLowerCase() }).toEqual({ code: 0, output: "supervised false, done\n" });
    expect(framesOf(folder, 1)).toEqual(counting(50));
  });
}
