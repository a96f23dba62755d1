/**
 * A real systemd user manager on a machine that systemd hasn't booted: in a mount namespace of its own, whose /run is
 * empty, and in a control group of its own, since it takes all processes of the one that it is started in. As root alone.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { until } from "../until.ts";

const RUNTIME = "/run/user/0";
const GROUP = `/sys/fs/cgroup/systemd/gpu-job-supervisor-test-${process.pid}`;
const SETUP = `mkdir -p ${GROUP} && echo $$ > ${GROUP}/cgroup.procs && mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system ${RUNTIME} && chmod 700 ${RUNTIME} && exec /lib/systemd/systemd --user`;

export class UserManager {
  readonly env: NodeJS.ProcessEnv;
  readonly #process: ChildProcess;

  constructor(env: NodeJS.ProcessEnv) {
    this.env = { ...env, XDG_RUNTIME_DIR: RUNTIME };
    this.#process = spawn("unshare", ["-m", "sh", "-c", SETUP], { env: this.env, stdio: "ignore" });
  }

  /** Runs a command to its end where this manager is found. */
  say(...words: string[]): { code: number | null; out: string; err: string } {
    // It goes to the root of the namespace, so the folder is chosen inside.
    const args = ["-t", String(this.#process.pid), "-m", "env", "-C", this.env.HOME ?? "/", ...words];
    const { status, stdout, stderr } = spawnSync("nsenter", args, {
      env: this.env,
      encoding: "utf8",
    });
    return { code: status, out: stdout, err: stderr };
  }

  async ready(): Promise<this> {
    await until(
      "the user manager answers",
      () => this.say("systemctl", "--user", "show-environment").code === 0,
    );
    return this;
  }

  /** Ends it, and waits until it is gone. */
  async close(): Promise<void> {
    const gone = new Promise((done) => this.#process.once("exit", done));
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    // systemd's user manager leaves on SIGRTMIN+24, by its own command.
    if (this.say("systemctl", "--user", "exit").code !== 0) this.#process.kill("SIGKILL");
    await gone;
    if (existsSync(GROUP)) removeGroup(GROUP);
  }
}

/** With those within it, which nobody is in any more. */
function removeGroup(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroup(join(path, entry.name));
  rmdirSync(path);
}
