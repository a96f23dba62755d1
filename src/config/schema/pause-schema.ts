/** How a job of `supervisor.config.json` makes room, and where what it saves is kept. */
import { z } from "zod";
import { positive } from "./fields.ts";
import { writtenOut } from "./server-presets.ts";
import { type ServerCalls, serverKeys } from "./server-schema.ts";

const signalName = z.enum(["SIGUSR2", "SIGUSR1", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"]);

const pauseKeys = z.strictObject({
  method: z
    .enum(["auto", "checkpoint", "standby", "freeze", "park", "http"])
    .default("auto")
    .describe(
      "auto: by checkpoint where a library reports, a manifest was left, or 'glob', 'signal' or 'exitCodes' is written; else freeze, or park where VRAM is needed and doctor --try-park has seen that work. park: frozen, with its VRAM moved into host memory (NVIDIA, driver 580). http: a server is asked to release its memory.",
    ),
  signal: signalName
    .optional()
    .describe(
      "What asks a job without a library to save and exit; without it or 'exitCodes', none is sent. Libraries listen for SIGUSR2 unless it is written.",
    ),
  target: z
    .string()
    .regex(/^(main|child:.+)$/, "'main' or 'child:<part of its command line>'")
    .default("main")
    .describe("Who gets the signal, for jobs without a library: main, or child:<part of its command line>."),
  exitCodes: z
    .array(z.int().min(0).max(255))
    .default([])
    .describe("Exit codes besides 75 that mean paused, after a request and with a checkpoint newer than it."),
  graceSeconds: z
    .union([z.literal("auto"), positive])
    .default("auto")
    .describe(
      "How long a job may take to save. auto: three times the slowest of its last nine saves, at least 120.",
    ),
  onTimeout: z
    .enum(["wait", "freeze", "terminate", "kill"])
    .default("wait")
    .describe("When the grace has run out. wait: force nothing, and say so. kill loses what isn't saved."),
  ...serverKeys,
});

/** `calls`: what is asked of its server, written out; of `"method": "http"` alone. */
export const pauseSchema = pauseKeys.transform((pause): typeof pause & { calls?: ServerCalls } =>
  pause.method === "http" ? { ...pause, calls: writtenOut(pause) } : pause,
);

export const checkpointSchema = z.strictObject({
  everyMinutes: z
    .number()
    .min(0)
    .default(30)
    .describe("How often a job with a library checkpoints by itself; 0: only when it is paused."),
  keep: z.int().min(1).default(3).describe("How many of the newest checkpoints are kept."),
  glob: z
    .string()
    .optional()
    .describe(
      "Where a third-party job leaves its checkpoints, relative to cwd; '~/' is home. Without 'signal' or 'exitCodes' it is ended after its next one.",
    ),
  adoptExisting: z
    .boolean()
    .default(false)
    .describe(
      "Whether files that match 'glob' and were there before the job's first run are its checkpoints.",
    ),
});

export const standbySchema = z.strictObject({
  releaseAfterMinutes: z
    .union([z.literal("never"), z.number().min(0)])
    .default(10)
    .describe("How long a job on standby keeps its memory before its context is saved and its run ends."),
});

export const parkSchema = z.strictObject({
  reserveMiB: z
    .number()
    .min(0)
    .default(2048)
    .describe("Host memory that must stay free beside the job's VRAM; else it is frozen with it."),
});

export const backupSchema = z.strictObject({
  to: z
    .string()
    .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:\/[^\0]*)?$/, "s3://bucket or s3://bucket/folder")
    .describe("Where checkpoints are stored: s3://bucket/folder; the job's name is added."),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("The server, for stores other than AWS, as https://s3.example.org."),
  region: z.string().min(1).optional().describe("As AWS_REGION when left out; us-east-1 with an 'endpoint'."),
  pathStyle: z
    .boolean()
    .default(false)
    .describe("Whether the bucket's name comes after the server's, as most self-hosted stores need."),
  keep: z.int().min(1).default(3).describe("How many of the newest backups are kept."),
  maxMiBPerSecond: positive
    .optional()
    .describe("Highest rate of an upload; as fast as it goes when left out."),
  partMiB: z.int().min(5).max(512).default(16).describe("Larger files are sent in parts of this size."),
});
