/** systemd-logind, which announces sleep: whether it is here, how to listen to it, how to have it wait. */
import { existsSync } from "node:fs";
import { resolveCommand } from "../files/resolve-command.ts";
import { lastWords, runChild } from "../spawn/run-child.ts";
import { BESIDE } from "../spawn/spawn-beside.ts";

const LOGIND = "org.freedesktop.login1";
const MANAGER = "/org/freedesktop/login1";
const ANSWERS_WITHIN_MS = 5000;

/** Prints each signal of logind, to ordinary users, too. */
export const LISTEN = ["gdbus", "monitor", "--system", "--dest", LOGIND] as const;
/** Sleep waits for its end, as long as logind's InhibitDelayMaxSec. */
export const DELAY = [
  "systemd-inhibit",
  "--what=sleep",
  "--mode=delay",
  "--who=supervisor",
  "--why=Jobs save before the system sleeps",
  "sleep",
  "infinity",
] as const;

/** What a line of LISTEN says of sleep or of logind itself; null for all else. */
export function heard(line: string): "sleep" | "awake" | "there" | "gone" | null {
  const sleep = /\.PrepareForSleep \((true|false),?\)/.exec(line)?.[1];
  if (sleep !== undefined) return sleep === "true" ? "sleep" : "awake";
  if (/^The name \S+ is owned by /.test(line)) return "there";
  return /^The name \S+ does not have an owner/.test(line) ? "gone" : null;
}

/** Whether there is a system bus at all, told without a process. */
export function hasSystemBus(address = process.env.DBUS_SYSTEM_BUS_ADDRESS): boolean {
  const path = /^unix:path=([^,;]+)/.exec(address ?? "unix:path=/run/dbus/system_bus_socket")?.[1];
  return path === undefined || existsSync(decodeURIComponent(path));
}

/** Whether there is a bus to listen to and what it takes to, told without a process; true also of what can't be looked at. */
export const canListen = (): boolean =>
  hasSystemBus() &&
  [BESIDE, LISTEN[0]].every((program) => {
    const found = resolveCommand({ command: [program] }, "/");
    return found.ok || found.ours;
  });

/** How long it lets sleep be delayed, or why nothing can be heard of it; half a sentence. */
export type Logind = { delayMs: number } | { unavailable: string };

export async function askLogind(): Promise<Logind> {
  if (!hasSystemBus()) return { unavailable: "there is no system bus" };
  for (const program of [LISTEN[0], DELAY[0], BESIDE]) {
    const found = await runChild(program, [program === LISTEN[0] ? "help" : "--version"], {
      output: "ignore",
      timeoutMs: ANSWERS_WITHIN_MS,
    });
    if (!found.ok && found.why === "missing") return { unavailable: `${program} isn't installed` };
  }
  const ask = [LOGIND, MANAGER, `${LOGIND}.Manager`, "InhibitDelayMaxUSec"];
  const asked = await runChild("busctl", ["--system", "get-property", ...ask], {
    timeoutMs: ANSWERS_WITHIN_MS,
  });
  if (!asked.ok)
    return { unavailable: `systemd-logind doesn't answer: ${lastWords(asked.stderr) || asked.reason}` };
  return { delayMs: Number(asked.stdout.trim().split(" ")[1]) / 1000 };
}
