import { spawn } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { setImmediate as turn } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import type { ServiceSeen } from "../../src/model/server.ts";
import { isGone, Services } from "../../src/servers/services.ts";
import { makeJob } from "../decide/make.ts";
import { pythonPath } from "../python-path.ts";
import { hasPython } from "../runs/given.ts";
import { until } from "../until.ts";

test.each([
  ["a refused connection, at once", "ECONNREFUSED", { wasHere: true, forMs: 0 }, true],
  ["a network that fails, not so soon", "ENETUNREACH", { wasHere: true, forMs: 59_000 }, false],
  ["a process without a descriptor left, not so soon", "EMFILE", { wasHere: true, forMs: 2000 }, false],
  ["a host that stays away", "EHOSTUNREACH", { wasHere: true, forMs: 60_000 }, true],
  ["whatever was never seen there", "EHOSTUNREACH", { wasHere: false, forMs: 0 }, true],
] as const)("gone: %s", (_, code, known, gone) => {
  expect(isGone(code, known)).toBe(gone);
});

/** Listens, and takes one connection for each line: of those it doesn't take, one more waits than it has room for. */
const HANGS = `
import socket, sys
listener = socket.socket()
listener.bind((sys.argv[1], 0))
listener.listen(0)
print(listener.getsockname()[1], flush=True)
for line in sys.stdin:
    listener.accept()
    print("taken", flush=True)`;

/** `fill`: from then on nothing is taken. `take`: one is; resolves once it was. */
async function listening(host: string) {
  const child = spawn(pythonPath, ["-c", HANGS, host], { stdio: ["pipe", "pipe", "ignore"] });
  const [line] = await once(child.stdout, "data");
  const port = Number(String(line));
  onTestFinished(() => void child.kill("SIGKILL"));
  const fill = async (): Promise<void> => {
    const waiting = [1, 2, 3, 4].map(() => connect({ host, port }).on("error", () => {}));
    onTestFinished(() => waiting.forEach((socket) => void socket.destroy()));
    await until("a full queue", () => waiting.filter(({ connecting }) => !connecting).length > 0);
  };
  const take = async (): Promise<void> => {
    child.stdin.write("\n");
    await once(child.stdout, "data");
  };
  return { url: `http://${host}:${port}`, fill, take };
}

async function hanging(host: string): Promise<string> {
  const { url, fill } = await listening(host);
  await fill();
  return url;
}

function lookingAt(url: string): () => ServiceSeen | undefined {
  const services = new Services(() => {});
  onTestFinished(() => services.close());
  const job = makeJob({
    service: true,
    pause: { method: "http", url, remote: true, release: [{ path: "/x" }] },
  });
  return () => services.of(job);
}

const seenAt = (url: string) => until("a look", lookingAt(url));

const own = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === "IPv4" && !one.internal)?.address;

test.runIf(hasPython)("one that listens here and takes no connection hangs, and is there", async () => {
  expect(await seenAt(await hanging("127.0.0.1"))).toMatchObject({ here: true, pid: expect.any(Number) });
});

test.runIf(hasPython && own !== undefined)("an address that has never answered isn't a service", async () => {
  const url = await hanging(own as string);
  expect(await seenAt(url)).toEqual({
    here: false,
    why: `${new URL(url).host} can't be reached (no answer)`,
  });
});

test.runIf(hasPython && own !== undefined)(
  "one elsewhere that falls silent is gone after a minute",
  async () => {
    const { url, fill, take } = await listening(own as string);
    const looks: Socket[] = [];
    const note = (message: unknown): void => {
      looks.push((message as { socket: Socket }).socket);
    };
    vi.useFakeTimers({ toFake: ["performance"] });
    onTestFinished(() => {
      vi.useRealTimers();
      unsubscribe("net.client.socket", note);
    });
    const seen = lookingAt(url);
    const taken = take();
    expect(await until("a look", seen)).toMatchObject({ here: true });
    await taken;
    await fill();
    subscribe("net.client.socket", note);
    /** What is seen of it after a look that begins so much later. */
    const after = async (ms: number) => {
      vi.advanceTimersByTime(ms);
      seen();
      await once(looks.pop() as Socket, "close");
      await turn();
      return seen();
    };
    expect(await after(3000)).toMatchObject({ here: true });
    expect(await after(57_000)).toMatchObject({ here: true });
    expect(await after(3000)).toEqual({
      here: false,
      why: `${new URL(url).host} can't be reached (no answer)`,
    });
  },
);
