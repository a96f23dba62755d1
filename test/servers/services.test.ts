import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { expect, onTestFinished, test } from "vitest";
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

/** Listens, and takes no connection: of those it doesn't take, one more waits than it has room for. */
const HANGS = `
import socket, sys, time
listener = socket.socket()
listener.bind((sys.argv[1], 0))
listener.listen(0)
print(listener.getsockname()[1], flush=True)
time.sleep(1000)`;

async function hanging(host: string): Promise<string> {
  const child = spawn(pythonPath, ["-c", HANGS, host], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = await once(child.stdout, "data");
  const port = Number(String(line));
  const waiting = [1, 2, 3, 4].map(() => connect({ host, port }).on("error", () => {}));
  onTestFinished(() => {
    for (const socket of waiting) socket.destroy();
    child.kill("SIGKILL");
  });
  await until("a full queue", () => waiting.filter(({ connecting }) => !connecting).length > 0);
  return `http://${host}:${port}`;
}

async function seenAt(url: string) {
  const services = new Services(() => {});
  onTestFinished(() => services.close());
  const job = makeJob({
    service: true,
    pause: { method: "http", url, remote: true, release: [{ path: "/x" }] },
  });
  return await until("a look", () => services.of(job));
}

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
