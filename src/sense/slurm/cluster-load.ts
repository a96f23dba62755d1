/**
 * How busy the partitions of a Slurm cluster are in which our jobs run: what others wait for there, and what is idle.
 * Asked in the background, in children with a time-out, only where a job of ours runs on Slurm.
 */
import { userInfo } from "node:os";
import { monotonicMs } from "../../clock.ts";
import type { Reading } from "../../model/machine.ts";
import { lastWords, runChild } from "../../spawn/run-child.ts";
import { inBackground } from "../machine/background.ts";

export type ClusterMetric = "slurm.pendingOthers" | "slurm.idleNodes";
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
    countPending(await askSlurm(PENDING), await named(partitions())),
  );
  const idle = inBackground(first, PACE, async () =>
    countIdle(await askSlurm(NODES), await named(partitions())),
  );
  const none: Reading = { unavailable: "no job runs on Slurm" };
  return (nowMs) =>
    partitions().length === 0
      ? { "slurm.pendingOthers": none, "slurm.idleNodes": none }
      : { "slurm.pendingOthers": pending(nowMs), "slurm.idleNodes": idle(nowMs) };
}

const PENDING = ["squeue", "--noheader", "--array", "--states=PENDING", "--format=%u|%P|%r"];
const NODES = ["sinfo", "--noheader", "--format=%P|%t|%D"];

/** Jobs of other users that wait for nodes in one of the partitions. */
function countPending(text: string, partitions: ReadonlySet<string>): Reading {
  const me = userInfo().username;
  const waiting = linesOf(text).filter(
    ([user, where = "", reason = ""]) =>
      user !== me && !NOT_FOR_NODES.test(reason) && where.split(",").some((one) => partitions.has(one)),
  );
  return { value: waiting.length, atMs: monotonicMs() };
}

/** Idle nodes of the partitions; one that is in several counts in each. */
function countIdle(text: string, partitions: ReadonlySet<string>): Reading {
  const idle = linesOf(text).filter(
    ([where = "", state]) => state === "idle" && partitions.has(where.replace(/\*$/, "")),
  );
  return { value: idle.reduce((sum, [, , count]) => sum + Number(count), 0), atMs: monotonicMs() };
}

const linesOf = (text: string): string[][] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("|"));

/** Names the default partition, which `sinfo` marks with an asterisk. */
async function named(partitions: readonly (string | null)[]): Promise<Set<string>> {
  const names = new Set(partitions.filter((name) => name !== null));
  if (names.size === partitions.length) return names;
  const marked = linesOf(await askSlurm(NODES)).find(([name]) => name?.endsWith("*"));
  const usual = marked?.[0]?.replace(/\*$/, "");
  return usual === undefined ? names : names.add(usual);
}

/** @throws Error with half a sentence where Slurm doesn't answer. */
async function askSlurm([program = "", ...args]: string[]): Promise<string> {
  const ended = await runChild(program, args, { timeoutMs: TIMEOUT_MS, killSignal: "SIGKILL", unref: true });
  if (ended.ok) return ended.stdout;
  throw new Error(`${program} gave no answer: ${lastWords(ended.stderr) || ended.reason}`);
}
