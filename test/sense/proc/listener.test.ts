/** Who listens at a port, as this machine's own /proc shows it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { holderOf, holdsSocket, listenerAt, parseListener } from "../../../src/sense/proc/listener.ts";

const PROGRAM = `require("net").createServer().listen(0, process.argv[1], function () { console.log(this.address().port) })`;

describe.runIf(process.platform === "linux")("a listening socket", () => {
  it.each(["127.0.0.1", "::1"])(
    "of another process at %s is that process's and its user's",
    async (address) => {
      const child = spawn(process.execPath, ["-e", PROGRAM, address], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      try {
        const [port] = (await once(child.stdout, "data")) as [Buffer];
        const listener = listenerAt(Number(String(port)));
        expect(listener).toMatchObject({ uid: process.getuid?.() });
        expect(holderOf(listener?.inode ?? "")).toBe(child.pid);
        expect(holdsSocket(process.pid, listener?.inode ?? "")).toBe(false);
      } finally {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
    },
  );

  it("that is closed is nobody's", async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as { port: number };
    const inode = listenerAt(port)?.inode ?? "";
    expect(holderOf(inode)).toBe(process.pid);
    await new Promise((closed) => server.close(closed));
    expect(listenerAt(port)).toBeNull();
    expect(holderOf(inode)).toBeNull();
  });
});

it("a connection to that port is no listener", () => {
  const line = (state: string): string =>
    `   0: 0100007F:1F90 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000   998        0 12345 1 0 100 0 0 10 0`;
  expect(parseListener(`head\n${line("01")}\n`, 8080)).toBeNull();
  expect(parseListener(`head\n${line("0A")}\n`, 8080)).toEqual({ inode: "12345", uid: 998 });
  expect(parseListener(`head\n${line("0A")}\n`, 8081)).toBeNull();
});
