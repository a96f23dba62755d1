/** Covers: src/control/open-socket.ts */
import { mkdirSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ask, connectControl } from "../../src/control/client.ts";
import { NoSupervisor } from "../../src/control/open-socket.ts";
import { untilHolds } from "../until.ts";
import { begin, client, directory, end, open, path, raw, serve, snapshots } from "./given.ts";

beforeEach(begin);
afterEach(end);

it("one that takes a connection and never answers isn't waited for for ever; a stop is", async () => {
  const mute = createServer(() => {});
  mkdirSync(join(directory, "state"));
  await new Promise<void>((done) => mute.listen(path, done));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const client = await connectControl(path);
    open.push(client);
    const asks = [ask(client, { verb: "snapshot" }), connectControl(path, { watch: true })];
    let isOver = false;
    const stop = client.request({ verb: "stop", pauseJobs: true, by: "ana" }).catch(() => {
      isOver = true;
    });
    const told = asks.map((one) =>
      expect(one).rejects.toThrow(/[Tt]he supervisor hasn't answered for 1 min/),
    );
    // The second one asks once it is connected.
    for (let look = 0; look < 100; look++) {
      await new Promise((turn) => setImmediate(turn));
      await vi.advanceTimersByTimeAsync(60_000);
    }
    await Promise.all(told);
    expect(isOver).toBe(false);
    client.close();
    await stop;
    expect(isOver).toBe(true);
  } finally {
    vi.useRealTimers();
    mute.close();
  }
});

it("a client that is closed while it connects again leaves no connection open", async () => {
  const sockets: Socket[] = [];
  const other = createServer((socket) => void sockets.push(socket.on("error", () => {}).resume()));
  mkdirSync(join(directory, "state"));
  await new Promise<void>((done) => other.listen(path, done));
  try {
    const client = await connectControl(path);
    const again = client.reconnect();
    client.close();
    await expect(again).rejects.toThrow("the connection was closed");
    // A connection that is closed before it is taken is taken, too.
    await untilHolds(() => expect(sockets.map(({ readableEnded }) => readableEnded)).toEqual([true, true]));
    await expect(client.reconnect()).rejects.toThrow("the connection was closed");
  } finally {
    for (const socket of sockets) socket.destroy();
    other.close();
  }
});

describe("watching", () => {
  it("delivers one snapshot at once and each that is published; nobody watching makes none", async () => {
    const running = await serve();
    running.publish();
    expect(snapshots.made).toBe(0);
    const seen: number[][] = [[], []];
    const watchers = [await client(true), await client(true)];
    watchers.forEach((watcher, i) => {
      watcher.onSnapshot((got) => seen[i]?.push(got.atMs));
    });
    expect(running.watchers).toBe(2);
    running.publish();
    await untilHolds(() =>
      expect(seen).toEqual([
        [1, 3],
        [2, 3],
      ]),
    );
    expect(snapshots.made).toBe(3);
    watchers[0]?.close();
    await untilHolds(() => expect(running.watchers).toBe(1));
  });

  it("drops a watcher that doesn't read, without holding more than its backlog", async () => {
    const running = await serve();
    snapshots.size = 1_000_000;
    const slow = await raw();
    slow.socket.pause();
    slow.socket.write('{"id":1,"verb":"watch"}\n');
    await untilHolds(() => expect(running.watchers).toBe(1));
    const before = snapshots.made;
    await untilHolds(() => {
      running.publish();
      expect(running.watchers).toBe(0);
    });
    expect(snapshots.made - before).toBeLessThan(5);
  });

  it("ends with an answer to whoever asked for the end", async () => {
    let release = () => {};
    const server = await serve(
      () =>
        new Promise((resolve) => {
          release = () => resolve({ ok: true, result: "stopped" });
        }),
    );
    const one = await client();
    const answer = one.request({ verb: "stop", pauseJobs: true, by: "x" });
    // Answered only when closing has begun, as a supervisor does.
    await one.request({ verb: "snapshot" });
    const closed = server.close();
    release();
    expect(await answer).toMatchObject({ ok: true, result: "stopped" });
    await closed;
  });

  it("tells a client that the supervisor has gone, and fails what it had asked", async () => {
    const running = await serve();
    const one = await client(true);
    const reasons: string[] = [];
    one.onClose((reason) => reasons.push(reason));
    await running.close();
    await untilHolds(() => expect(reasons).toHaveLength(1));
    await expect(one.request({ verb: "snapshot" })).rejects.toThrow(NoSupervisor);
    await expect(one.reconnect()).rejects.toThrow(NoSupervisor);
    await serve();
    await one.reconnect();
    expect(await one.request({ verb: "snapshot" })).toMatchObject({ ok: true });
  });

  it("replaces a connection that is still open: that isn't lost, and what was asked of it fails", async () => {
    const server = await serve(() => new Promise<never>(() => {}));
    const one = await client(true);
    const reasons: string[] = [];
    one.onClose((reason) => reasons.push(reason));
    const asked = one.request({ verb: "stop", pauseJobs: false, by: "me" });
    const unanswered = asked.catch((error: Error) => error.message);
    await one.reconnect();
    expect(await unanswered).toBe("the connection was closed");
    await untilHolds(() => expect(server.watchers).toBe(1));
    expect(reasons).toEqual([]);
  });
});
