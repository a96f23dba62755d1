/**
 * Events told to real commands and to a real HTTP server, one that fails in every way it can.
 * Covers: src/notify/command.ts, src/notify/webhook.ts
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { configSchema, type Notify } from "../../src/config/schema/schema.ts";
import type { AuditEvent, EventKind } from "../../src/model/event.ts";
import { Notifier } from "../../src/notify/notify.ts";
import { untilHolds } from "../until.ts";

const event = (id: number, kind: EventKind = "job.failed", job: string | null = "tts"): AuditEvent => ({
  id,
  at: "2026-11-24T10:00:00.000+00:00",
  kind,
  job,
  run: 1,
  actor: "job",
  reason: `Run ${id} ended with exit code 1.`,
  evidence: { readings: { "cpu.others": 71 } },
  hash: `${id}`,
});
const notify = (how: object): Notify[] =>
  configSchema.parse({ notify: [{ on: ["job.failed"], ...how }] }).notify;

let directory: string;
let server: Server;
let open: Set<Socket>;
let url: string;
let got: { headers: IncomingMessage["headers"]; body: string; path: string | undefined }[];
/** What the server does with a request; null: takes it, and never answers. */
let status: number | null;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "supervisor-notify-"));
  [got, status] = [[], 200];
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => {
      body += part;
    });
    request.on("end", () => {
      got.push({ headers: request.headers, body, path: request.url });
      if (status !== null) response.writeHead(status, { location: `${url}/elsewhere` }).end("thanks");
    });
  });
  open = new Set();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  rmSync(directory, { recursive: true, force: true });
});

describe("a command", () => {
  test("gets the chosen events on its stdin, one after the other, its arguments as they are", async () => {
    const file = join(directory, "told");
    const script = join(directory, "tell.sh");
    writeFileSync(script, '#!/bin/sh\ncat >> "$1"; echo "; $2" >> "$1"\n', { mode: 0o755 });
    const notifier = new Notifier(() => notify({ command: [script, file, "$(id); *"], jobs: ["tts"] }));
    notifier.tell(event(1));
    notifier.tell(event(2, "job.started"));
    notifier.tell(event(3, "job.failed", "other"));
    notifier.tell(event(4, "job.failed", null));
    notifier.tell(event(5));
    // A close waits for some seconds only.
    await untilHolds(() => expect(readFileSync(file, "utf8").match(/\n/g)).toHaveLength(2));
    await notifier.close();
    const lines = readFileSync(file, "utf8").trim().split("\n");
    const told = lines.map((line) => JSON.parse(line.slice(0, line.lastIndexOf("; $(id)"))));
    expect(told).toMatchObject([event(1), event(5)]);
    expect(told[0].text).toMatch(/: tts: Run 1 ended with exit code 1\.$/);
    expect(lines[0]?.endsWith("; $(id); *")).toBe(true);
  });

  test.each([
    [["false"], "it ended with exit code 1"],
    [["/no/such/program"], "/no/such/program does not exist"],
    [["/tmp"], "/tmp is not an executable file"],
    [["sleep", "1000"], "it took longer than 0.2 s and was killed"],
    [["sh", "-c", "kill -9 $$"], "it ended with SIGKILL"],
  ])("%j fails: the problem is shown until it works again", async (command, why) => {
    const timeoutSeconds = command[0] === "sleep" ? 0.2 : 60;
    const settings = notify({ command, timeoutSeconds });
    const notifier = new Notifier(() => settings);
    expect(notifier.problems).toEqual([]);
    notifier.tell(event(1));
    notifier.tell(event(2));
    await untilHolds(() =>
      expect(notifier.problems).toEqual([
        `Events don't reach '${command[0]}': ${why}. 2 lost; nothing else is affected.`,
      ]),
    );
    settings[0] = notify({ command: ["true"] })[0] as Notify;
    expect(notifier.problems).toEqual([]);
  });

  test("one whose time is edited is given that time from the next message on", async () => {
    const [begun, go] = ["begun", "go"].map((name) => join(directory, name));
    const command = ["sh", "-c", `: > ${begun}; until [ -e ${go} ]; do sleep 0.05; done`];
    const settings = notify({ command, timeoutSeconds: 60 });
    const notifier = new Notifier(() => settings);
    notifier.tell(event(1));
    await untilHolds(() => expect(existsSync(begun as string)).toBe(true));
    settings[0] = notify({ command, timeoutSeconds: 0.2 })[0] as Notify;
    notifier.tell(event(2));
    await untilHolds(() => expect(notifier.problems[0]).toContain("it took longer than 0.2 s"));
    writeFileSync(go as string, "");
    await notifier.close();
  });

  test("one that reads nothing, of a message larger than a pipe, is fine", async () => {
    const once = join(directory, "once");
    // It reads nothing, either time; that the second time went well shows once the first one's problem is gone.
    const fails = `[ -e ${once} ] || { : > ${once}; exit 1; }`;
    const notifier = new Notifier(() => notify({ command: ["sh", "-c", fails] }));
    notifier.tell(event(0));
    await untilHolds(() => expect(notifier.problems).toHaveLength(1));
    notifier.tell({ ...event(1), reason: "x".repeat(1_000_000) });
    await untilHolds(() => expect(notifier.problems).toEqual([]));
    await notifier.close();
  });
});

describe("a webhook", () => {
  test("is posted the event; URL and headers come from the environment and appear in no problem", async () => {
    vi.stubEnv("HOOK_URL", `${url}/services/T0KEN?key=T0KEN`);
    vi.stubEnv("HOOK_AUTH", "Bearer T0KEN");
    const settings = notify({ webhook: "env:HOOK_URL", headers: { Authorization: "env:HOOK_AUTH" } });
    const notifier = new Notifier(() => settings);
    notifier.tell(event(1));
    await untilHolds(() => expect(got).toHaveLength(1));
    expect(got[0]).toMatchObject({
      path: "/services/T0KEN?key=T0KEN",
      headers: { authorization: "Bearer T0KEN", "content-type": "application/json" },
    });
    expect(JSON.parse(got[0]?.body ?? "")).toMatchObject({ schemaVersion: 1, ...event(1) });
    for (const code of [404, 302]) {
      status = code;
      notifier.tell(event(code));
      await untilHolds(() => expect(notifier.problems[0]).toContain(`it answered with status ${code}`));
    }
    expect(got.map(({ path }) => path)).not.toContain("/elsewhere");
    vi.stubEnv("HOOK_URL", "http://T0KEN.invalid/T0KEN");
    notifier.tell(event(2));
    await untilHolds(() =>
      expect(notifier.problems[0]).toMatch(/the webhook of env:HOOK_URL: E[A-Z_]+\. 1 waiting, 2 lost;/),
    );
    vi.stubEnv("HOOK_URL", "T0KEN");
    await untilHolds(() => expect(notifier.problems[0]).toContain("its URL is invalid"));
    vi.stubEnv("HOOK_URL", "");
    notifier.tell(event(4));
    await untilHolds(() =>
      expect(notifier.problems[0]).toContain("HOOK_URL isn't set in the supervisor's environment"),
    );
    expect(notifier.problems.join()).not.toContain("T0KEN");
    status = 204;
    vi.stubEnv("HOOK_URL", url);
    notifier.tell(event(5));
    await untilHolds(() => expect(notifier.problems).toEqual([]));
  });

  test("one that never answers is tried again later; meanwhile the caller never waits and the queue stays short", async () => {
    status = null;
    const settings = notify({ webhook: url, timeoutSeconds: 6 });
    const notifier = new Notifier(() => settings);
    for (let id = 0; id < 1000; id++) notifier.tell(event(id));
    // One is on its way, a hundred wait; the oldest are dropped, which shows at once.
    expect(notifier.problems[0]).toContain("there are too many of them. 101 waiting, 899 lost;");
    await untilHolds(() =>
      expect(notifier.problems[0]).toContain("no answer within 6 s. 100 waiting, 900 lost;"),
    );
    status = 200;
    await untilHolds(() => expect(got.length).toBe(101));
    expect(JSON.parse(got.at(-1)?.body ?? "").id).toBe(999);
    await untilHolds(() => expect(notifier.problems).toEqual([]));
  });

  test("at the end it waits for what is on its way, not for ever", async () => {
    status = null;
    const notifier = new Notifier(() => notify({ webhook: url, timeoutSeconds: 300 }));
    notifier.tell(event(1));
    await untilHolds(() => expect(got).toHaveLength(1));
    const file = join(directory, "pid");
    const slow = new Notifier(() => notify({ command: ["sh", "-c", `echo $$ > ${file}; exec sleep 1000`] }));
    slow.tell(event(1));
    await untilHolds(() => expect(readFileSync(file, "utf8")).toMatch(/\d\n/));
    await Promise.all([notifier.close(), slow.close()]);
    notifier.tell(event(2));
    await untilHolds(() => expect(open.size).toBe(0));
    expect(got).toHaveLength(1);
    expect(existsSync(`/proc/${readFileSync(file, "utf8").trim()}`)).toBe(false);
  });
});
