/** A stream of frames of 10 ms, as a player or a microphone has them. Each is logged as it passes: `frame <number> <ms since 1970>`. */
import { readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { job } from "../../src/job/index.ts";

const FRAME_MS = 10;

const checkpoint = await job.resume();
let frame: number = checkpoint ? JSON.parse(readFileSync(join(checkpoint.path, "frame.json"), "utf8")) : 0;
job.keep({ position: () => frame, save: (files) => files.json("frame.json", frame) });

const stream = job.stream("sound");
const [first, began] = [frame, performance.now()];
for (;;) {
  await stream.gate();
  writeSync(1, `frame ${frame} ${Date.now()}\n`);
  frame += 1;
  const due = began + stream.heldMs + (frame - first) * FRAME_MS;
  await wait(Math.max(0, due - performance.now()));
}
