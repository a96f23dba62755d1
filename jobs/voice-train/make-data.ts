/**
 * Makes data/recordings.wav and data/index.json: ten words spoken by 64 synthetic voices, with
 * espeak-ng and sox (Debian: apt-get install espeak-ng sox). Run it only to change the data; the
 * job reads what is committed. Must stay deterministic: no clock, no Math.random.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const RATE = 8000;
const MOST_SAMPLES = 0.8 * RATE;
const WORDS = ["yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"];
const ACCENTS = [
  "en-gb",
  "en-us",
  "en-gb-scotland",
  "en-gb-x-rp",
  "en-029",
  "en-gb-x-gbclan",
  "en-gb-x-gbcwmd",
];
const VOICES = [
  ..."adam Alex Alicia Andrea Andy Annie antonio aunty belinda benjamin boris caleb david Denis".split(" "),
  ..."Diogo ed edward Gene Gene2 gustave Henrique Hugo iven iven3 Jacky john kaukovalta Lee linda".split(" "),
  ..."marcelo marco Mario max michael michel miguel mike Mr Nguyen pablo paul pedro quincy rob".split(" "),
  ..."robert steph steph3 travis victor Zac anika grandma grandpa norbert sandro shelby f1 f2 f3".split(" "),
  ..."f4 f5 m1 m2 m3 m4 m5 m6 m7 m8".split(" "),
].slice(0, 64);

/** Every fourth voice is held out: none of its recordings is ever trained on. */
const splitOf = (voice: number): "train" | "heldOut" => (voice % 4 === 3 ? "heldOut" : "train");

const folder = join(import.meta.dirname, "data");
const scratch = mkdtempSync(join(tmpdir(), "voice-data-"));
const pieces: Buffer[] = [];
const recordings: { word: string; voice: string; split: string; start: number; samples: number }[] = [];
let start = 0;

VOICES.forEach((variant, v) => {
  WORDS.forEach((word, w) => {
    const voice = `${ACCENTS[(v * 3 + 1) % ACCENTS.length]}+${variant}`;
    const speed = 130 + ((v * 37 + w * 11) % 60);
    const pitch = 30 + ((v * 53 + w * 7) % 40);
    const samples = speak(word, voice, speed, pitch);
    pieces.push(samples);
    recordings.push({ word, voice, split: splitOf(v), start, samples: samples.length });
    start += samples.length;
  });
});

const wav = Buffer.concat([header(start), ...pieces]);
writeFileSync(join(folder, "recordings.wav"), wav);
const lines = recordings.map((recording) => JSON.stringify(recording)).join(",\n");
writeFileSync(
  join(folder, "index.json"),
  `{"rate":${RATE},"words":${JSON.stringify(WORDS)},"recordings":[\n${lines}\n]}\n`,
);
rmSync(scratch, { recursive: true });
console.log(`${recordings.length} recordings, ${(start / RATE).toFixed(0)} s, ${wav.length} bytes`);

/** One word as unsigned 8-bit samples at 8 kHz, silence cut off at both ends, as loud as every other. */
function speak(word: string, voice: string, speed: number, pitch: number): Buffer {
  const spoken = join(scratch, "spoken.wav");
  execFileSync("espeak-ng", ["-v", voice, "-s", String(speed), "-p", String(pitch), "-w", spoken, word]);
  // -D: no dither, which would be random. The gain leaves room for the resampler's overshoot.
  const format = ["-t", "raw", "-b", "16", "-e", "signed-integer", "-L", "-"];
  const raw = execFileSync("sox", ["-D", spoken, ...format, "gain", "-6", "rate", String(RATE)]);
  const samples = new Int16Array(raw.buffer, raw.byteOffset, raw.length / 2);
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  const loud = (sample: number): boolean => Math.abs(sample) > peak * 0.02;
  const margin = 0.02 * RATE;
  const from = Math.max(0, samples.findIndex(loud) - margin);
  const to = Math.min(samples.findLastIndex(loud) + margin, from + MOST_SAMPLES);
  return Buffer.from(
    Array.from(samples.subarray(from, to), (sample) => 128 + Math.round((sample / peak) * 120)),
  );
}

function header(samples: number): Buffer {
  const bytes = Buffer.alloc(44);
  bytes.write("RIFF", 0);
  bytes.writeUInt32LE(36 + samples, 4);
  bytes.write("WAVEfmt ", 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20); // PCM
  bytes.writeUInt16LE(1, 22); // mono
  bytes.writeUInt32LE(RATE, 24);
  bytes.writeUInt32LE(RATE, 28);
  bytes.writeUInt16LE(1, 32);
  bytes.writeUInt16LE(8, 34);
  bytes.write("data", 36);
  bytes.writeUInt32LE(samples, 40);
  return bytes;
}
