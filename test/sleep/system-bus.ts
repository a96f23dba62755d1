/** A system bus of a test's own, with a stand-in for systemd-logind at it that can be told to sleep. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { until } from "../until.ts";

const STAND_IN = resolve(import.meta.dirname, "../children/python-login1.py");

export class SystemBus {
  readonly directory = mkdtempSync(join(tmpdir(), "system-bus-"));
  readonly env = { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${join(this.directory, "bus")}` };
  readonly #daemon: ChildProcess;
  #logind: ChildProcess | null = null;
  /** What the stand-in has told so far. */
  lines: string[] = [];

  constructor() {
    const address = `--address=${this.env.DBUS_SYSTEM_BUS_ADDRESS}`;
    this.#daemon = spawn("dbus-daemon", ["--session", "--nofork", address], { stdio: "ignore" });
  }

  async ready(): Promise<this> {
    await until("the bus", () => existsSync(join(this.directory, "bus")));
    return this;
  }

  /** `delaySeconds`: its InhibitDelayMaxSec. */
  async logind(delaySeconds: number, ...more: "refuse"[]): Promise<this> {
    await this.ready();
    const env = { ...process.env, ...this.env };
    const child = spawn("/usr/bin/python3", [STAND_IN, String(delaySeconds), ...more], {
      env,
      stdio: ["pipe", "pipe", "inherit"],
    });
    child.stdout.on("data", (chunk: Buffer) =>
      this.lines.push(...chunk.toString().split("\n").filter(Boolean)),
    );
    this.#logind = child;
    await this.told("there");
    return this;
  }

  /** Waits for a line that begins so, of those that come after `from`. */
  async told(begins: string, from = 0): Promise<string> {
    return await until(`logind to tell '${begins}' of ${JSON.stringify(this.lines)}`, () =>
      this.lines.slice(from).find((line) => line.startsWith(begins)),
    );
  }

  say(what: "sleep" | "wake"): void {
    this.#logind?.stdin?.write(`${what}\n`);
  }

  async endLogind(): Promise<void> {
    await end(this.#logind);
    this.#logind = null;
  }

  async close(): Promise<void> {
    await this.endLogind();
    await end(this.#daemon);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

async function end(child: ChildProcess | null): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
