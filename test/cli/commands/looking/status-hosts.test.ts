/**
 * `status --host` over the real ssh to a real sshd on loopback.
 * Covers: src/cli/commands/looking/status-hosts.ts, src/cli/supervisors/ask-host.ts, src/show/plain-hosts.ts
 */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { freePort } from "../../../free-port.ts";
import { describeWith, sshd } from "../../../needs.ts";
import { until } from "../../../until.ts";
import { BIN, CommandLine } from "../../command-line.ts";
import { SshHosts } from "./ssh-hosts.ts";

const COUNT = resolve(import.meta.dirname, "../../../children/count-steps.ts");

describeWith(sshd)("status --host (needs openssh-server and openssh-client)", () => {
  let cli: CommandLine;
  let hosts: SshHosts;
  beforeEach(() => {
    cli = new CommandLine();
    hosts = new SshHosts(cli.directory);
  });
  afterEach(async () => {
    await hosts.close();
    await cli.close();
  });

  /** A program as it is installed for one user: a login shell alone finds it. */
  function install(host: string, program = `exec ${process.execPath} ${BIN} "$@"`): void {
    const bin = join(hosts.home(host), "bin");
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, "supervisor"), `#!/bin/sh\n${program}\n`);
    chmodSync(join(bin, "supervisor"), 0o755);
    writeFileSync(join(hosts.home(host), ".profile"), 'echo "Welcome {back}"\nPATH="$HOME/bin:$PATH"\n');
  }

  const asked = (...args: string[]) => {
    cli.env.PATH = `${hosts.bin}:${process.env.PATH}`;
    return cli.say("status", ...args);
  };

  it("shows the machines and their jobs side by side, and says what is wrong with the others", async () => {
    const closed = await freePort();
    // A forward of the user's own config that can't be made mustn't get in the way.
    const forward = [`LocalForward ${closed} 127.0.0.1:9`, "ExitOnForwardFailure yes"];
    await hosts.start(["alpha", "idle", "bare", "older"], { alpha: forward });
    await hosts.at("closed", closed);
    for (const host of ["alpha", "idle"]) install(host);
    install("older", `echo '{ "schemaVersion": 0, "supervisors": [] }'`);
    // The supervisor of that host, with a job.
    const home = hosts.home("alpha");
    const there = new Map([
      ["HOME", home],
      ["XDG_STATE_HOME", `${home}/state`],
      ["XDG_CONFIG_HOME", `${home}/config`],
    ]);
    const here = { ...cli.env };
    for (const [name, value] of there) cli.env[name] = value;
    const job = { name: "fit", command: ["node", COUNT, "--ms", "50", "--total", "100000"] };
    const config = cli.write("supervisor.config.json", JSON.stringify({ rules: [], jobs: [job] }));
    expect(await cli.say("start", "--detach", "--config", config)).toMatchObject({ code: 0 });
    Object.assign(cli.env, here);

    const all = ["alpha", "idle", "bare", "older", "closed"].flatMap((host) => ["--host", host]);
    try {
      // A login may be late.
      const { code, lines } = await until("each machine's answer", async () => {
        const { code, out } = await asked(...all);
        const lines = out.trimEnd().split("\n");
        expect(lines.slice(0, 5)).toEqual([
          expect.stringMatching(/^alpha {3}cpu .*memory +\d+ %/),
          "idle    no supervisor of yours is running",
          "bare    can't be looked at: no supervisor is installed there, or not in the PATH of a login shell",
          "older   can't be looked at: its supervisor is of another version, or a login there prints something else",
          expect.stringMatching(/^closed {2}can't be looked at: ssh: connect to host 127\.0\.0\.1 .*refused/),
        ]);
        expect(lines[6]).toMatch(/^alpha {2}.*fit {2}running/);
        return { code, lines };
      });
      expect(code).toBe(1);
      expect(lines[5]).toBe("");

      const json = await until("both answers", async () => {
        const found = JSON.parse((await asked("--json", "--host", "alpha", "--host", "idle")).out);
        return found.hosts.every((one: object) => "supervisors" in one) && found;
      });
      expect(json).toMatchObject({
        schemaVersion: 1,
        hosts: [
          { host: "alpha", supervisors: [{ project: config, jobs: [{ name: "fit" }] }] },
          { host: "idle", supervisors: [] },
        ],
      });
      await until("a good end", async () => (await asked("--host", "idle", "--host", "idle")).code === 0);
    } finally {
      for (const [name, value] of there) cli.env[name] = value;
      await cli.say("cancel", "fit", "--config", config);
      await cli.say("stop", "--config", config);
      Object.assign(cli.env, here);
    }
  });

  it("gives up on a host that takes the connection and says nothing; a name is never an option", async () => {
    const held = new Set<Socket>();
    const mute = createServer((socket) => held.add(socket));
    await new Promise<void>((done) => mute.listen(0, "127.0.0.1", done));
    try {
      await hosts.start(["idle"]);
      install("idle");
      await hosts.at("mute", (mute.address() as AddressInfo).port);
      const { code, out } = await until("an answer of the idle one", async () => {
        const said = await asked("--host", "mute", "--host", "idle");
        return /^idle {2}no supervisor of yours is running$/m.test(said.out) && said;
      });
      expect(code).toBe(1);
      expect(out).toMatch(/^mute {2}can't be looked at: .*(timed out|timeout)/i);
      expect(out).toMatch(/^idle {2}no supervisor of yours is running$/m);
      const file = join(cli.directory, "ran");
      const option = await asked("--host", `-oProxyCommand=touch ${file}`);
      expect(option.out).toContain("can't be looked at");
      expect(() => chmodSync(file, 0o600)).toThrow("ENOENT");
      expect(await asked("--host", "idle", "--config", "x.json")).toMatchObject({
        code: 2,
        err: "--host shows all of your supervisors on a host; --config names one on this machine.\n",
      });
    } finally {
      for (const socket of held) socket.destroy();
      mute.close();
    }
  });
});
