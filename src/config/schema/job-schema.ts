/** One job of `supervisor.config.json`, as also accepted by `supervisor run` and the control socket. */
import { z } from "zod";
import { ENGINES } from "../../files/container-command.ts";
import { jobName, positive } from "./fields.ts";
import { backupSchema, checkpointSchema, parkSchema, pauseSchema, standbySchema } from "./pause-schema.ts";

const restartSchema = z.strictObject({
  onFailure: z
    .boolean()
    .default(true)
    .describe("Whether a failed job is started again from its last checkpoint."),
  maxRetries: z
    .int()
    .min(0)
    .default(3)
    .describe("Failures in a row without progress before it stays failed."),
  backoffSeconds: positive
    .default(10)
    .describe("Doubled with every failure in a row, up to an hour. One of more than an hour isn't doubled."),
  deadRankSeconds: positive
    .default(60)
    .describe(
      "When one of several ranks has died and the others go on, the run is ended after so long, unless its launcher has started the rank again.",
    ),
});

const executorSchema = z.strictObject({
  kind: z
    .enum(["local", "slurm"])
    .describe("local: this machine. slurm: the cluster that sbatch, squeue, scontrol and scancel speak to."),
  partition: z.string().min(1).optional().describe("The cluster's default when left out."),
  nodes: z.int().min(1).default(1).describe("How many nodes it gets."),
  ntasksPerNode: z
    .int()
    .min(1)
    .default(1)
    .describe("How many copies of the command run on each node; each is told its RANK and WORLD_SIZE."),
  gres: z.string().min(1).optional().describe("What it needs on each node, as Slurm writes it: 'gpu:4'."),
  timeMinutes: z
    .int()
    .min(1)
    .optional()
    .describe("Slurm's time limit for one run; it is paused and resumed ahead of that."),
  options: z.array(z.string()).default([]).describe("More options of sbatch, one word each: '--account=ml'."),
});

const containerSchema = z.strictObject({
  engine: z.enum(ENGINES).describe("Whose client starts it: podman or docker."),
  image: z
    .string()
    .min(1)
    .describe("What the container is made of; with '--rootfs' among the options, a folder."),
  options: z
    .array(z.string())
    .default([])
    .describe("More options of the engine's 'run', one word each: '--volume=/data:/data:ro'."),
});

export const jobSchema = z.strictObject({
  name: jobName.describe("Names the job in commands, folders and the audit log."),
  command: z
    .array(z.string())
    .min(1)
    .default([])
    .describe("argv; no shell. 'node' is the supervisor's own Node. Required, except of a service."),
  service: z
    .boolean()
    .optional()
    .describe(
      "It is a server that somebody else starts and ends: it is only asked, by its 'pause', to release its memory and to reload it.",
    ),
  resumeArgs: z.array(z.string()).default([]).describe("Added on a resume; {checkpoint} is its path."),
  cwd: z.string().optional().describe("Relative to this file; this file's folder when left out."),
  env: z
    .record(z.string(), z.string())
    .default({})
    .describe("Added to the supervisor's own environment; of a job added by `run`, to its shell's."),
  envFile: z
    .string()
    .optional()
    .describe("A file of NAME=value lines, for secrets; 'env' wins. Relative to this file."),
  python: z.string().optional().describe("The interpreter for a command that starts with 'python'."),
  gpus: z
    .int()
    .min(0)
    .optional()
    .describe("How many GPUs it is to be placed on; one, where there is one, when left out. 0: none."),
  gpuIds: z
    .array(z.union([z.int().min(0), z.string()]))
    .optional()
    .describe("These GPUs, by index or UUID, instead of a count."),
  gpuNames: z
    .enum(["uuid", "index"])
    .optional()
    .describe("How it is told NVIDIA's GPUs. index: by number, for a program that can't read UUIDs."),
  gpuMemoryMiB: positive.optional().describe("What it needs on each GPU; as last seen when left out."),
  shareGpu: z
    .boolean()
    .optional()
    .describe("May run on one GPU beside other jobs of this supervisor that may, too."),
  yieldTo: z
    .array(z.string())
    .optional()
    .describe("Users whose request for a turn on its GPU is granted, whatever 'turns' says."),
  after: z
    .array(jobName)
    .optional()
    .describe("Jobs that must have finished before its first run; one that fails is waited for."),
  afterAny: z.array(jobName).optional().describe("The same for jobs that must have ended, however that was."),
  notBefore: z
    .string()
    .regex(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/,
      "a date with a time, such as 2026-11-29T22:00",
    )
    .optional()
    .describe("Its first run doesn't begin before this moment: 2026-11-29T22:00, in the system's time zone."),
  timeLimitMinutes: positive
    .optional()
    .describe(
      "How long its runs may work in total; then it saves and ends for good. No limit when left out.",
    ),
  priority: z.int().default(0).describe("Higher matters more: paused last, resumed first."),
  pause: pauseSchema.prefault({}).describe("How it is asked to make room."),
  leftovers: z
    .enum(["end", "leave", "wait"])
    .default("end")
    .describe(
      "Processes of a run that outlive its first. end: SIGTERM after 10 s, SIGKILL after 30 more, once it has said that it is over; until then wait. leave: they don't count. wait: it isn't over until they are gone.",
    ),
  checkpoint: checkpointSchema.prefault({}).describe("What it saves, and how often."),
  backup: backupSchema
    .optional()
    .describe("Verified checkpoints are copied to S3-compatible storage. Secrets come from the environment."),
  standby: standbySchema.prefault({}).describe("Of a job that is paused by standby."),
  park: parkSchema.prefault({}).describe("Of a job that is paused by park."),
  restart: restartSchema.prefault({}).describe("What happens when it fails."),
  container: containerSchema
    .optional()
    .describe(
      "The container in which 'command' runs; also a command 'podman run …' or 'docker run …' is one.",
    ),
  executor: executorSchema.optional().describe("Where it runs; on this machine when left out."),
});

export type JobSpec = z.infer<typeof jobSchema>;

/** What a job asks of Slurm. */
export type SlurmSpec = z.infer<typeof executorSchema>;
