/**
 * Serves a small language model over HTTP, and keeps its socket while it is held: the answer under way is
 * finished, and what comes meanwhile waits, for a while. Runs without a supervisor too: `node jobs/serve/main.ts`.
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { job } from "gpu-job-supervisor/job";
import { documentation, Letters } from "./letters.ts";
import { Requests, send, type Wish } from "./requests.ts";

const USAGE = `node jobs/serve/main.ts [--port 8123] [--wait-seconds 10]
  --port           of 127.0.0.1; 0: any that is free
  --wait-seconds   a request that has waited for so long is answered 503, with Retry-After`;
const MOST_LETTERS = 5000;
const SILENT_MS = 2000;

const checkpoint = await job.resume();
let answered: number = checkpoint
  ? JSON.parse(readFileSync(join(checkpoint.path, "served.json"), "utf8")).answered
  : 0;
const options = readOptions();
if (options === null) {
  console.error(USAGE);
  process.exitCode = 2;
} else await serve(options);

async function serve({ port, waitSeconds }: { port: number; waitSeconds: number }): Promise<void> {
  const model = new Letters(documentation());
  const stream = job.stream("requests", { source: "waits" });
  const requests = new Requests(waitSeconds, () => stream.held);
  let at = port;
  const server = createServer((request, response) => {
    const wish = wishIn(request);
    if (wish === null) {
      const { held } = stream;
      void send(response, 200, `${JSON.stringify({ answered, waiting: requests.count, held })}\n`);
    } else if (typeof wish === "string") void send(response, 400, `${wish}\n`);
    else requests.add(wish, response);
  });
  server.on("error", (error) => {
    console.error(`can't listen on port ${port}: ${error.message}`);
    process.exit(2);
  });
  server.listen(port, "127.0.0.1", () => {
    at = (server.address() as AddressInfo).port;
    console.log(`http://127.0.0.1:${at}/complete?prompt=A+pause`);
  });
  job.keep({
    position: () => answered,
    save: async (files) => {
      // It is about to exit: with `checkpoint.everyMinutes: 0` a context is saved for nothing else.
      await requests.leave();
      await closed(server);
      await files.json("served.json", { answered });
    },
  });
  for (;;) {
    // While nobody asks nothing is under way, and it counts as held.
    await stream.rest();
    await requests.some();
    await stream.gate();
    // Its context couldn't be saved, and it goes on.
    if (!server.listening) server.listen(at, "127.0.0.1");
    const next = requests.take();
    if (next === null) continue;
    const { prompt, letters, seed } = next.wish;
    await send(next.response, 200, model.continuation(prompt, letters, seed));
    answered += 1;
  }
}

/**
 * Resolves when nobody can come any more and all who came have their answer: an exit would break off what is under
 * way. One that has connected and asks nothing isn't waited for.
 */
async function closed(server: Server): Promise<void> {
  // What has connected by now is accepted first.
  await new Promise((turn) => setImmediate(turn));
  const timer = setTimeout(() => server.closeAllConnections(), SILENT_MS);
  await new Promise((done) => server.close(done));
  clearTimeout(timer);
}

/** What `/complete` is asked for, or what is wrong with that; null for any other path. */
function wishIn({ url = "/" }: IncomingMessage): Wish | string | null {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  if (pathname !== "/complete") return null;
  const prompt = searchParams.get("prompt") ?? "";
  const letters = Number(searchParams.get("letters") ?? 200);
  const seed = Number(searchParams.get("seed") ?? 1);
  const wrong = [
    ...(Number.isInteger(letters) && letters >= 1 && letters <= MOST_LETTERS
      ? []
      : [`letters must be a whole number from 1 to ${MOST_LETTERS}`]),
    ...(Number.isSafeInteger(seed) ? [] : ["seed must be a whole number"]),
  ];
  return wrong.length > 0 ? wrong.join("; ") : { prompt, letters, seed };
}

function readOptions(): { port: number; waitSeconds: number } | null {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: "string", default: "8123" },
        "wait-seconds": { type: "string", default: "10" },
      },
    });
    const [port, waitSeconds] = [Number(values.port), Number(values["wait-seconds"])];
    return Number.isInteger(port) && port >= 0 && port < 65_536 && waitSeconds > 0
      ? { port, waitSeconds }
      : null;
  } catch {
    return null;
  }
}
