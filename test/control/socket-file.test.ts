/** Covers: src/control/listening-socket.ts */
import { chmodSync, existsSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectControl } from "../../src/control/client.ts";
import { NoSupervisor } from "../../src/control/open-socket.ts";
import { serveControl } from "../../src/control/serve.ts";
import { begin, client, directory, end, path, serve, snapshot } from "./given.ts";

beforeEach(begin);
afterEach(end);

describe("the socket's place", () => {
  it("is private, and gone after close", async () => {
    const running = await serve();
    expect(statSync(join(directory, "state")).mode & 0o777).toBe(0o700);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await running.close();
    expect(existsSync(path)).toBe(false);
    await expect(connectControl(path)).rejects.toThrow(NoSupervisor);
  });

  it("is taken over from a socket that nobody answers, and from no other", async () => {
    const running = await serve();
    await expect(
      serveControl(path, { snapshot, onRequest: async () => ({ ok: true, result: 0 }) }),
    ).rejects.toThrow(/Another supervisor answers/);
    await running.close();

    await leaveStaleSocket();
    expect(existsSync(path)).toBe(true);
    await serve();
    expect(await (await client()).request({ verb: "snapshot" })).toMatchObject({ ok: true });
  });

  it("is never a link, and loses the rights of others to write to it", async () => {
    mkdirSync(join(directory, "state"));
    chmodSync(join(directory, "state"), 0o777);
    await serve();
    expect(statSync(join(directory, "state")).mode & 0o777).toBe(0o755);
    symlinkSync(join(directory, "state"), join(directory, "link"));
    const other = join(directory, "link", "other.sock");
    await expect(
      serveControl(other, { snapshot, onRequest: async () => ({ ok: true, result: 0 }) }),
    ).rejects.toThrow(/is not a directory/);
  });

  it("is not taken from a file that isn't a socket", async () => {
    const file = join(directory, "supervisor.sock");
    writeFileSync(file, "mine");
    await expect(
      serveControl(file, { snapshot, onRequest: async () => ({ ok: true, result: 0 }) }),
    ).rejects.toThrow(/is not a socket/);
    expect(existsSync(file)).toBe(true);
  });
});

/** What a killed supervisor leaves: a socket file without a listener. */
async function leaveStaleSocket(): Promise<void> {
  const { spawn } = await import("node:child_process");
  const code = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  const child = spawn(process.execPath, ["-e", code], { stdio: "ignore" });
  await new Promise((resolve) => child.once("exit", resolve));
}

describe("the socket's file", () => {
  it("is made again where it was removed or replaced; who is connected stays so", async () => {
    const one = await serve();
    const before = await client(true);
    expect(await one.look()).toBe("as it was");
    rmSync(path);
    expect(await one.look()).toEqual({ again: `the control socket ${path}` });
    rmSync(join(directory, "state"), { recursive: true });
    expect(await one.look()).toEqual({ again: `the control socket ${path}` });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const after = await client();
    for (const each of [before, after])
      expect(await each.request({ verb: "resume", jobs: "all", by: "x" })).toMatchObject({ ok: true });
    expect(one.watchers).toBe(1);
  });

  it("of another that answers there is left alone, by a look and by the end", async () => {
    const first = await serve();
    rmSync(path);
    const second = await serve();
    expect(await first.look()).toEqual({ problem: expect.stringContaining("Another supervisor answers") });
    await first.close();
    expect(existsSync(path)).toBe(true);
    expect(await (await client()).request({ verb: "resume", jobs: "all", by: "x" })).toMatchObject({
      ok: true,
    });
    await second.close();
    expect(existsSync(path)).toBe(false);
  });
});
