/**
 * A small server that speaks the documented calls of one named inference server, and holds memory on the fake GPU
 * as long as its model is loaded. Its traps are those that the real ones were reported for; POST /trap sets one.
 *
 * node inference-server.ts KIND PORT MIB REMAINDER
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

const [kind = "", port = "0", holds = "8000", keeps = "0"] = process.argv.slice(2);
const GPU_FILE = process.env.FAKE_NVML_FILE ?? "";
const BASE_MIB = 500;

/** What it does when it is asked to release; null: as documented. */
type Trap = null | "crash" | "flag only" | "hang" | "late" | "password" | "deaf" | "won't come back";
let trap: Trap = null;
let loaded = true;
let flagged = false;
let inFlight = 0;
const asked: string[] = [];

/** Its line in the driver's list, and the memory used. */
function show(): void {
  const memory = loaded ? Number(holds) : Number(keeps);
  const lines = readFileSync(GPU_FILE, "utf8").split("\n").filter(Boolean);
  const others = lines.filter(
    (line) => line.startsWith("process ") && !line.startsWith(`process 0 ${process.pid} `),
  );
  const all = [...others, ...(memory > 0 ? [`process 0 ${process.pid} memory=${memory} sm=0`] : [])];
  const used = all.reduce((sum, line) => sum + Number(/memory=(\d+)/.exec(line)?.[1] ?? 0), BASE_MIB);
  const next = `${GPU_FILE}.${process.pid}`;
  writeFileSync(next, `${[`gpu 0 util=0 used=${used}`, ...all].join("\n")}\n`);
  renameSync(next, GPU_FILE);
}

function load(now: boolean): void {
  loaded = now;
  show();
}

interface Answer {
  status?: number;
  body?: unknown;
  text?: string;
}

const model = { name: "tiny:latest", size_vram: Number(holds) };
const metrics = (prefix: string, running: string, waiting: string): Answer => ({
  text: `# TYPE ${prefix}${running} gauge\n${prefix}${running}{model_name="tiny"} ${inFlight}.0\n${prefix}${waiting}{model_name="tiny"} 0.0\n`,
});

type Calls = Record<string, (body: Record<string, unknown>) => Answer | Promise<Answer>>;
const ok: Answer = { body: {} };
const reloads = (): Answer => {
  if (trap !== "won't come back") load(true);
  return ok;
};

const KINDS: Record<string, Calls> = {
  ollama: {
    "POST /api/generate": (body) => {
      if (body.keep_alive === 0)
        return release({ body: { model: body.model, done: true, done_reason: "unload" } });
      load(true);
      return { body: { model: body.model, done: true, done_reason: "load" } };
    },
    "GET /api/ps": () => ({ body: { models: loaded ? [model] : [] } }),
    "GET /api/version": () => ({ body: { version: "0" } }),
  },
  vllm: {
    "GET /metrics": () => metrics("vllm:", "num_requests_running", "num_requests_waiting"),
    "POST /sleep": () => release({ status: 200 }),
    "POST /wake_up": reloads,
    "GET /is_sleeping": () => ({ body: { is_sleeping: !loaded || flagged } }),
    "GET /health": () => ({ status: loaded ? 200 : 503 }),
  },
  sglang: {
    "GET /metrics": () => metrics("sglang:", "num_running_reqs", "num_queue_reqs"),
    "POST /release_memory_occupation": () => release({ status: 200 }),
    "POST /resume_memory_occupation": reloads,
    "GET /health": () => ({ status: 200 }),
  },
  "llama.cpp": {
    "GET /slots": () => ({
      body: [
        { id: 0, is_processing: false },
        { id: 1, is_processing: inFlight > 0 },
      ],
    }),
    "POST /models/unload": () => release({ body: { success: true } }),
    "POST /models/load": reloads,
    "GET /models": () => ({
      body: { data: [{ id: "tiny", status: { value: loaded ? "loaded" : "unloaded" } }] },
    }),
  },
  "llama-swap": {
    "POST /api/models/unload/tiny": () => release({ text: "OK" }),
    "GET /running": () => ({ body: { running: loaded ? [{ model: "tiny", state: "ready" }] : [] } }),
  },
  comfyui: {
    "GET /queue": () => ({ body: { queue_running: Array(inFlight).fill([0, "prompt"]), queue_pending: [] } }),
    "POST /free": () => release({ status: 200 }),
  },
  "sd-webui": {
    "GET /sdapi/v1/progress": () => ({ body: { progress: 0, state: { job_count: inFlight } } }),
    "POST /sdapi/v1/unload-checkpoint": () => release(ok),
    "POST /sdapi/v1/reload-checkpoint": reloads,
    "GET /sdapi/v1/memory": () => ({ body: { ram: {}, cuda: {} } }),
  },
  triton: {
    "POST /v2/repository/models/tiny/unload": () => release({ status: 200 }),
    "POST /v2/repository/models/tiny/load": reloads,
    "POST /v2/repository/index": () => ({ body: loaded ? [{ name: "tiny", state: "READY" }] : [] }),
    "GET /v2/models/tiny/ready": () => ({ status: loaded ? 200 : 400 }),
  },
};

/** The documented answer, or what the trap makes of it. */
async function release(answer: Answer): Promise<Answer> {
  switch (trap) {
    case "crash":
      setTimeout(() => {
        // What a dead process held is given back by the driver.
        load(false);
        process.exit(1);
      }, 200);
      return answer;
    case "flag only":
      flagged = true;
      return answer;
    case "hang":
      return new Promise(() => {});
    case "late":
      setTimeout(() => load(false), 4000);
      return new Promise(() => {});
    default:
      if (trap !== "deaf") load(false);
      return answer;
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = "";
  for await (const part of request) text += String(part);
  return text === "" ? {} : JSON.parse(text);
}

async function answer(request: IncomingMessage): Promise<Answer> {
  const path = new URL(request.url ?? "/", "http://x").pathname;
  const call = `${request.method} ${path}`;
  const body = await bodyOf(request);
  // What a test asks of it, beside what the server speaks.
  if (call === "POST /trap") trap = body.trap as Trap;
  if (call === "POST /in-flight") inFlight = Number(body.count);
  if (call === "POST /client") load(true);
  if (call === "POST /free-now") load(false);
  if (call === "GET /asked") return { body: asked };
  if (["/trap", "/in-flight", "/client", "/free-now"].includes(path)) return ok;
  asked.push(call);
  if (trap === "password" && request.headers.authorization !== "Bearer opensesame") return { status: 401 };
  const known = KINDS[kind]?.[call];
  return known === undefined ? { status: 404 } : known(body);
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status = 200, body, text } = await answer(request);
  response.writeHead(status).end(text ?? (body === undefined ? "" : JSON.stringify(body)));
}

createServer((request, response) => void serve(request, response)).listen(Number(port), "127.0.0.1", () => {
  show();
});
