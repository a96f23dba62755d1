/**
 * The shape of `supervisor.config.json`: one schema that yields the types, the validation and the
 * published JSON Schema. Names carry their unit. Defaults are here and in the schemas beside it, nowhere else.
 */
import { z } from "zod";
import { EVENT_KINDS } from "../../model/event.ts";
import { GPU_METRICS, MACHINE_METRICS, OURS_IDLE } from "../../model/machine.ts";
import { jobName, positive, seconds } from "./fields.ts";
import { jobSchema } from "./job-schema.ts";
import { energySchema, tariffSchema } from "./tariff-schema.ts";

const METRICS = [...MACHINE_METRICS, ...GPU_METRICS, OURS_IDLE] as const;
const threshold = z
  .strictObject({
    above: z.number().optional().describe("Clear when the reading is above this."),
    below: z.number().optional().describe("Clear when the reading is below this."),
    forSeconds: seconds.default(0).describe("How long it must last before it counts."),
  })
  .refine((t) => (t.above === undefined) !== (t.below === undefined), "exactly one of 'above' and 'below'");

export const ruleSchema = z
  .strictObject({
    name: z.string().min(1).max(120).describe("A sentence fragment: it is shown as the reason of a pause."),
    metric: z.enum(METRICS).describe("What is read: see the table of metrics."),
    programs: z
      .array(z.string().min(1).max(120))
      .min(1)
      .optional()
      .describe('Of "process.running": the programs that count, such as ["blender", "steam*"].'),
    above: z.number().optional().describe("Pressure when the reading is above this."),
    below: z.number().optional().describe("Pressure when the reading is below this."),
    forSeconds: seconds.default(0).describe("How long it must last before it counts."),
    clear: threshold.describe("When the pressure is over: on the other side of a gap, and for how long."),
    action: z
      .enum(["pause", "freeze", "notify"])
      .default("pause")
      .describe(
        "pause: by the job's own method. freeze: stop it where it stands. notify: only tell, as a rule on gpu.ours.idle always does.",
      ),
    severity: z.enum(["normal", "critical"]).default("normal").describe("critical: all victims at once."),
    prefer: z
      .enum(["inference", "training"])
      .optional()
      .describe(
        "Which jobs make room first, whatever their priority: inference (those paused by standby) or training (all others). By priority alone when left out.",
      ),
    jobs: z.array(jobName).optional().describe("Only these jobs; all when left out."),
    countNice: z.boolean().default(true).describe("Whether CPU time of niced processes counts."),
  })
  .refine((r) => (r.above === undefined) !== (r.below === undefined), "exactly one of 'above' and 'below'");

export const windowSchema = z.strictObject({
  name: z.string().min(1).max(64).describe("Shown as the reason of a pause."),
  opens: z.string().describe("Cron expression of five fields: when jobs may start."),
  closes: z.string().describe("Cron expression of five fields: when they are paused."),
  timezone: z.string().optional().describe("IANA name; the system's time zone when left out."),
  jobs: z.array(jobName).optional().describe("The jobs that may run only in it; all when left out."),
});

const balanceSchema = z.strictObject({
  maxPauseOverhead: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.05)
    .describe(
      "Share of a job's time (at work, saving and loading, and paused by rules) that saving and loading may take.",
    ),
  backoffSeconds: positive
    .default(30)
    .describe(
      "Extra wait after the second pause in a row by one rule; doubled each time. A run that has worked so long, and as long as its pause costs, ends the row.",
    ),
  maxBackoffSeconds: positive.default(3600).describe("The back-off grows no longer."),
  calmSeconds: positive
    .default(1800)
    .describe("A back-off is over after so long without a pause by that rule."),
  settleSeconds: seconds.default(10).describe("Time between one resume and the next."),
});

const retentionSchema = z.strictObject({
  samplesFullHours: positive.default(24).describe("Every sample is kept so long; then one a minute."),
  samplesThinnedDays: positive.default(30).describe("One a minute is kept so long; then none."),
  eventsDays: positive
    .optional()
    .describe(
      "Older events are moved to files beside the database; when left out, they stay in it for ever.",
    ),
});

const turnsSchema = z.strictObject({
  requests: z
    .enum(["yield", "tell", "ignore"])
    .default("tell")
    .describe(
      "What happens when another user's supervisor asks for a turn on a GPU (supervisor ask). yield: its job makes room. tell: you are told, and pause it or don't. ignore: nothing.",
    ),
});

const logsSchema = z.strictObject({
  maxMiB: positive.default(64).describe("A job's log that has grown beyond this is set aside."),
  keep: z.int().min(0).max(100).default(3).describe("So many older logs of each job stay."),
});

const metricsSchema = z
  .strictObject({
    file: z
      .string()
      .regex(/\.prom$/, "a file whose name ends in .prom: node_exporter reads no other")
      .optional()
      .describe("A text file for node_exporter's textfile collector, relative to this file."),
    port: z
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .describe(
        "A port on 127.0.0.1, which every user of this machine can read: http://127.0.0.1:PORT/metrics.",
      ),
    everySeconds: positive.min(1).max(3600).default(15).describe("How often the file is written."),
  })
  .refine((m) => m.file !== undefined || m.port !== undefined, "at least one of 'file' and 'port'");

const fromEnvironment = /^env:[A-Za-z_][A-Za-z0-9_]*$/;

const notifySchema = z
  .strictObject({
    on: z
      .array(z.enum(EVENT_KINDS).meta({ title: "kind of event" }))
      .min(1)
      .describe("The kinds of events that are told, as `audit` names them."),
    jobs: z.array(jobName).optional().describe("Only events of these jobs; of all when left out."),
    command: z
      .array(z.string())
      .min(1)
      .optional()
      .describe("argv; no shell. It gets the message on its stdin. With exit code 75 it is run again later."),
    webhook: z
      .string()
      .regex(
        /^(https?:\/\/[^\s?#@]+|env:[A-Za-z_][A-Za-z0-9_]*)$/,
        "an http(s) URL without a secret in it, or env:NAME for one in the environment",
      )
      .optional()
      .describe("Instead of a command: the message is posted there. env:NAME where the URL is a secret."),
    headers: z
      .record(z.string(), z.string().regex(fromEnvironment, "env:NAME, for a value in the environment"))
      .default({})
      .describe('Of the webhook, from the environment: { "Authorization": "env:NAME" }.'),
    format: z
      .enum(["json", "slack", "discord", "ntfy", "text"])
      .default("json")
      .describe(
        "What is sent. json: the event, with `text` for chats. slack, discord: what their webhooks expect; slack suits Mattermost, too. ntfy: for a webhook whose URL ends in the topic. text: a line.",
      ),
    everyMinutes: positive
      .max(10_080)
      .optional()
      .describe(
        "A digest: what has happened is told together, so long after the first of it; each by itself when left out.",
      ),
    timeoutSeconds: positive.max(300).default(10).describe("Longer than this, it has failed."),
  })
  .refine(
    (n) => (n.command === undefined) !== (n.webhook === undefined),
    "exactly one of 'command' and 'webhook'",
  );

const gpuIgnored = ["Xorg", "Xwayland", "gnome-shell", "plasmashell", "firefox", "chrome", "code"];

export const configSchema = z.strictObject({
  $schema: z.string().optional().describe("Where editors find the rules for this file."),
  pollSeconds: z.number().min(0.1).max(60).default(1).describe("Time between two looks at the machine."),
  maxParallel: z
    .int()
    .min(1)
    .optional()
    .describe("How many jobs that ask for no GPU run at once; any number when left out."),
  database: z
    .string()
    .optional()
    .describe(
      "The audit log, relative to this file; supervisor.sqlite in the state directory when left out.",
    ),
  stateDirectory: z
    .string()
    .optional()
    .describe(
      "Socket, logs, checkpoints, status; relative to this file; one of its own for each config below ~/.local/state/gpu-job-supervisor when left out.",
    ),
  others: z
    .strictObject({
      ignore: z
        .array(z.string())
        .default(gpuIgnored)
        .describe("Programs that a desktop always has on its GPU."),
      ignoreGpuBelow: z
        .number()
        .min(0)
        .max(100)
        .default(30)
        .describe("They count as others only from this GPU utilisation on, in percent."),
    })
    .prefault({})
    .describe("Whose use doesn't count as somebody else's."),
  rules: z.array(ruleSchema).optional().describe("When jobs make room; the built-in rules when left out."),
  windows: z
    .array(windowSchema)
    .default([])
    .describe("When jobs may run at all; always, when there are none."),
  saveBeforeSleep: z
    .boolean()
    .default(true)
    .describe(
      "Whether jobs that can save are paused when the system is about to sleep, where systemd-logind tells that.",
    ),
  jobs: z.array(jobSchema).default([]).describe("What is kept going until it has finished."),
  balance: balanceSchema
    .prefault({})
    .describe("How much pausing may cost; paid on resume, never by those who need the machine."),
  turns: turnsSchema.prefault({}).describe("Turns on a GPU, between supervisors of several users."),
  notify: z.array(notifySchema).default([]).describe("Who is told of events, besides the audit log."),
  metrics: metricsSchema.optional().describe("Figures for Prometheus; none when left out."),
  tariff: tariffSchema.optional().describe("What electricity costs, for `supervisor report`."),
  energy: energySchema.prefault({}).describe("How `supervisor report` estimates what no meter tells."),
  logs: logsSchema.prefault({}).describe("How large the jobs' logs may grow."),
  retention: retentionSchema.prefault({}).describe("How long samples and events stay in the database."),
});

export type Rule = z.infer<typeof ruleSchema>;
export type Window = z.infer<typeof windowSchema>;
export type Notify = z.infer<typeof notifySchema>;
export type MetricsSettings = z.infer<typeof metricsSchema>;
export type ConfigFile = z.infer<typeof configSchema>;

/** A checked config with every default filled in and every path absolute. */
export interface Config extends ConfigFile {
  rules: Rule[];
  database: string;
  stateDirectory: string;
  /** The file it came from; null for the built-in defaults. */
  file: string | null;
  /** Whose supervisor it is: the real path of that file, or "user" for the user's own. */
  project: string;
  /** The base of relative paths. */
  directory: string;
}
