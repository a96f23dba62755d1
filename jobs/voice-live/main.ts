/**
 * Takes the noise out of speech and marks where somebody speaks, while the sound comes in. Can be held at
 * any frame, and leaves the machine with its context saved: what it has written in the end is, byte for
 * byte, what an undisturbed run writes. Runs without a supervisor too: `node jobs/voice-live/main.ts`.
 */
import { resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { job } from "gpu-job-supervisor/job";
import { FRAME_SAMPLES } from "./denoiser.ts";
import { type Following, type Frame, Source } from "./source.ts";
import { Unusable } from "./unusable.ts";
import { Voice } from "./voice.ts";
import { RATE } from "./wav.ts";

const USAGE = `node jobs/voice-live/main.ts [INPUT] [--out voice-live] [--fast | --follow [--idle-seconds 10]]
  INPUT            a WAV file, 48 kHz, mono, 16 bits; voice-live/input.wav unless named
  --out            the folder for cleaned.wav and segments.jsonl
  --fast           as quickly as it can, instead of in real time
  --follow         the file still grows; one that ends in .raw has no header
  --idle-seconds   a followed file that hasn't grown for so long is over`;

const FRAME_MS = (1000 * FRAME_SAMPLES) / RATE;

interface Options {
  input: string;
  out: string;
  /** Frames come no sooner than they would from a microphone. */
  paced: boolean;
  following: Following | null;
}

try {
  const options = readOptions();
  if (options) await clean(options);
  else console.log(USAGE);
} catch (error) {
  if (!(error instanceof Unusable)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

async function clean({ input, out, paced, following }: Options): Promise<void> {
  const source = await Source.open(input, following);
  const checkpoint = await job.resume();
  const voice = await Voice.open(input, out, checkpoint?.path ?? null);
  const at = (): string => `${((voice.frames * FRAME_MS) / 1000).toFixed(2)} s`;
  console.log(checkpoint ? `resumed at ${at()}` : "from the start");
  job.keep({ position: () => voice.frames, save: (files) => voice.save(files) });

  const stream = job.stream("sound", { source: "waits" });
  const [first, began] = [voice.frames, performance.now()];
  const next = async (): Promise<Frame | null> => {
    const frame = await source.frame(voice.frames);
    // Time on standby isn't lag: the sound goes on where it was held, not where it would be by now.
    const due = began + stream.heldMs + (voice.frames + 1 - first) * FRAME_MS;
    const early = due - performance.now();
    if (paced && early > 0) await wait(early);
    return frame;
  };
  for (;;) {
    // While it waits for the next frame nothing is under way, and it counts as held.
    await stream.rest();
    const frame = await next();
    await stream.gate();
    if (frame === null) break;
    await voice.hear(frame);
  }
  // Still this side of the gate: a pause that comes now waits until both results are whole.
  await voice.finish();
  job.finished();
  console.log(`cleaned ${at()}: ${resolve(out, "cleaned.wav")}, ${resolve(out, "segments.jsonl")}`);
  await source.close();
}

/** @returns null if only help is wanted */
function readOptions(): Options | null {
  const { values, positionals } = parse();
  if (values.help) return null;
  const idleSeconds = Number(values["idle-seconds"]);
  const wrong = [
    ...(positionals.length > 1 ? ["more than one INPUT"] : []),
    ...(values.fast && values.follow ? ["--fast and --follow together"] : []),
    ...(idleSeconds > 0 ? [] : ["--idle-seconds must be a number above 0"]),
  ];
  if (wrong.length > 0) throw new Unusable(`${wrong.join("; ")}\n${USAGE}`);
  return {
    input: resolve(positionals[0] ?? "voice-live/input.wav"),
    out: values.out,
    paced: !values.fast && !values.follow,
    following: values.follow ? { idleSeconds } : null,
  };
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        out: { type: "string", default: "voice-live" },
        fast: { type: "boolean", default: false },
        follow: { type: "boolean", default: false },
        "idle-seconds": { type: "string", default: "10" },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new Unusable(`${(error as Error).message}\n${USAGE}`);
  }
}
