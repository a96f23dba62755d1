/** Hand-made moments of a machine, as a supervisor would publish them. All times hang on `AT`. */
import { ruleSchema } from "../../src/config/schema/schema.ts";
import { type JobView, type RuleView, SCHEMA_VERSION, type Snapshot } from "../../src/control/protocol.ts";
import type { AuditEvent, EventKind } from "../../src/model/event.ts";
import { learnedSummary } from "../../src/model/learned.ts";
import {
  GPU_METRICS,
  type GpuSample,
  MACHINE_METRICS,
  type MachineMetric,
  type Reading,
} from "../../src/model/machine.ts";
import type { Why } from "../../src/model/why.ts";
import { worded } from "../../src/words/sentences/why/why.ts";

/** What is drawn is in local time. */
process.env.TZ = "UTC";

/** Tuesday 24 November 2026, 14:02:19 UTC. */
export const AT = Date.UTC(2026, 10, 24, 14, 2, 19);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const read = (value: number, upTo?: number): Reading =>
  upTo === undefined ? { value, atMs: 1000 } : { value, upTo, atMs: 1000 };

const MACHINE: Record<MachineMetric, Reading> = {
  "cpu.total": read(52),
  "cpu.others": read(4),
  "memory.availableMiB": read(20_582),
  "memory.availablePercent": read(64.2),
  "memory.othersMiB": read(9318),
  "swap.usedMiB": read(0),
  "pressure.cpu.some": read(0.4),
  "pressure.cpu.full": read(0),
  "pressure.memory.some": read(0),
  "pressure.memory.full": read(0),
  "pressure.io.some": read(1.2),
  "pressure.io.full": read(0.3),
  "disk.freeMiB": read(217_088),
  "battery.percent": { unavailable: "this machine has no battery" },
  "slurm.pendingOthers": { unavailable: "no job runs on Slurm" },
  "slurm.idleNodes": { unavailable: "no job runs on Slurm" },
  "slurm.othersPercent": { unavailable: "no job runs on Slurm" },
  "process.running": { unavailable: "no rule names programs" },
};

const rule = (input: object, firm: "pressure" | "clear" = "clear", gpu: string | null = null): RuleView => ({
  rule: ruleSchema.parse(input),
  gpu,
  firm,
  sinceMs: AT - HOUR,
  lastValue: null,
  unavailable: null,
});

const CPU_RULE = {
  name: "somebody else computes on the CPU",
  metric: "cpu.others",
  above: 60,
  forSeconds: 10,
  clear: { below: 30, forSeconds: 30 },
};
const MEMORY_RULE = {
  name: "host memory nearly gone",
  metric: "memory.availablePercent",
  below: 5,
  forSeconds: 2,
  clear: { above: 15, forSeconds: 60 },
  severity: "critical",
};
const GPU_RULES = [
  {
    name: "somebody else computes on the GPU",
    metric: "gpu.others.utilization",
    above: 25,
    forSeconds: 8,
    clear: { below: 10, forSeconds: 300 },
  },
  {
    name: "GPU too hot",
    metric: "gpu.temperature",
    above: 90,
    forSeconds: 30,
    clear: { below: 75, forSeconds: 60 },
    action: "freeze",
  },
];

/** `why` follows from the rest, as far as it isn't given. */
export function job(
  name: string,
  { why, ...more }: Partial<Omit<JobView, "why">> & { why?: Partial<Why> } = {},
): JobView {
  // A pause has saved all that it had done.
  const saved = more.state === "paused" ? (more.progress?.step ?? 37_210) : 37_000;
  const view = {
    name,
    state: "running",
    sinceMs: AT - 3 * HOUR - 12 * MINUTE,
    priority: 10,
    origin: "config",
    command: ["node", "jobs/voice-train/main.js", "--epochs", "40"],
    run: 3,
    runId: `${name}-3`,
    pid: 4711,
    slurm: null,
    method: "checkpoint",
    progress: {
      step: 37_210,
      totalSteps: 60_000,
      epoch: 24,
      metrics: { loss: 0.3124, accuracy: 0.912 },
      reports: "running",
      advancedAtMs: AT - 400,
    },
    checkpoint: {
      path: `/state/jobs/${name}/checkpoints/step-${String(saved).padStart(8, "0")}`,
      step: saved,
      epoch: 24,
      bytes: 1_181_116_006,
      createdAtMs: AT - 11 * MINUTE,
      verified: "full",
    },
    gpus: [],
    stepped: true,
    resumedAtStep: 36_000,
    use: { cpuPercent: read(48), memoryMiB: read(2150), processes: 3 },
    stepsPerSecond: 4.2,
    pausedBy: null,
    overdue: null,
    stalledSinceMs: null,
    manual: null,
    learned: learnedSummary({
      saveMs: { count: 14, recent: [7800, 9100, 7600] },
      leaveMs: { count: 14, recent: [900, 1000, 800] },
      reloadMs: { count: 15, recent: [4100, 4300, 4000] },
      memoryMiB: { count: 61, recent: [2150, 2140, 2150] },
      cpuPercent: { count: 61, recent: [48, 47, 48] },
    }),
    balance: { backoff: {}, productiveMs: 40 * HOUR, overheadMs: 46 * MINUTE },
    exitCode: null,
    logPath: `/state/logs/${name}.log`,
    ...more,
  } satisfies Omit<JobView, "why">;
  const { state, sinceMs, stalledSinceMs: stalled } = view;
  const facts = { job: name, state, sinceMs, ...(stalled !== null && { stalledSinceMs: stalled }) };
  return { ...view, why: worded({ ...facts, waitingFor: [], next: null, ...why }, AT) };
}

let lastId = 0;
export function event(
  time: string,
  kind: EventKind,
  about: string | null,
  reason: string,
  actor: AuditEvent["actor"] = "supervisor",
): AuditEvent {
  lastId += 1;
  const at = `2026-11-24T${time}.000+00:00`;
  return {
    id: lastId,
    at,
    kind,
    job: about,
    run: about === null ? null : 3,
    actor,
    reason,
    hash: `${lastId}`,
  };
}

export function snapshot(more: Partial<Snapshot> = {}): Snapshot {
  return {
    schemaVersion: SCHEMA_VERSION,
    atMs: AT,
    supervisor: {
      pid: 4242,
      version: "0.1.0",
      startedAtMs: AT - 76 * HOUR,
      host: "box",
      configFile: "/home/ana/tts/supervisor.config.json",
      database: "/home/ana/tts/db/supervisor.sqlite",
      pollSeconds: 1,
      stopping: false,
      warnings: [],
    },
    machine: MACHINE,
    gpus: [],
    gpusUnavailable: "no NVIDIA driver is loaded",
    foreign: [],
    rules: [rule(CPU_RULE), rule(MEMORY_RULE)],
    windows: [],
    jobs: [],
    events: [],
    ...more,
  };
}

const NEEDED = "Other programs use 71 % of the CPU (game.exe, pid 8812, ana), above 60 % for 10 s.";
const AT_TEN = AT + 7 * HOUR + 57 * MINUTE + 41_000;

/** A quiet machine with one training job. */
export const quiet = (): Snapshot =>
  snapshot({
    jobs: [
      job("voice-train", {
        why: {
          next: { what: "window-closes", window: "off-peak", atMs: AT + 4 * HOUR + 57 * MINUTE + 41_000 },
        },
      }),
    ],
    events: [
      event(
        "10:50:02",
        "supervisor.started",
        null,
        "Supervisor 0.1.0 started with supervisor.config.json (pid 4242).",
      ),
      event("10:50:02", "job.started", "voice-train", "Nothing stands in its way."),
      event(
        "13:51:19",
        "checkpoint.verified",
        "voice-train",
        "Checkpoint of step 37,000 is there: 1.1 GiB, verified.",
      ),
    ],
  });

/** Others need the CPU: one job paused with evidence, one pausing, one waiting for its window. */
export const busy = (): Snapshot => {
  const game = {
    pid: 8812,
    startTime: 991,
    user: "ana",
    command: "/opt/games/game.exe -fullscreen",
    cpuPercent: 71,
  };
  return snapshot({
    machine: {
      ...MACHINE,
      "cpu.total": read(94),
      "cpu.others": read(71, 74),
      "pressure.cpu.some": read(38.2),
      "pressure.io.some": read(0),
    },
    foreign: [game],
    rules: [rule(CPU_RULE, "pressure"), rule(MEMORY_RULE)],
    jobs: [
      job("voice-train", {
        state: "paused",
        sinceMs: AT - 12 * MINUTE,
        use: null,
        pid: null,
        stepsPerSecond: null,
        pausedBy: NEEDED,
        why: {
          cause: { actor: `rule:${CPU_RULE.name}`, reason: NEEDED },
          waitingFor: [
            {
              code: "rule",
              text: `other programs use 26 % of the CPU; rule '${CPU_RULE.name}' clears once it stays below 30 % for 30 s`,
              rule: CPU_RULE.name,
              processes: [game],
              untilMs: AT + 20_000,
            },
            {
              code: "back-off",
              text: `rule '${CPU_RULE.name}' has paused it 3 times in a row: it waits 20 min longer, until 14:10`,
              untilMs: AT + 8 * MINUTE,
            },
          ],
          next: { what: "may-go-on", atMs: AT + 8 * MINUTE },
        },
      }),
      job("asr-finetune", {
        state: "pausing",
        sinceMs: AT - 8000,
        progress: {
          step: 912,
          totalSteps: 4000,
          epoch: 1,
          metrics: { loss: 2.417 },
          reports: "saving",
          advancedAtMs: AT - 8000,
        },
        use: { cpuPercent: read(21), memoryMiB: read(18_637), processes: 9 },
        stepsPerSecond: null,
        pausedBy: NEEDED,
        why: {
          cause: { actor: `rule:${CPU_RULE.name}`, reason: NEEDED },
          next: { what: "grace-ends", atMs: AT + 112_000 },
        },
      }),
      job("vocoder", {
        state: "waiting",
        sinceMs: AT - 5 * HOUR,
        run: null,
        pid: null,
        progress: null,
        checkpoint: null,
        use: null,
        stepsPerSecond: null,
        why: {
          waitingFor: [{ code: "window", text: "window 'off-peak' opens at 22:00", untilMs: AT_TEN }],
          next: { what: "window-opens", atMs: AT_TEN },
        },
      }),
    ],
    events: [
      event("13:50:09", "rule.pressure", null, "Other programs use 71 % of the CPU, above 60 % for 10 s."),
      event("13:50:09", "pause.requested", "voice-train", NEEDED, "rule:somebody else computes on the CPU"),
      event(
        "13:50:17",
        "checkpoint.verified",
        "voice-train",
        "Checkpoint of step 37,210 is there: 1.1 GiB, verified.",
      ),
      event(
        "13:50:19",
        "pause.completed",
        "voice-train",
        "Paused: step 37,210 saved (1.1 GiB, verified), gone after 10 s; 2.1 GiB of memory released; 0 steps lost.",
      ),
      event("14:02:11", "pause.requested", "asr-finetune", NEEDED),
    ],
  });
};

export function gpu(
  index: number,
  more: { use?: number; others?: number; celsius?: number } = {},
): GpuSample {
  const { use = 93, others = 0, celsius = 71 } = more;
  const metrics = Object.fromEntries(
    GPU_METRICS.map((metric) => [metric, { unavailable: "not supported by this GPU" } as Reading]),
  ) as GpuSample["metrics"];
  return {
    uuid: `GPU-${index}`,
    index,
    name: "NVIDIA GeForce RTX 4090",
    memoryTotalMiB: read(24_564),
    memoryUsedMiB: read(18_637 + index * 100),
    powerLimitWatts: read(450),
    metrics: {
      ...metrics,
      "gpu.utilization": read(use),
      "gpu.others.utilization": read(others),
      "gpu.others.memoryMiB": read(others > 0 ? 4198 : 0),
      "gpu.temperature": read(celsius),
      "gpu.power": read(320 + index),
    },
    processes: [
      {
        pid: 4711,
        startTime: 1,
        user: "ana",
        command: "python",
        gpuMemoryMiB: 13_000,
        gpuPercent: use - others,
        ours: "voice-train-3",
      },
    ],
  };
}

/** `count` GPUs; somebody else computes on number 1, and number 3 is hot. */
export function gpus(count: number): Snapshot {
  const all = Array.from({ length: count }, (_, index) =>
    gpu(
      index,
      index === 1 ? { use: 97, others: 63 } : index === 3 ? { celsius: 91 } : { use: 88 + (index % 5) },
    ),
  );
  const rules = all.flatMap((one) =>
    GPU_RULES.map((input, at) =>
      rule(
        input,
        (one.index === 1 && at === 0) || (one.index === 3 && at === 1) ? "pressure" : "clear",
        one.uuid,
      ),
    ),
  );
  const base = quiet();
  return { ...base, gpus: all, gpusUnavailable: null, rules: [...base.rules, ...rules] };
}

/** A hundred jobs: a few run, most wait, some have ended. */
export function hundred(): Snapshot {
  const states = [
    "waiting",
    "running",
    "waiting",
    "paused",
    "waiting",
    "finished",
    "waiting",
    "failed",
  ] as const;
  const base = quiet();
  const jobs = Array.from({ length: 100 }, (_, index) => {
    const name = `sweep-${String(index).padStart(3, "0")}`;
    const state = states[index % states.length] ?? "waiting";
    const live = state === "running";
    return job(name, {
      state,
      sinceMs: AT - index * 7 * MINUTE,
      use: live ? { cpuPercent: read(3), memoryMiB: read(612), processes: 1 } : null,
      stepsPerSecond: live ? 1.5 : null,
      progress:
        state === "waiting"
          ? null
          : ({ ...base.jobs[0]?.progress, step: index * 599 } as JobView["progress"]),
      why: {
        ...(state === "failed" && { failure: "Run 3 ended with exit code 1." }),
        ...(state === "paused" && { cause: { actor: "user" as const, reason: "ana paused it." } }),
        ...(state === "waiting" && {
          waitingFor: [{ code: "start-order" as const, text: "'sweep-000' goes first: one start at a time" }],
        }),
      },
    });
  });
  return { ...base, jobs };
}

/** No jobs, no events, no rules. */
export const nothing = (): Snapshot => snapshot({ rules: [], gpusUnavailable: null });

/** Every reading failed. */
export const unavailable = (): Snapshot => ({
  ...quiet(),
  machine: Object.fromEntries(
    MACHINE_METRICS.map((metric) => [metric, { unavailable: "/proc is not mounted" }]),
  ) as Snapshot["machine"],
  gpus: [{ ...gpu(0), memoryUsedMiB: { unavailable: "the driver doesn't answer" }, metrics: gone() }],
  gpusUnavailable: null,
});

const gone = (): GpuSample["metrics"] =>
  Object.fromEntries(
    GPU_METRICS.map((metric) => [metric, { unavailable: "the driver doesn't answer" }]),
  ) as unknown as GpuSample["metrics"];

/** Clears the screen, sets the title, reverses the reading order, rings, and is wide and stacked. */
export const EVIL =
  "\u001b[2J\u001b]0;owned\u0007\u202eevil\u0000\r\n\u009b31m漢字👩‍👩‍👧é\u0301\u0301\u0301\u0301\u0301\u200b";

/** Everything that comes from outside tries to do harm. */
export const hostile = (): Snapshot => {
  const base = busy();
  return {
    ...base,
    supervisor: { ...base.supervisor, host: EVIL, configFile: EVIL, warnings: [EVIL] },
    gpus: [{ ...gpu(0), name: EVIL }],
    gpusUnavailable: EVIL,
    foreign: [{ pid: 1, startTime: 1, user: EVIL, command: EVIL, cpuPercent: 71 }],
    jobs: base.jobs.map((view, index) => ({
      ...view,
      name: index === 0 ? view.name : `${EVIL}${index}`,
      command: [EVIL],
      pausedBy: EVIL,
      progress: view.progress === null ? null : { ...view.progress, metrics: { [EVIL]: Number.NaN } },
      why: worded(
        {
          ...view.why,
          job: EVIL,
          cause: { actor: "user", reason: EVIL },
          turn: { user: EVIL, forMs: HOUR },
          waitingFor: [
            {
              code: "rule",
              text: EVIL,
              processes: [{ pid: 1, startTime: 1, user: EVIL, command: EVIL, cpuPercent: 1 }],
            },
          ],
          next: { what: "window-closes", window: EVIL, atMs: AT + HOUR },
          sooner: [{ command: EVIL, short: EVIL, does: EVIL }],
        },
        AT,
      ),
    })),
    events: base.events.map((one) => ({ ...one, reason: EVIL, job: one.job === null ? null : EVIL })),
  };
};
