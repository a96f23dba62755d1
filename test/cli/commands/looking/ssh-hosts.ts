/**
 * Machines to look at, made of one: a real sshd on loopback gives each port a home of its own. The user's ssh
 * is the real one, with a config of the test's (`ssh` takes the user's from the system's list, not from HOME).
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { freePort } from "../../../free-port.ts";
import { until } from "../../../until.ts";

const SSHD = "/usr/sbin/sshd";

export class SshHosts {
  readonly #directory: string;
  readonly #ports = new Map<string, number>();
  #server: ChildProcess | null = null;

  constructor(directory: string) {
    this.#directory = join(directory, "ssh");
  }

  home(host: string): string {
    return join(this.#directory, host);
  }

  /** A folder for the front of PATH, in which `ssh` knows these hosts. */
  get bin(): string {
    return join(this.#directory, "bin");
  }

  /** An address of ssh's config, at which something else may listen, or nothing. */
  async at(host: string, port: number, more: string[] = []): Promise<void> {
    this.#ports.set(host, port);
    const lines = [
      `Host ${host}`,
      "  HostName 127.0.0.1",
      `  Port ${port}`,
      ...more.map((line) => `  ${line}`),
    ];
    writeFileSync(join(this.#directory, "config"), `${lines.join("\n")}\n`, { flag: "a" });
  }

  async start(hosts: string[], more: Record<string, string[]> = {}): Promise<void> {
    for (const host of hosts) mkdirSync(this.home(host), { recursive: true });
    const file = (name: string): string => join(this.#directory, name);
    for (const key of ["host-key", "key"])
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file(key)]);
    writeFileSync(file("authorized"), readFileSync(file("key.pub")), { mode: 0o600 });
    for (const host of hosts) await this.at(host, await freePort(), more[host]);
    const common = [
      "Host *",
      `  User ${userInfo().username}`,
      `  IdentityFile ${file("key")}`,
      "  IdentitiesOnly yes",
      `  UserKnownHostsFile ${file("known")}`,
      "  StrictHostKeyChecking accept-new",
    ];
    writeFileSync(file("config"), `${common.join("\n")}\n`, { flag: "a" });
    this.#makeSsh(file("config"));
    const served = [...this.#ports].filter(([host]) => hosts.includes(host));
    writeFileSync(file("sshd"), `${this.#sshdConfig(served).join("\n")}\n`);
    // Where root's sshd puts its children.
    if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    const server = spawn(SSHD, ["-D", "-e", "-f", file("sshd")], { stdio: ["ignore", "ignore", "pipe"] });
    this.#server = server;
    let said = "";
    server.stderr.setEncoding("utf8").on("data", (part) => {
      said += part;
    });
    await until("sshd to listen", () => said.split("Server listening").length > served.length);
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === null || server.exitCode !== null) return;
    const gone = new Promise((done) => server.once("exit", done));
    server.kill("SIGTERM");
    await gone;
  }

  #makeSsh(config: string): void {
    const real = execFileSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).trim();
    mkdirSync(this.bin, { recursive: true });
    writeFileSync(join(this.bin, "ssh"), `#!/bin/sh\nexec ${real} -F ${config} "$@"\n`);
    chmodSync(join(this.bin, "ssh"), 0o755);
  }

  #sshdConfig(served: [host: string, port: number][]): string[] {
    const file = (name: string): string => join(this.#directory, name);
    return [
      ...served.map(([, port]) => `Port ${port}`),
      "ListenAddress 127.0.0.1",
      `HostKey ${file("host-key")}`,
      `AuthorizedKeysFile ${file("authorized")}`,
      "PidFile none",
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      ...served.flatMap(([host, port]) => [
        `Match LocalPort ${port}`,
        `  SetEnv HOME=${this.home(host)} XDG_STATE_HOME=${this.home(host)}/state XDG_CONFIG_HOME=${this.home(host)}/config`,
      ]),
    ];
  }
}
