/**
 * Covers: docs/python-jobs.md, "Inference and playback": a thread that plays through PyAudio into ALSA's file
 * plugin. What was heard, held and released at random, is what an undisturbed playback gives.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect } from "vitest";
import { launch, temporaryFolder } from "../job/launch.ts";
import { pyaudio, testWith } from "../needs.ts";
import { rounds } from "../rounds.ts";
import { pythonChild } from "./interpreter.ts";

const SECONDS = 6;
const RATE = 16_000;

testWith(pyaudio)("what a thread plays is heard whole, held and released at random", async () => {
  const folder = temporaryFolder();
  const sound = Buffer.alloc(SECONDS * RATE * 2);
  for (let at = 0; at < sound.length / 2; at++)
    sound.writeInt16LE(Math.round(12_000 * Math.sin(at / 7) + (at % 97)), at * 2);
  writeFileSync(join(folder, "sound.raw"), sound);

  const heard: Buffer[] = [];
  let holds = 0;
  for (let code: number | null = 75; code === 75; ) {
    const file = join(folder, `heard-${heard.length}`);
    const alsa = join(folder, "asound.conf");
    writeFileSync(
      alsa,
      `pcm.!default { type file slave.pcm nothing file "${file}" format raw }\npcm.nothing { type null }\n`,
    );
    const args = [join(folder, "sound.raw"), heard.length < 2 ? "20" : "400"];
    const run = launch(pythonChild("python-pyaudio-player.py"), args, folder, { ALSA_CONFIG_PATH: alsa });
    await run.until("it to play", ({ state }) => state !== "ready").catch(() => {});
    let sequence = 0;
    try {
      for (let round = 0; round < rounds(5, 2); round++) {
        await wait(Math.random() * 100);
        run.ask({ sequence: ++sequence, want: "standby" });
        await run.until("standby", (report) => report.state === "standby" && report.sequence === sequence);
        holds += 1;
        run.ask({ sequence: ++sequence, want: "run" });
        await run.until("running", (report) => report.state === "running" && report.sequence === sequence);
      }
      await wait(Math.random() * 200);
      run.ask({ sequence: ++sequence, want: heard.length % 2 === 0 ? "pause" : "standby" });
      if (heard.length % 2 === 1) {
        await run.until("standby", (report) => report.state === "standby" && report.sequence === sequence);
        run.ask({ sequence: ++sequence, want: "release" });
      }
    } catch (over) {
      if (run.status()?.state !== "finished") throw over;
    }
    const end = await run.ended;
    code = run.status()?.state === "finished" ? 0 : end.code;
    expect([0, 75], end.output).toContain(code);
    heard.push(existsSync(file) ? readFileSync(file) : Buffer.alloc(0));
    expect(heard.length).toBeLessThan(100);
  }
  expect(heard.length).toBeGreaterThan(1);
  expect(holds).toBeGreaterThan(3);
  expect(Buffer.concat(heard).equals(sound)).toBe(true);
});
