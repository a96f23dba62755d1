/** What the named servers stand for. From their documentation; docs/servers.md tells what each of them loses. */
import type { ServerCalls, ServerCheck, ServerName, ServerRequest } from "./server-schema.ts";

type Preset = { port: number } & Pick<ServerCalls, "release"> &
  Partial<Pick<ServerCalls, "drain" | "released" | "restore" | "ready" | "remainingMiB">>;

const get = (path: string, more: Partial<ServerCheck> = {}): ServerCheck => ({
  method: "GET",
  path,
  ...more,
});
const post = (path: string, body?: unknown): ServerRequest => ({
  method: "POST",
  path,
  ...(body !== undefined && { body }),
});
const sum = (metric: string): ServerCheck => get("/metrics", { metric, equals: 0 });

const PRESETS: Record<ServerName, (model: string) => Preset> = {
  ollama: (model) => ({
    port: 11434,
    release: [post("/api/generate", { model, keep_alive: 0, stream: false })],
    // It names a model without a tag as its latest.
    released: [
      get("/api/ps", {
        json: ["models", { name: model.includes(":") ? model : `${model}:latest` }],
        absent: true,
      }),
    ],
    restore: [post("/api/generate", { model, stream: false })],
    ready: [get("/api/version")],
  }),
  vllm: () => ({
    port: 8000,
    drain: [sum("vllm:num_requests_running"), sum("vllm:num_requests_waiting")],
    release: [post("/sleep?level=1")],
    released: [get("/is_sleeping", { json: ["is_sleeping"], equals: true })],
    restore: [post("/wake_up")],
    ready: [get("/is_sleeping", { json: ["is_sleeping"], equals: false }), get("/health")],
    // A sleeping one was seen to keep 1.1 to 1.2 GB on each card.
    remainingMiB: 1500,
  }),
  sglang: () => ({
    port: 30000,
    drain: [sum("sglang:num_running_reqs"), sum("sglang:num_queue_reqs")],
    release: [post("/release_memory_occupation", {})],
    restore: [post("/resume_memory_occupation", {})],
    ready: [get("/health")],
    remainingMiB: 1500,
  }),
  "llama.cpp": (model) => ({
    port: 8080,
    drain: [
      get(`/slots?model=${encodeURIComponent(model)}`, { json: ["*", "is_processing"], equals: false }),
    ],
    release: [post("/models/unload", { model })],
    released: [get("/models", { json: ["data", { id: model }, "status", "value"], equals: "unloaded" })],
    restore: [post("/models/load", { model })],
    ready: [get("/models", { json: ["data", { id: model }, "status", "value"], equals: "loaded" })],
  }),
  "llama-swap": (model) => ({
    port: 8080,
    release: [post(model === "" ? "/api/models/unload" : `/api/models/unload/${encodeURIComponent(model)}`)],
    released: [
      get(
        "/running",
        model === "" ? { json: ["running"], equals: [] } : { json: ["running", { model }], absent: true },
      ),
    ],
    ready: [get("/running")],
  }),
  comfyui: () => ({
    port: 8188,
    drain: [
      get("/queue", { json: ["queue_running"], equals: [] }),
      get("/queue", { json: ["queue_pending"], equals: [] }),
    ],
    release: [post("/free", { unload_models: true, free_memory: true })],
    ready: [get("/queue")],
    remainingMiB: 1000,
  }),
  "sd-webui": () => ({
    port: 7860,
    drain: [get("/sdapi/v1/progress?skip_current_image=true", { json: ["state", "job_count"], equals: 0 })],
    release: [post("/sdapi/v1/unload-checkpoint", {})],
    restore: [post("/sdapi/v1/reload-checkpoint", {})],
    ready: [get("/sdapi/v1/memory")],
    remainingMiB: 1000,
  }),
  triton: (model) => ({
    port: 8000,
    release: [post(`/v2/repository/models/${encodeURIComponent(model)}/unload`)],
    released: [
      {
        ...get("/v2/repository/index", { json: [{ name: model }], absent: true }),
        method: "POST",
        body: { ready: true },
      },
    ],
    restore: [post(`/v2/repository/models/${encodeURIComponent(model)}/load`)],
    ready: [get(`/v2/models/${encodeURIComponent(model)}/ready`)],
    remainingMiB: 1000,
  }),
};

/** These unload one model, by its name. */
export const NEED_MODEL: readonly string[] = ["ollama", "llama.cpp", "triton"] satisfies ServerName[];

type Written = { [Key in keyof ServerCalls]?: ServerCalls[Key] | undefined } & {
  server?: ServerName | undefined;
  model?: string | undefined;
};

/** The written-out form. */
export function writtenOut({ server, model = "", ...written }: Written): ServerCalls {
  const preset = server === undefined ? undefined : PRESETS[server](model);
  return {
    url: written.url ?? `http://127.0.0.1:${preset?.port ?? 80}`,
    headers: written.headers ?? {},
    drain: written.drain ?? preset?.drain ?? [],
    drainedSeconds: written.drainedSeconds ?? 2,
    release: written.release ?? preset?.release ?? [],
    released: written.released ?? preset?.released ?? [],
    restore: written.restore ?? preset?.restore ?? [],
    ready: written.ready ?? preset?.ready ?? [],
    remainingMiB: written.remainingMiB ?? preset?.remainingMiB ?? 512,
    timeoutSeconds: written.timeoutSeconds ?? 60,
    otherwise: written.otherwise ?? "wait",
  };
}
