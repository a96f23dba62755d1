/**
 * What is asked of a server that isn't ours to change: the keys of `pause` with `"method": "http"`. A named
 * server stands for all of them (`server-presets.ts`); whatever is written beside it wins.
 */
import { z } from "zod";

export const SERVERS = [
  "ollama",
  "vllm",
  "sglang",
  "llama.cpp",
  "llama-swap",
  "comfyui",
  "sd-webui",
  "triton",
] as const;

const ask = {
  path: z
    .string()
    .regex(/^\/[^\s#]*$/, "a path that begins with '/'")
    .describe("Below 'url', with its query."),
  body: z.unknown().optional().describe("Sent as JSON."),
  status: z
    .int()
    .min(200)
    .max(599)
    .optional()
    .describe("The status of a good answer; 200 to 299 when left out."),
};

const requestSchema = z.strictObject({
  method: z.enum(["POST", "GET", "PUT", "DELETE"]).default("POST").describe("Of the request."),
  ...ask,
});

const place = z.union([z.string(), z.int().min(0), z.record(z.string(), z.string())]);

const checkSchema = z.strictObject({
  method: z.enum(["GET", "POST"]).default("GET").describe("Of the request."),
  ...ask,
  json: z
    .array(place)
    .optional()
    .describe(
      'The way to a value in the answer: names, positions, "*" for every element, { "name": "M" } for the element that has it.',
    ),
  metric: z
    .string()
    .min(1)
    .optional()
    .describe("Instead of 'json': a name in Prometheus text; its values are added up."),
  equals: z.unknown().optional().describe("What the value has to be."),
  absent: z.literal(true).optional().describe("Instead of 'equals': the last place of 'json' isn't there."),
});

/** Of `pause`; none of them means anything to another method. */
export const serverKeys = {
  server: z.enum(SERVERS).optional().describe("Short for the keys below, as this server needs them."),
  model: z.string().min(1).optional().describe("The model that a named server unloads and loads."),
  url: z
    .string()
    .regex(/^https?:\/\/[^\s?#@]+$/, "an http(s) URL without a secret, a query or a fragment in it")
    .optional()
    .describe("Where the server listens; the named server's own port on this machine when left out."),
  remote: z.boolean().optional().describe("Whether 'url' may be on another machine."),
  headers: z
    .record(
      z.string(),
      z.string().regex(/^env:[A-Za-z_][A-Za-z0-9_]*$/, "env:NAME, for a value in the environment"),
    )
    .optional()
    .describe('Of every request, from the environment: { "Authorization": "env:NAME" }.'),
  drain: z
    .array(checkSchema)
    .optional()
    .describe("All of these hold while no request is under way; nothing is released before."),
  drainedSeconds: z.number().min(0).optional().describe("How long 'drain' has to hold; 2 when left out."),
  release: z
    .array(requestSchema)
    .optional()
    .describe("Sent one after the other to have the memory given back."),
  released: z
    .array(checkSchema)
    .optional()
    .describe("All of these hold once it is given back; believed only where the GPU can't be read."),
  restore: z
    .array(requestSchema)
    .optional()
    .describe("Sent one after the other to have the model loaded again."),
  ready: z.array(checkSchema).optional().describe("All of these hold once it serves again."),
  remainingMiB: z
    .number()
    .min(0)
    .optional()
    .describe("What it may keep on each of its GPUs and still count as released; 512 when left out."),
  timeoutSeconds: z
    .number()
    .positive()
    .max(3600)
    .optional()
    .describe("For each request, and from the release to the memory being seen free; 60 when left out."),
  otherwise: z
    .enum(["wait", "freeze", "checkpoint"])
    .optional()
    .describe(
      "When the memory wasn't given back in time. wait: it stays on standby, is told, and asked again. freeze: its processes are stopped. checkpoint: its pause signal is sent, then 'onTimeout'.",
    ),
};

export type ServerRequest = z.infer<typeof requestSchema>;
export type ServerCheck = z.infer<typeof checkSchema>;
export type ServerName = (typeof SERVERS)[number];

/** The written-out form: everything that a named server stands for. */
export interface ServerCalls {
  url: string;
  headers: Record<string, string>;
  drain: ServerCheck[];
  drainedSeconds: number;
  release: ServerRequest[];
  released: ServerCheck[];
  restore: ServerRequest[];
  ready: ServerCheck[];
  remainingMiB: number;
  timeoutSeconds: number;
  otherwise: "wait" | "freeze" | "checkpoint";
}
