/** What jobs/voice-live takes: a recording that still grows, and the sentence for each input that it can't use. */
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type Ended, endOf, launch, plainEnvironment, start, temporaryFolder } from "../job/launch.ts";
import { bring } from "../job/standby-contract.ts";
import { buildOnce, PROGRAM, record, SECOND, wav } from "./voice-live.ts";

beforeEach(buildOnce);

const results = (out: string): string[] =>
  ["cleaned.wav", "segments.jsonl"].map((name) => readFileSync(join(out, name)).toString("base64"));
const run = (...args: string[]): Promise<Ended> => endOf(start(PROGRAM, args, plainEnvironment()));

test.each(["wav", "raw"])("a .%s file that grows: the same as when it is whole", async (ending) => {
  const folder = temporaryFolder();
  const input = record(folder, 6.0037, 4);
  expect(await run(input, "--out", join(folder, "whole"), "--fast")).toMatchObject({ code: 0 });
  const whole = readFileSync(input);

  const bytes = ending === "raw" ? whole.subarray(44) : Buffer.from(whole);
  if (ending === "wav") bytes.writeUInt32LE(0xffff_ffff, 40);
  const [third, two] = [Math.floor(bytes.length / 3), Math.floor((2 * bytes.length) / 3)];
  /** `onWhole` is called once all has come. */
  const follow = async (idleSeconds: number, onWhole: () => void): Promise<void> => {
    const place = temporaryFolder();
    const [growing, out] = [join(place, `growing.${ending}`), join(place, "out")];
    writeFileSync(growing, bytes.subarray(0, third));
    const following = [growing, "--out", out, "--follow", "--idle-seconds", `${idleSeconds}`];
    const job = launch(PROGRAM, following, place);
    await job.until(
      "all that is there",
      () => readFileSync(join(out, "cleaned.wav.part")).length > third - 2000,
    );
    // It waits for sound: held at once, and what comes meanwhile isn't missed.
    await bring(job, 1, "standby");
    appendFileSync(growing, bytes.subarray(third, two));
    await bring(job, 2, "run");
    appendFileSync(growing, bytes.subarray(two));
    // A recorder's last act.
    if (ending === "wav") writeSync(openSync(growing, "r+"), whole.subarray(0, 44), 0, 44, 0);
    onWhole();
    expect(await job.ended).toMatchObject({ code: 0 });
    expect(results(out)).toEqual(results(join(folder, "whole")));
  };
  // Only its idleness ends bare samples: where all that came took longer than that, they may rightly be over too soon.
  await inTime(ending === "raw" ? [12, 30, 60] : [1000], follow);
});

/** Calls `scene` with a time in seconds, and with the next one where it failed and had taken longer to call `onDone`. */
async function inTime(
  times: number[],
  scene: (seconds: number, onDone: () => void) => Promise<void>,
): Promise<void> {
  for (const [tries, seconds] of times.entries()) {
    const began = performance.now();
    let done: number | null = null;
    try {
      await scene(seconds, () => {
        done = performance.now();
      });
      return;
    } catch (error) {
      const took = (done ?? performance.now()) - began;
      if (took < seconds * 1000 || tries === times.length - 1) throw error;
    }
  }
}

test("sound that isn't whole frames: cleaned to the very sample", async () => {
  const folder = temporaryFolder();
  const input = record(folder, 0.5005, 9);
  expect(await run(input, "--out", folder, "--fast")).toMatchObject({ code: 0 });
  const cleaned = readFileSync(join(folder, "cleaned.wav"));
  expect(cleaned.subarray(0, 44)).toEqual(readFileSync(input).subarray(0, 44));
  expect(cleaned.length).toBe(44 + Math.round(0.5005 * (SECOND / 2)) * 2);
});

/** A good file, changed. */
const changed = (change: (bytes: Buffer) => unknown): Buffer => {
  const bytes = wav(0.3, 1);
  change(bytes);
  return bytes;
};

test.each<[what: string, bytes: Buffer | null, says: RegExp]>([
  ["missing", null, /^can't read .*bad\.wav: there is no such file\n$/],
  ["empty", Buffer.alloc(0), /^bad\.wav is empty\n$/],
  [
    "a text",
    Buffer.from("A text that is longer than a header of a WAV file would be."),
    /^bad\.wav isn't a WAV/,
  ],
  [
    "another rate",
    changed((b) => b.writeUInt32LE(22_050, 24)),
    /^bad\.wav has 22050 Hz; it must be 48000 Hz/,
  ],
  [
    "everything wrong",
    changed((b) => [
      b.writeUInt16LE(3, 20),
      b.writeUInt16LE(2, 22),
      b.writeUInt32LE(8000, 24),
      b.writeUInt16LE(32, 34),
    ]),
    /is encoded \(format 3\), has 8000 Hz, has 2 channels, has 32 bits; .*: sox /,
  ],
  [
    "truncated sound",
    wav(0.75, 1).subarray(0, 44 + SECOND / 4),
    /truncated: its header says 0\.75 s, 0\.25 s are there/,
  ],
  [
    "a truncated header",
    wav(0.3, 1).subarray(0, 30),
    /^bad\.wav is truncated: it ends before its sound begins\n$/,
  ],
  ["no sound", wav(0.3, 1).subarray(0, 44), /^bad\.wav has no sound in it\n$/],
])("%s: one clear line, exit code 2", async (_, bytes, says) => {
  const folder = temporaryFolder();
  const input = join(folder, "bad.wav");
  if (bytes) writeFileSync(input, bytes);
  const { code, output } = await run(input, "--out", join(folder, "out"));
  expect({ code, output, lines: output.split("\n").length }).toEqual({
    code: 2,
    output: expect.stringMatching(says),
    lines: 2,
  });
});

test("arguments that make no sense are all named", async () => {
  const { code, output } = await run("a", "b", "--fast", "--follow", "--idle-seconds", "x");
  expect(code).toBe(2);
  expect(output).toMatch(/^more than one INPUT; --fast and --follow together; --idle-seconds must be/);
  expect(await run("--quick")).toMatchObject({
    code: 2,
    output: expect.stringMatching(/'--quick'[\s\S]*INPUT/),
  });
});

test("without its packages it names the command that installs them", async () => {
  const folder = temporaryFolder();
  for (const job of ["voice-live", "voice-train"])
    cpSync(resolve("jobs", job), join(folder, "jobs", job), { recursive: true });
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(resolve("."), join(folder, "node_modules/gpu-job-supervisor"));
  const program = join(folder, "jobs/voice-live/main.ts");
  const { code, output } = await endOf(start(program, [record(folder, 0.3, 1)], plainEnvironment()));
  expect({ code, output }).toEqual({
    code: 2,
    output: expect.stringMatching(
      /^@jitsi\/rnnoise-wasm.* isn't installed\. .*: npm install --no-save .*onnxruntime-web\n$/,
    ),
  });
});
