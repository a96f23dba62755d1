/** What the tests of jobs/voice-live share: the program, and recordings for it. */
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { noisySpeech } from "../../jobs/voice-live/make-input.ts";
import { wavHeader } from "../../jobs/voice-live/wav.ts";

export const PROGRAM = resolve("jobs/voice-live/main.ts");
/** Bytes of sound. */
export const SECOND = 96_000;

/** The job imports the built package by its name, as a user's job does. */
export function buildOnce(): void {
  if (!existsSync("dist/job/index.js")) execFileSync("npm", ["run", "--silent", "build"]);
}

/** Noisy speech as bytes of a WAV file. */
export function wav(seconds: number, seed: number): Buffer {
  const sound = noisySpeech(seconds, seed);
  return Buffer.concat([wavHeader(sound.byteLength), new Uint8Array(sound.buffer)]);
}

export function record(folder: string, seconds: number, seed: number): string {
  const path = join(folder, `${seed}.wav`);
  writeFileSync(path, wav(seconds, seed));
  return path;
}
