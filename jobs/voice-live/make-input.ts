/**
 * Makes a recording to clean: the words that voice-train learns from, spoken by changing voices with
 * pauses between them, in the noise of a fan and a hum. The same bytes for the same length and seed.
 * `node jobs/voice-live/make-input.ts [FILE] [--seconds 20] [--seed 1]`
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { Random } from "../voice-train/random.ts";
import { loadRecordings } from "../voice-train/recordings.ts";
import { lowPass } from "./low-pass.ts";
import { RATE, wavHeader } from "./wav.ts";

const TIMES = 6;
const SPEECH_RATE = RATE / TIMES;

/** Words at random moments in noise, in 16-bit samples at 48 kHz. */
export function noisySpeech(seconds: number, seed: number): Int16Array {
  const random = new Random(seed);
  const { recordings } = loadRecordings(join(import.meta.dirname, "../voice-train/data"));
  const dry = new Float32Array(Math.ceil(seconds * SPEECH_RATE));
  for (let at = Math.floor(0.4 * SPEECH_RATE); at < dry.length; ) {
    const spoken = recordings[Math.floor(random.next() * recordings.length)]?.samples as Float32Array;
    dry.set(spoken.subarray(0, dry.length - at), at);
    at += spoken.length + Math.floor(random.between(0.1, 0.9) * SPEECH_RATE);
  }
  const sound = sixTimes(dry);
  let fan = 0;
  return Int16Array.from({ length: Math.round(seconds * RATE) }, (_, i) => {
    fan += 0.05 * (random.between(-1, 1) - fan);
    const hum = 0.01 * Math.sin((2 * Math.PI * 100 * i) / RATE);
    const noise = 0.15 * fan + 0.005 * random.between(-1, 1) + hum;
    return Math.round(32767 * Math.max(-1, Math.min(1, 0.5 * (sound[i] as number) + noise)));
  });
}

/** From 8 to 48 kHz: between two samples what a low-pass filter makes of them. */
function sixTimes(samples: Float32Array): Float32Array {
  const taps = lowPass(3800, RATE, 73);
  const middle = (taps.length - 1) / 2;
  return Float32Array.from({ length: samples.length * TIMES }, (_, i) => {
    let sum = 0;
    for (let from = Math.ceil((i - middle) / TIMES); from * TIMES <= i + middle; from++)
      sum += (samples[from] ?? 0) * (taps[middle + i - from * TIMES] as number);
    return TIMES * sum;
  });
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: "string", default: "20" }, seed: { type: "string", default: "1" } },
  });
  const file = positionals[0] ?? "voice-live/input.wav";
  const sound = noisySpeech(Number(values.seconds), Number(values.seed));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, Buffer.concat([wavHeader(sound.byteLength), new Uint8Array(sound.buffer)]));
  console.log(`${file}: ${(sound.length / RATE).toFixed(2)} s`);
}
