/** Programs that are started, asked, and found again with all their processes. */
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { until } from "../../test/until.ts";

/** What a program says about its version; null where it isn't there. */
export function versionOf(command: string, ...args: string[]): string | null {
  const { error, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  return error ? null : (/\d+\.\d+(\.\d+)?/.exec(stdout + stderr)?.[0] ?? "?");
}

/** Runs one command to its end. */
export async function say(command: string, args: string[], env: NodeJS.ProcessEnv = process.env) {
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
  // Its output may stay open: a daemon that it has started holds it.
  const code = await new Promise((done, fail) => child.once("error", fail).once("exit", done));
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${said}`);
  child.stdout.destroy();
  child.stderr.destroy();
}

/** Resolves with how long that took, in ms. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Waits until whoever listens at this socket has answered `request` with anything. */
export async function answer(socket: string, request: string): Promise<void> {
  const asked = (): Promise<boolean> =>
    new Promise((done, fail) => {
      const connection = createConnection(socket, () => connection.write(request));
      connection.once("error", fail).once("close", () => done(false));
      connection.once("data", () => {
        done(true);
        connection.destroy();
      });
    });
  await until(`an answer at ${socket}`, asked, { everyMs: 5 });
}

/** A process and all that descend from it, but for the jobs, which sleep. */
export function family(pid: number): number[] {
  return [
    pid,
    ...childrenOf(pid)
      .filter((child) => nameOf(child) !== "sleep")
      .flatMap(family),
  ];
}

/** The jobs that it has begun itself. */
export const sleepersOf = (pid: number): number[] =>
  childrenOf(pid).filter((child) => nameOf(child) === "sleep");

/** Empty for one that is gone. */
export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" "))
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}

/** Of its program, as the kernel has it. */
export function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}
