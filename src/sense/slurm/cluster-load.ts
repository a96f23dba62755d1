/**
 * How busy the partitions of a Slurm cluster are in which our jobs run: what others wait for and hold
 * there, and what is idle.
 * Asked in the background, in children with a time-out, only where a job of ours runs on Slurm.
 */
import { userInfo } from "node:os";
import { monotonicMs } from "../../clock.ts";
import type { Reading } from "../../model/machine.ts";
import { lastWords, runChild } from "../../spawn/run-child.ts";
import { inBackground } from "../machine/background.ts";

export type ClusterMetric = "slurm.pendingOthers" | "slurm.idleNodes" | "slurm.othersPercent";
export type ClusterReadings = Record<ClusterMetric, Reading>;

const TIMEOUT_MS = 20_000;
const PACE = { everyMs: 5000, holdsMs: 15_000 };

/** Jobs that wait for anything but nodes aren't helped by freeing some. */
const NOT_FOR_NODES =
  /Held|Dependency|BeginTime|Limit|^QOS|^Assoc|Licenses|Reservation|BadConstraints|PartitionConfig/;

/** `partitions`: of the jobs that run on Slurm, null standing for the cluster's default; empty: nobody is asked. */
export function watchCluster(
  partitions: () => readonly (string | null)[],
): (nowMs: number) => ClusterReadings {
  const first: Reading = { unavailable: "Slurm hasn't been asked yet" };
  const pending = inBackground(first, PACE, async () =>
    countPending(await ask(QUEUE), await named(partitions())),
  );
  const idle = inBackground(first, PACE, async () => countIdle(await ask(NODES), await named(partitions())));
  const others = inBackground(first, PACE, async () =>
    othersShare(await ask(QUEUE), await ask(NODES), await named(partitions())),
  );
  const none: Reading = { unavailable: "no job runs on Slurm" };
  return (nowMs) =>
    partitions().length === 0
      ? { "slurm.pendingOthers": none, "slurm.idleNodes": none, "slurm.othersPercent": none }
      : {
          "slurm.pendingOthers": pending(nowMs),
          "slurm.idleNodes": idle(nowMs),
          "slurm.othersPercent": others(nowMs),
        };
}

const QUEUE = ["squeue", "--noheader", "--array", "--states=PENDING,RUNNING", "--format=%u|%P|%T|%C|%r"];
/** CPUs as allocated/idle/other/total. */
const NODES = ["sinfo", "--noheader", "--format=%P|%t|%D|%C"];

/** Jobs of other users that wait for nodes in one of the partitions. */
function countPending(text: string, partitions: ReadonlySet<string>): Reading {
  const waiting = ofOthers(text, "PENDING", partitions).filter(
    ([, , , , reason = ""]) => !NOT_FOR_NODES.test(reason),
  );
  return { value: waiting.length, atMs: monotonicMs() };
}

/** CPUs that running jobs of other users hold, in percent of those that can be used. */
function othersShare(queue: string, nodes: string, partitions: ReadonlySet<string>): Reading {
  const usable = linesOf(nodes).reduce((sum, [where, , , cpus = ""]) => {
    const [, , other = 0, total = 0] = cpus.split("/").map(Number);
    return partitions.has(nameOf(where)) ? sum + total - other : sum;
  }, 0);
  if (usable === 0) return { unavailable: "no node of the partition can be used" };
  const held = ofOthers(queue, "RUNNING", partitions).reduce((sum, [, , , cpus]) => sum + Number(cpus), 0);
  return { value: Math.min(100, (100 * held) / usable), atMs: monotonicMs() };
}

/** Lines of the queue: jobs of other users in this state. */
function ofOthers(text: string, state: string, partitions: ReadonlySet<string>): string[][] {
  const me = userInfo().username;
  return linesOf(text).filter(
    ([user, where = "", is]) =>
      user !== me && is === state && where.split(",").some((one) => partitions.has(one)),
  );
}

/** Idle nodes of the partitions; one that is in several counts in each. */
function countIdle(text: string, partitions: ReadonlySet<string>): Reading {
  const idle = linesOf(text).filter(([where, state]) => state === "idle" && partitions.has(nameOf(where)));
  return { value: idle.reduce((sum, [, , count]) => sum + Number(count), 0), atMs: monotonicMs() };
}

const linesOf = (text: string): string[][] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("|"));

/** Of a partition, without the asterisk of the default one. */
const nameOf = (where = ""): string => where.replace(/\*$/, "");

/** Names the default partition, which `sinfo` marks with an asterisk. */
async function named(partitions: readonly (string | null)[]): Promise<Set<string>> {
  const names = new Set(partitions.filter((name) => name !== null));
  if (names.size === partitions.length) return names;
  const marked = linesOf(await ask(NODES)).find(([name]) => name?.endsWith("*"));
  return marked === undefined ? names : names.add(nameOf(marked[0]));
}

/** What is asked at the same time is asked once. */
const asking = new Map<string, Promise<string>>();
function ask(command: string[]): Promise<string> {
  const text = command.join(" ");
  const answer = asking.get(text) ?? askSlurm(command).finally(() => asking.delete(text));
  asking.set(text, answer);
  return answer;
}

/** @throws Error with half a sentence where Slurm doesn't answer. */
async function askSlurm([program = "", ...args]: string[]): Promise<string> {
  const ended = await runChild(program, args, { timeoutMs: TIMEOUT_MS, killSignal: "SIGKILL", unref: true });
  if (ended.ok) return ended.stdout;
  throw new Error(`${program} gave no answer: ${lastWords(ended.stderr) || ended.reason}`);
}
