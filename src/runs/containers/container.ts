/**
 * The container of a run, as its files and /proc show it, and what is done to it through its engine. Its processes are
 * found by its id in their cgroup: none descends from us.
 */
import { readFileSync } from "node:fs";
import { containerClientRecord, containerIdRecord } from "../../files/state-paths.ts";
import type { EffectResult } from "../../ports/runs.ts";
import type { RunProcess } from "../../sense/owners/run-processes.ts";
import { cgroupsOf, containerIn } from "../../sense/proc/cgroups.ts";
import { readOnce } from "../../sense/proc/kept-file.ts";
import { type ProcessStat, parseStatusLine } from "../../sense/proc/parse.ts";
import {
  isAlive,
  isDead,
  type KnownProcess,
  listPids,
  readCommand,
  readStat,
} from "../../sense/proc/process.ts";
import { lastWords, runChild } from "../../spawn/run-child.ts";
import { areStopped } from "../signal/stopped.ts";

const TIMEOUT_MS = 30_000;
/** Of a pause, which the container's processes can be given without its engine. */
const FREEZE_TIMEOUT_MS = 10_000;

export class Container {
  readonly #stateDirectory: string;
  readonly #runId: string;
  /** The engine's client, with its own options. */
  readonly client: readonly string[];
  #id: string | null = null;
  /** Its first process, as this machine numbers it. */
  #first: KnownProcess | null = null;
  #cpuCgroup: string | null = null;

  /** Null for a run that isn't in a container. */
  static of(stateDirectory: string, runId: string): Container | null {
    const record = readOr(containerClientRecord(stateDirectory, runId));
    const client: unknown = record === "" ? null : JSON.parse(record);
    return Array.isArray(client) ? new Container(stateDirectory, runId, client) : null;
  }

  private constructor(stateDirectory: string, runId: string, client: readonly string[]) {
    this.#stateDirectory = stateDirectory;
    this.#runId = runId;
    this.client = client;
  }

  /** The engine's, of 64 digits; null before there is one. */
  get id(): string | null {
    this.#id ??= readOr(containerIdRecord(this.#stateDirectory, this.#runId)).trim() || null;
    return this.#id;
  }

  /** Its first process; null while it has none. */
  get first(): KnownProcess | null {
    if (this.#first !== null && isAlive(this.#first.pid, this.#first.startTime)) return this.#first;
    this.#first = this.id === null ? null : firstIn(this.id);
    if (this.#first !== null) this.#cpuCgroup = cgroupsOf(this.#first.pid).cpu;
    return this.#first;
  }

  /** Where its use of the CPU is counted; null before it has begun, or where that can't be read. */
  get cpuCgroup(): string | null {
    return this.#cpuCgroup;
  }

  /** Frozen by its engine, at whoever's request, or stopped by us. */
  get isStopped(): boolean {
    return this.isFrozen || areStopped(this.#processes());
  }

  /** Its engine has frozen it, at whoever's request. */
  get isFrozen(): boolean {
    const freezer = this.first === null ? null : cgroupsOf(this.first.pid).freezer;
    return freezer !== null && /^FROZEN|^frozen 1$/m.test(readOnce(freezer) ?? "");
  }

  /** Does nothing where it is frozen already. `bySignals`: for an engine that is gone, hangs or refuses. */
  async freeze(bySignals: (list: () => RunProcess[]) => Promise<EffectResult>): Promise<EffectResult> {
    if (this.isFrozen) return { ok: true };
    if (this.first === null) return { ok: false, reason: "its container hasn't begun" };
    const paused = await this.#ask("pause", [], FREEZE_TIMEOUT_MS);
    return paused.ok ? paused : bySignals(() => this.#processes());
  }

  async thaw(): Promise<EffectResult> {
    return this.isFrozen ? this.#ask("unpause") : { ok: true };
  }

  /** Removes it with its anonymous volumes; one that is gone is no failure. */
  async remove(): Promise<EffectResult> {
    if (this.id === null) return { ok: true };
    const removed = await this.#ask("rm", ["--force", "--volumes"]);
    return removed.ok || /no such container/i.test(removed.reason) ? { ok: true } : removed;
  }

  /** Of those inside; the engine's own helpers aren't. */
  #processes(): RunProcess[] {
    return this.id === null
      ? []
      : membersOf(this.id).map((stat) => ({ ...stat, command: readCommand(stat) }));
  }

  async #ask(verb: string, options: string[] = [], timeoutMs = TIMEOUT_MS): Promise<EffectResult> {
    const [program = "", ...before] = this.client;
    const words = [...before, verb, ...options, this.id ?? ""];
    const ended = await runChild(program, words, { timeoutMs, unref: true });
    if (ended.ok) return { ok: true };
    return { ok: false, reason: `${verb} of its container: ${lastWords(ended.stderr) || ended.reason}` };
  }
}

/** The live processes in a container, the oldest first. */
function membersOf(id: string): ProcessStat[] {
  const members = listPids().flatMap((pid) => {
    const stat = containerIn(pid) === id ? readStat(pid) : null;
    return stat === null || isDead(stat) ? [] : [stat];
  });
  return members.sort((a, b) => a.startTime - b.startTime);
}

/** Process 1 of the container; where it shares the host's numbers, the oldest in it. */
function firstIn(id: string): KnownProcess | null {
  const members = membersOf(id);
  const first = members.find(({ pid }) => innerPid(pid) === 1) ?? members[0];
  return first === undefined ? null : { pid: first.pid, startTime: first.startTime };
}

/** Its number as it sees itself; null where that can't be read. */
export function innerPid(pid: number): number | null {
  const numbers = parseStatusLine(readOnce(`/proc/${pid}/status`) ?? "", "NSpid")?.split(/\s+/);
  return numbers === undefined ? null : Number(numbers.at(-1));
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
