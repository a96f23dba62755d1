/** Covers: src/control/protocol.ts */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ask } from "../../src/control/client.ts";
import { MAX_REQUEST_BYTES } from "../../src/control/protocol.ts";
import { rounds } from "../rounds.ts";
import { untilHolds } from "../until.ts";
import { asked, begin, client, end, raw, serve } from "./given.ts";

beforeEach(begin);
afterEach(end);

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
