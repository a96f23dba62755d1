/**
 * Streams of numbered frames, each written to a file when it has passed the gate. Arguments: folder, frames
 * in a stream (0 = for ever, or as many as its file `last` says), streams, and one of "" (plain), "gate", "stage" (a Web stream),
 * "waits" (its source gives nothing after its frames), "stuck" (the last stream's consumer stops after 5
 * frames), "ends" (the last stream ends when the folder holds `may-end`), "forgets" (keeps no context),
 * "can't save" (until the folder holds a file `may-save`), "saves slowly" (not before it holds that file).
 * FRAME_MS in the environment: how long each frame takes to come.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ReadableStream } from "node:stream/web";
import { setTimeout as wait } from "node:timers/promises";
import { job } from "../../src/job/index.ts";

const [folder = ".", frames = "0", streams = "1", kind = ""] = process.argv.slice(2);
function limit(): number {
  const file = join(folder, "last");
  return Number(frames) || (existsSync(file) ? Number(readFileSync(file, "utf8")) : Number.POSITIVE_INFINITY);
}
mkdirSync(folder, { recursive: true });

const checkpoint = await job.resume();
const next: number[] = checkpoint
  ? JSON.parse(readFileSync(join(checkpoint.path, "next.json"), "utf8"))
  : Array.from({ length: Number(streams) }, () => 0);

if (kind !== "forgets")
  job.keep({
    position: () => next.reduce((sum, at) => sum + at, 0),
    save: async (files) => {
      if (kind === "can't save" && !existsSync(join(folder, "may-save"))) throw new Error("no room for it");
      while (kind === "saves slowly" && !existsSync(join(folder, "may-save"))) await wait(10);
      await files.json("next.json", next);
    },
  });

async function* source(from: number): AsyncGenerator<number> {
  for (let frame = from; frame < limit(); frame++) {
    await wait(Number(process.env.FRAME_MS ?? 1));
    yield frame;
  }
  if (kind === "waits") await new Promise(() => setInterval(() => {}, 1000));
}

function write(stream: number, frame: number): void {
  appendFileSync(join(folder, `out-${stream}`), `${frame}\n`);
  next[stream] = frame + 1;
}

async function run(stream: number): Promise<void> {
  const from = source(next[stream] ?? 0);
  const name = `stream ${stream}`;
  if (kind === "gate" || kind === "ends") {
    const own = job.stream(name);
    if (kind === "ends" && stream === next.length - 1) {
      const looking = setInterval(() => {
        if (!existsSync(join(folder, "may-end"))) return;
        clearInterval(looking);
        own.end();
      }, 20);
    }
    for await (const frame of from) {
      await own.gate();
      write(stream, frame);
    }
    own.end();
    return;
  }
  const passing =
    kind === "stage"
      ? ReadableStream.from(from).pipeThrough(job.pausableStage<number>({ name }))
      : job.pausable(from, { name, source: kind === "waits" ? "waits" : "computes" });
  for await (const frame of passing) {
    write(stream, frame);
    if (kind === "stuck" && stream === next.length - 1 && frame === 5) await new Promise(() => {});
  }
}

await Promise.all(next.map((_, stream) => run(stream)));
console.log(`supervised ${job.supervised}, done`);
