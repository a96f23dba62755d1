/**
 * What is wanted of every job at this tick, and why: everything known → decisions. Yields at once,
 * comes back carefully. Reads no clock, does no I/O, and leaves what it was given as it was.
 */
import type { Config } from "../config/schema.ts";
import type { Decision, NewEvent, Now, RuleState, Sample, Why, WindowState } from "../model.ts";
import type { SupervisedJob } from "../ports.ts";
import { duration } from "../words/duration.ts";
import { clockTime } from "../words/time.ts";
import { countPause } from "./balance.ts";
import { allowance, evidenceOf, fact, pressureSentence } from "./evidence.ts";
import { type Lines, stayInLine } from "./line.ts";
import { acquit, blame } from "./misattribution.ts";
import { ruleBlocks } from "./obstacles.ts";
import { otherPauses } from "./pauses.ts";
import { owedMiB } from "./room.ts";
import { judge, type Transition } from "./rules.ts";
import { type Mode, rulesNow, type Scene, type Settle } from "./scene.ts";
import { chooseStart, isPolite, type Start } from "./starts.ts";
import { answerTo, requestFor } from "./turn-requests.ts";
import { requestEvents } from "./turns.ts";
import { keepUp } from "./upkeep.ts";
import { type Pause, rulePauses } from "./victims.ts";
import { whyOf } from "./why.ts";

export interface World {
  jobs: Record<string, SupervisedJob>;
  /** By key: the rule's name, with `@` and the GPU's UUID for gpu.* rules. */
  rules: Record<string, RuleState>;
  settle: Settle;
}

export interface Decided {
  world: World;
  decisions: Decision[];
  why: Record<string, Why>;
  events: NewEvent[];
  /** Who waits in line for GPUs, for other supervisors to know. */
  lines: Lines;
}

export const newWorld = (jobs: Record<string, SupervisedJob>): World => ({
  jobs,
  rules: {},
  settle: { startedMs: null, last: null, windows: {} },
});

/** At most one start or resume; pauses first. `events` are those of rules, sensors and windows. */
export function decide(
  world: World,
  sample: Sample,
  windows: WindowState[],
  config: Config,
  now: Now,
  mode: Mode,
): Decided {
  const { memory, transitions } = judge(config.rules, world.rules, sample, {
    now,
    pollSeconds: config.pollSeconds,
  });
  const settle = { ...world.settle, startedMs: world.settle.startedMs ?? now.monotonicMs };
  const scene: Scene = {
    jobs: { ...world.jobs },
    rules: rulesNow(config, memory, sample),
    sample,
    windows,
    config,
    now,
    mode,
    settle,
  };
  for (const [name, job] of Object.entries(scene.jobs)) scene.jobs[name] = keepUp(job, scene);

  const acquitted = acquit(settle.blamed ?? {}, scene);
  const pauses = choosePauses(scene);
  const common = { scene, blocks: ruleBlocks(scene), owedMiB: owedMiB(Object.values(scene.jobs), sample) };
  const { start, waits, lines } = chooseStart(common);
  const why: Record<string, Why> = {};
  for (const job of Object.values(scene.jobs))
    why[job.name] = withRequest(whyOf(job, waits[job.name] ?? [], scene), job, scene);
  const requests = requestEvents(scene);
  const line = stayInLine(Object.keys(lines), scene);
  remember(scene, pauses, start);
  const blamed = blame(acquitted.blamed, pauses, scene);
  const notices = transitions.flatMap((one) => notice(one, sample));
  return {
    world: {
      jobs: scene.jobs,
      rules: memory,
      settle: { ...scene.settle, windows: openings(windows), blamed, line, requests: requests.told },
    },
    decisions: [...pauses, ...(start === null ? [] : [start]), ...notices],
    why,
    events: [
      ...transitionEvents(transitions, sample, config),
      ...windowEvents(world.settle, windows, now),
      ...acquitted.events,
      ...requests.events,
    ],
    lines,
  };
}

/** A person who is asked for a turn sees it wherever the job is looked at. */
function withRequest(why: Why, job: SupervisedJob, scene: Scene): Why {
  const asked = requestFor(job, scene);
  if (asked === null || answerTo(job, asked.claim, scene) !== "ask") return why;
  const { user, asks } = asked.claim;
  const turn = duration(asks?.forMs ?? 0);
  return {
    ...why,
    summary: `${why.summary}; ${user} asks for a turn of ${turn}: supervisor pause ${job.name}`,
  };
}

function choosePauses(scene: Scene): Pause[] {
  const others = otherPauses(scene);
  const asked = new Set(others.map(({ job }) => job));
  return [...others, ...rulePauses(scene, asked)];
}

/** Keeps count of pauses by rules, and of the last start, for the next ticks. */
function remember(scene: Scene, pauses: Pause[], start: Start | null): void {
  const { now, config } = scene;
  for (const { job: name, cause } of pauses) {
    const job = scene.jobs[name];
    if (job === undefined || cause.rule === undefined) continue;
    const balance = countPause(job.balance, cause.rule, now.wallMs, config.balance.calmSeconds);
    scene.jobs[name] = { ...job, balance };
  }
  const begun = start === null ? undefined : scene.jobs[start.job];
  if (start !== null && begun !== undefined) scene.jobs[begun.name] = beginTurn(begun, start.gpus, now);
  const started = start === null ? undefined : scene.jobs[start.job];
  if (started !== undefined)
    scene.settle = {
      ...scene.settle,
      last: { job: started.name, atMs: now.monotonicMs, polite: isPolite(started) },
    };
}

/** A turn that was asked for begins with the start on that GPU; on another one it wasn't needed. */
function beginTurn(job: SupervisedJob, gpus: string[], now: Now): SupervisedJob {
  const { turn, ...rest } = job;
  if (turn === undefined) return job;
  return gpus.includes(turn.gpu) ? { ...job, turn: { ...turn, untilMs: now.wallMs + turn.forMs } } : rest;
}

const openings = (windows: WindowState[]): Record<string, boolean> =>
  Object.fromEntries(windows.map(({ name, open }) => [name, open]));

function notice({ rule, state, to, key }: Transition, sample: Sample): Decision[] {
  if (rule.action !== "notify" || to !== "pressure") return [];
  const now = { key, rule, state, gpu: sample.gpus.find(({ uuid }) => uuid === state.gpu) ?? null };
  const reason = pressureSentence(now, sample);
  return [
    { verb: "notify", job: null, actor: `rule:${rule.name}`, reason, evidence: evidenceOf(now, sample) },
  ];
}

function transitionEvents(transitions: Transition[], sample: Sample, config: Config): NewEvent[] {
  const sensors = new Set<string>();
  return transitions.flatMap(({ key, rule, state, to }): NewEvent[] => {
    const now = { key, rule, state, gpu: sample.gpus.find(({ uuid }) => uuid === state.gpu) ?? null };
    const event = {
      job: null,
      run: null,
      actor: `rule:${rule.name}` as const,
      evidence: evidenceOf(now, sample),
    };
    if (to === "pressure")
      return [{ ...event, kind: "rule.pressure", reason: pressureSentence(now, sample) }];
    if (to === "clear") {
      const dwell =
        rule.clear.forSeconds === 0 ? "" : `, clear for ${duration(rule.clear.forSeconds * 1000)}`;
      return [
        {
          ...event,
          kind: "rule.cleared",
          reason: `${sentence(fact(now, sample))}${dwell}; ${allowance(now)}.`,
        },
      ];
    }
    // Several rules may read one sensor: it is told of once.
    const sensor = `${rule.metric} ${state.gpu ?? ""}`;
    if (sensors.has(sensor)) return [];
    sensors.add(sensor);
    const held = config.rules.some((one) => one.metric === rule.metric && one.action !== "notify");
    const lost = `${rule.metric} can't be read: ${state.unavailable}.${held ? " Until it can, nothing that it concerns is resumed." : ""}`;
    const reason = to === "lost" ? lost : `${rule.metric} can be read again.`;
    return [
      { ...event, actor: "supervisor", kind: to === "lost" ? "sensor.lost" : "sensor.recovered", reason },
    ];
  });
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function windowEvents({ windows: before }: Settle, windows: WindowState[], now: Now): NewEvent[] {
  return windows.flatMap(({ name, open, changesAtMs }): NewEvent[] => {
    if (before[name] === undefined || before[name] === open) return [];
    const next =
      changesAtMs === null
        ? ""
        : `; it ${open ? "closes" : "opens"} at ${clockTime(changesAtMs, now.wallMs)}`;
    const reason = `Window '${name}' has ${open ? "opened" : "closed"}${next}.`;
    const kind = open ? "window.opened" : "window.closed";
    return [{ kind, job: null, run: null, actor: `window:${name}`, reason, evidence: { window: name } }];
  });
}
