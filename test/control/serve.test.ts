/** Covers: src/control/client.ts, src/control/listening-socket.ts, src/control/open-socket.ts, src/control/protocol.ts, src/control/socket-file.ts */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ask, type ControlClient, connectControl } from "../../src/control/client.ts";
import { NoSupervisor } from "../../src/control/open-socket.ts";
import { type Answer, MAX_REQUEST_BYTES, type Snapshot } from "../../src/control/protocol.ts";
import { type Command, type ControlServer, serveControl } from "../../src/control/serve.ts";
import { rounds } from "../rounds.ts";
import { untilHolds } from "../until.ts";

let directory: string;
let path: string;
let server: ControlServer | null = null;
let made = 0;
let size = 10;
const asked: Command[] = [];
const open: (ControlClient | Socket)[] = [];

const snapshot = () => ({ schemaVersion: 1, atMs: ++made, filler: "x".repeat(size) }) as unknown as Snapshot;

async function serve(): Promise<ControlServer> {
  server = await serveControl(path, {
    snapshot,
    onRequest: async (request) => {
      asked.push(request);
      if (request.verb === "cancel") throw new Error("it broke");
      return { ok: true, result: request.verb };
    },
  });
  return server;
}

/** A client that writes whatever it likes, and what it was answered. */
async function raw(): Promise<{ socket: Socket; answers: Answer[]; closed: () => boolean }> {
  const socket = connect(path);
  open.push(socket as Socket);
  const answers: Answer[] = [];
  let closed = false;
  let rest = "";
  socket.on("error", () => {});
  socket.on("close", () => {
    closed = true;
  });
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) answers.push(JSON.parse(line));
  });
  await new Promise((resolve) => socket.once("connect", resolve));
  return { socket, answers, closed: () => closed };
}

async function client(watch = false): Promise<ControlClient> {
  const made = await connectControl(path, { watch });
  open.push(made);
  return made;
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "control-"));
  path = join(directory, "state", "supervisor.sock");
  made = 0;
  size = 10;
  asked.length = 0;
});

afterEach(async () => {
  for (const one of open.splice(0)) "destroy" in one ? one.destroy() : one.close();
  await server?.close();
  server = null;
  rmSync(directory, { recursive: true });
});

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

describe("requests", () => {
  it("are answered, in any number over one connection", async () => {
    await serve();
    const one = await client();
    const pause = one.request({ verb: "pause", jobs: ["a"], untilMs: null, by: "ana" });
    const resume = one.request({ verb: "resume", jobs: "all", by: "ana" });
    expect(await pause).toMatchObject({ ok: true, result: "pause" });
    expect(await resume).toMatchObject({ ok: true, result: "resume" });
    expect(asked[0]).toEqual({ verb: "pause", jobs: ["a"], untilMs: null, by: "ana" });
  });

  it("that a supervisor of another version doesn't know name the way to start it anew", async () => {
    await serve();
    const asking = await client();
    const later = [{ verb: "dance" }, { verb: "cancel", jobs: ["a"], by: "me", mildly: true }];
    for (const request of later)
      await expect(ask(asking, request as never)).rejects.toThrow(
        /is of another version .*: supervisor restart$/,
      );
    await expect(ask(asking, { verb: "cancel", jobs: ["a"] } as never)).rejects.toThrow(
      /^'by' must be [^.]*$/,
    );
  });

  it("that fail inside the supervisor are answers, not crashes", async () => {
    await serve();
    const one = await client();
    expect(await one.request({ verb: "cancel", jobs: ["a"], by: "ana" })).toMatchObject({
      ok: false,
      code: "failed",
      error: "it broke",
    });
  });

  it("reach the caller only when every field is right", async () => {
    await serve();
    const { socket, answers } = await raw();
    const bad = [
      "{",
      "[]",
      "null",
      '{"id":1}',
      '{"id":2,"verb":"toString"}',
      '{"id":3,"verb":"pause"}',
      '{"id":4,"verb":"pause","jobs":[],"untilMs":null,"by":"x"}',
      '{"id":5,"verb":"pause","jobs":"some","untilMs":null,"by":"x"}',
      '{"id":6,"verb":"pause","jobs":["a"],"untilMs":"18:00","by":"x"}',
      '{"id":7,"verb":"pause","jobs":["a"],"untilMs":null,"by":"x","freeze":1}',
      '{"id":8,"verb":"stop","pauseJobs":true,"by":"x","force":true}',
      '{"id":9,"verb":"add","by":"x","spec":{"name":"../evil","command":["true"]}}',
      '{"id":10,"verb":"add","by":"x","spec":{"name":"a"}}',
      "\u0000\u0001garbage",
    ];
    socket.write(`${bad.join("\n")}\n`);
    await untilHolds(() => expect(answers).toHaveLength(bad.length));
    expect(answers.filter((answer) => answer.ok || answer.code !== "bad-request")).toEqual([]);
    expect(asked).toEqual([]);
    expect(answers.find((answer) => answer.id === 8)).toMatchObject({ error: "unknown field 'force'" });
    expect(answers.find((answer) => answer.id === 9)).toMatchObject({
      error: expect.stringMatching(/^spec\.name: /),
    });
    socket.write('{"id":11,"verb":"resume","jobs":["a"],"by":"x"}\n');
    await untilHolds(() => expect(answers.find((answer) => answer.id === 11)?.ok).toBe(true));
  });

  it("of any bytes are answered or cut off, act on nothing, and keep nobody else from being heard", async () => {
    await serve();
    const good = JSON.stringify({ id: 1, verb: "pause", jobs: ["a"], untilMs: null, by: "x" });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((some) => Buffer.from(some)),
      fc.string({ unit: "binary", maxLength: 200 }).map((some) => Buffer.from(`${some}\n`)),
      fc.jsonValue().map((value) => Buffer.from(`${JSON.stringify(value)}\n`)),
      fc.nat(good.length - 1).map((length) => Buffer.from(`${good.slice(0, length)}\n`)),
      fc
        .tuple(
          fc.constantFrom("verb", "jobs", "untilMs", "by", "more"),
          fc.oneof(fc.object(), fc.constant([])),
        )
        .map(([key, value]) => Buffer.from(`${JSON.stringify({ ...JSON.parse(good), [key]: value })}\n`)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { minLength: 1, maxLength: 5 }), async (pieces) => {
        const { socket, answers, closed } = await raw();
        for (const piece of pieces) socket.write(piece);
        socket.write("\n");
        // Whoever sends it knows that it has been heard once this one is answered.
        socket.write('{"id":77,"verb":"snapshot"}\n');
        await untilHolds(() => expect(closed() || answers.some(({ id }) => id === 77)).toBe(true));
        for (const answer of answers) expect(answer.ok).toBe(answer.id === 77);
        socket.destroy();
      }),
      { numRuns: rounds(60) },
    );
    expect(asked).toEqual([]);
    const one = await client();
    expect(await one.request({ verb: "resume", jobs: "all", by: "ana" })).toMatchObject({ ok: true });
  });

  it("that add a job arrive with every default filled in", async () => {
    await serve();
    const one = await client();
    await one.request({ verb: "add", spec: { name: "a", command: ["true"] } as never, by: "x" });
    expect(asked[0]).toMatchObject({ spec: { priority: 0, pause: { method: "auto" } } });
  });

  it("in pieces are put together; a line that never ends closes only its own connection", async () => {
    await serve();
    const { socket, answers } = await raw();
    const line = Buffer.from('{"id":1,"verb":"resume","jobs":["ж"],"by":"x"}\n');
    for (const byte of line) socket.write(Buffer.from([byte]));
    await untilHolds(() => expect(answers).toHaveLength(1));
    expect(asked[0]).toMatchObject({ jobs: ["ж"] });

    const endless = await raw();
    endless.socket.write("x".repeat(MAX_REQUEST_BYTES + 1));
    await untilHolds(() => expect(endless.closed()).toBe(true));
    expect(endless.answers[0]).toMatchObject({ ok: false, code: "bad-request" });
    expect(await (await client()).request({ verb: "snapshot" })).toMatchObject({ ok: true });
  });
});

describe("watching", () => {
  it("delivers one snapshot at once and each that is published; nobody watching makes none", async () => {
    const running = await serve();
    running.publish();
    expect(made).toBe(0);
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
    expect(made).toBe(3);
    watchers[0]?.close();
    await untilHolds(() => expect(running.watchers).toBe(1));
  });

  it("drops a watcher that doesn't read, without holding more than its backlog", async () => {
    const running = await serve();
    size = 1_000_000;
    const slow = await raw();
    slow.socket.pause();
    slow.socket.write('{"id":1,"verb":"watch"}\n');
    await untilHolds(() => expect(running.watchers).toBe(1));
    const before = made;
    await untilHolds(() => {
      running.publish();
      expect(running.watchers).toBe(0);
    });
    expect(made - before).toBeLessThan(5);
  });

  it("ends with an answer to whoever asked for the end", async () => {
    let release = () => {};
    server = await serveControl(path, {
      snapshot,
      onRequest: () =>
        new Promise((resolve) => {
          release = () => resolve({ ok: true, result: "stopped" });
        }),
    });
    const one = await client();
    const answer = one.request({ verb: "stop", pauseJobs: true, by: "x" });
    // Answered only when closing has begun, as a supervisor does.
    await one.request({ verb: "snapshot" });
    const closed = server.close();
    server = null;
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
    server = null;
    await untilHolds(() => expect(reasons).toHaveLength(1));
    await expect(one.request({ verb: "snapshot" })).rejects.toThrow(NoSupervisor);
    await expect(one.reconnect()).rejects.toThrow(NoSupervisor);
    await serve();
    await one.reconnect();
    expect(await one.request({ verb: "snapshot" })).toMatchObject({ ok: true });
  });

  it("replaces a connection that is still open: that isn't lost, and what was asked of it fails", async () => {
    const onRequest = () => new Promise<never>(() => {});
    server = await serveControl(path, { snapshot, onRequest });
    const one = await client(true);
    const reasons: string[] = [];
    one.onClose((reason) => reasons.push(reason));
    const asked = one.request({ verb: "stop", pauseJobs: false, by: "me" });
    const unanswered = asked.catch((error: Error) => error.message);
    await one.reconnect();
    expect(await unanswered).toBe("the connection was closed");
    await untilHolds(() => expect(server?.watchers).toBe(1));
    expect(reasons).toEqual([]);
  });
});

describe("the socket's place", () => {
  it("is private, and gone after close", async () => {
    const running = await serve();
    expect(statSync(join(directory, "state")).mode & 0o777).toBe(0o700);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await running.close();
    server = null;
    expect(existsSync(path)).toBe(false);
    await expect(connectControl(path)).rejects.toThrow(NoSupervisor);
  });

  it("is taken over from a socket that nobody answers, and from no other", async () => {
    const running = await serve();
    await expect(
      serveControl(path, { snapshot, onRequest: async () => ({ ok: true, result: 0 }) }),
    ).rejects.toThrow(/Another supervisor answers/);
    await running.close();
    server = null;

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
    path = join(directory, "link", "other.sock");
    await expect(
      serveControl(path, { snapshot, onRequest: async () => ({ ok: true, result: 0 }) }),
    ).rejects.toThrow(/is not a directory/);
  });

  it("is not taken from a file that isn't a socket", async () => {
    path = join(directory, "supervisor.sock");
    writeFileSync(path, "mine");
    await expect(serve()).rejects.toThrow(/is not a socket/);
    expect(existsSync(path)).toBe(true);
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
