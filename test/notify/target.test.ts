/**
 * What is told of events, in each form, again and again, and together; to a real HTTP server.
 * Covers: src/notify/message.ts, src/notify/sent.ts
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { configSchema, type Notify } from "../../src/config/schema/schema.ts";
import type { AuditEvent } from "../../src/model/event.ts";
import { Notifier } from "../../src/notify/notify.ts";
import { deadMount } from "../dead-mount.ts";
import { fuse, testWith } from "../needs.ts";
import { untilHolds } from "../until.ts";
import { Receiver } from "./receiver.ts";

const event = (id: number, facts: Partial<AuditEvent> = {}): AuditEvent => ({
  id,
  at: "2026-11-24T10:00:00.000+00:00",
  kind: "job.failed",
  job: "tts",
  run: 1,
  actor: "job",
  reason: `Run ${id} failed.`,
  hash: "",
  ...facts,
});

let receiver: Receiver;
let url: string;
let directory: string;
let notifiers: Notifier[];
beforeEach(async () => {
  receiver = new Receiver();
  url = await receiver.start();
  directory = mkdtempSync(join(tmpdir(), "supervisor-target-"));
  notifiers = [];
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const notifier of notifiers) await notifier.close();
  await receiver.close();
  rmSync(directory, { recursive: true, force: true });
});

function notifierOf(how: object): Notifier {
  const settings: Notify[] = configSchema.parse({
    notify: [{ on: ["job.failed", "job.finished"], webhook: `${url}/x`, ...how }],
  }).notify;
  const notifier = new Notifier(() => settings);
  notifiers.push(notifier);
  return notifier;
}

async function posted(count: number): Promise<string[]> {
  await untilHolds(() => expect(receiver.got).toHaveLength(count));
  return receiver.got.map(({ body }) => body);
}

describe("each form", () => {
  const host = hostname();
  const odd = { job: "a<b>&@everyone", reason: "C’était «fini»." };

  test.each([
    ["slack", { text: `${host}: a&lt;b&gt;&amp;@everyone: C’était «fini».` }],
    ["discord", { content: `${host}: a<b>&@everyone: C’était «fini».`, allowed_mentions: { parse: [] } }],
    ["json", { schemaVersion: 1, host, text: `${host}: a<b>&@everyone: C’était «fini».`, ...event(1, odd) }],
  ])("%s", async (format, body) => {
    notifierOf({ format }).tell(event(1, odd));
    expect(JSON.parse((await posted(1))[0] ?? "")).toEqual(body);
    expect(receiver.got[0]).toMatchObject({ path: "/x", headers: { "content-type": "application/json" } });
  });

  test("text, to a webhook and to a command", async () => {
    notifierOf({ format: "text" }).tell(event(1, odd));
    expect(await posted(1)).toEqual([`${host}: a<b>&@everyone: C’était «fini».\n`]);
    expect(receiver.got[0]?.headers["content-type"]).toBe("text/plain; charset=utf-8");
    const file = join(directory, "told");
    notifierOf({ format: "text", webhook: undefined, command: ["sh", "-c", `cat > ${file}`] }).tell(event(2));
    await untilHolds(() => expect(readFileSync(file, "utf8")).toBe(`${host}: tts: Run 2 failed.\n`));
  });

  test("ntfy: at the root of its server, with the topic that the secret URL names; trouble is urgent", async () => {
    vi.stubEnv("NTFY", `${url}/team%20r?x=1`);
    vi.stubEnv("NTFY_AUTH", "Bearer tk_1");
    const notifier = notifierOf({
      format: "ntfy",
      webhook: "env:NTFY",
      headers: { Authorization: "env:NTFY_AUTH" },
    });
    notifier.tell(event(1));
    notifier.tell(event(2, { kind: "job.finished", reason: "It finished." }));
    const bodies = (await posted(2)).map((body) => JSON.parse(body));
    const topic = "team r";
    expect(bodies).toEqual([
      { topic, title: host, message: "tts: Run 1 failed.", priority: 4, tags: ["warning"] },
      { topic, title: host, message: "tts: It finished." },
    ]);
    expect(receiver.got[0]).toMatchObject({ path: "/?x=1", headers: { authorization: "Bearer tk_1" } });
    vi.stubEnv("NTFY", `${url}/a/b`);
    notifier.tell(event(3));
    await untilHolds(() =>
      expect(notifier.problems[0]).toContain("its URL doesn't end in a topic: https://HOST/TOPIC. 1 lost;"),
    );
  });

  test("a text that is too long for its target is cut, and no character in two", async () => {
    const reason = "🎤".repeat(3000);
    notifierOf({ format: "discord" }).tell(event(1, { reason }));
    notifierOf({ format: "ntfy" }).tell(event(1, { reason }));
    const bodies = (await posted(2)).map((body) => JSON.parse(body));
    const { content } = bodies.find((body) => "content" in body);
    const { message } = bodies.find((body) => "topic" in body);
    expect([...content]).toHaveLength(2000);
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(4000);
    for (const text of [content, message]) expect(text).toMatch(/🎤…$/u);
  });
});

describe("what fails", () => {
  test("is tried again, later each time, in order and once", async () => {
    receiver.answers.push([503, {}], [500, {}]);
    const notifier = notifierOf({});
    for (const id of [1, 2]) notifier.tell(event(id));
    await untilHolds(() => expect(notifier.problems[0]).toContain("status 503. 2 waiting; nothing"));
    const ids = (await posted(4)).map((body) => JSON.parse(body).id);
    expect(ids).toEqual([1, 1, 1, 2]);
    const [first = 0, second = 0, third = 0] = receiver.got.map(({ atMs }) => atMs);
    expect(second - first).toBeGreaterThan(900);
    expect(third - second).toBeGreaterThan(1800);
    await untilHolds(() => expect(notifier.problems).toEqual([]));
  });

  test("waits as long as the server asks for", async () => {
    receiver.answers.push([429, { "retry-after": "3" }]);
    notifierOf({}).tell(event(1));
    await posted(2);
    const [first, second] = receiver.got.map(({ atMs }) => atMs);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(2900);
  });

  test("is not sent again where that would be in vain, and what follows is", async () => {
    receiver.answers.push([410, {}]);
    const notifier = notifierOf({});
    for (const id of [1, 2]) notifier.tell(event(id));
    expect((await posted(2)).map((body) => JSON.parse(body).id)).toEqual([1, 2]);
  });

  test("a command that ends with 75 is run again, another isn't", async () => {
    const file = join(directory, "runs");
    const count = (code: number): string[] => ["sh", "-c", `echo ${code} >> ${file}; exit ${code}`];
    for (const code of [75, 1]) notifierOf({ webhook: undefined, command: count(code) }).tell(event(code));
    await untilHolds(() =>
      expect(readFileSync(file, "utf8").trim().split("\n").sort()).toEqual(["1", "75", "75", "75"]),
    );
  });

  testWith(fuse)("a command that can't be looked at now is run once it can", async () => {
    const [file, broken] = [join(directory, "told"), join(directory, "broken")];
    mkdirSync(broken);
    const heal = deadMount(broken);
    vi.stubEnv("PATH", `${broken}:${process.env.PATH}`);
    const notifier = notifierOf({ webhook: undefined, command: ["sh", "-c", `cat >> ${file}`] });
    notifier.tell(event(1));
    await untilHolds(() =>
      expect(notifier.problems[0]).toContain(`${broken}/sh can't be looked at (ENOTCONN). 1`),
    );
    heal();
    await untilHolds(() => expect(readFileSync(file, "utf8")).toContain("Run 1 failed."));
  });

  test("gets a last try when the supervisor ends", async () => {
    receiver.answers.push([503, {}]);
    const notifier = notifierOf({});
    notifier.tell(event(1));
    await untilHolds(() => expect(notifier.problems).toHaveLength(1));
    await notifier.close();
    expect(receiver.got).toHaveLength(2);
  });
});

describe("a digest", () => {
  test("tells together what has happened since the first event, and what comes later with the next", async () => {
    const notifier = notifierOf({ everyMinutes: 0.02, format: "text" });
    for (const id of [1, 2]) notifier.tell(event(id));
    expect(receiver.got).toEqual([]);
    const [body = ""] = await posted(1);
    expect(body.split("\n")).toEqual([
      `${hostname()}: 2 events`,
      expect.stringMatching(/\d\d:\d\d tts: Run 1 failed\.$/),
      expect.stringMatching(/\d\d:\d\d tts: Run 2 failed\.$/),
      "",
    ]);
    notifier.tell(event(3));
    expect((await posted(2))[1]).toContain(": 1 event\n");
  });

  test("as JSON it holds the events, says what was dropped, and is sent at the end", async () => {
    const notifier = notifierOf({ everyMinutes: 600 });
    for (let id = 1; id <= 130; id++) notifier.tell(event(id));
    await notifier.close();
    const [digest] = (await posted(1)).map((body) => JSON.parse(body));
    expect(digest).toMatchObject({ schemaVersion: 1, dropped: 30, host: hostname() });
    expect(digest.text).toMatch(/: 100 events \(30 earlier ones left out\)\n/);
    expect(digest.events.map(({ id }: AuditEvent) => id)).toEqual(
      Array.from({ length: 100 }, (_, i) => i + 31),
    );
  });

  test("that fails is tried again whole, with what has come meanwhile", async () => {
    receiver.answers.push([502, {}]);
    const notifier = notifierOf({ everyMinutes: 0.01 });
    notifier.tell(event(1));
    await posted(1);
    await untilHolds(() => expect(notifier.problems).toHaveLength(1));
    notifier.tell(event(2));
    const [, again] = (await posted(2)).map((body) => JSON.parse(body));
    expect(again.events.map(({ id }: AuditEvent) => id)).toEqual([1, 2]);
  });
});
