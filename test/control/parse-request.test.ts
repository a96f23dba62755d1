import fc from "fast-check";
import { expect, it } from "vitest";
import { parseRequest } from "../../src/control/parse-request.ts";

const VALID = [
  { verb: "snapshot" },
  { verb: "watch" },
  { verb: "pause", jobs: ["a", "b"], untilMs: 12.5, by: "ana", force: "terminate" },
  { verb: "pause", jobs: "all", untilMs: null, by: "" },
  { verb: "resume", jobs: "all", by: "ana" },
  { verb: "resume", jobs: ["a"], by: "ana", adopt: true },
  { verb: "rerun", jobs: ["a"], by: "ana" },
  { verb: "cancel", jobs: ["a"], by: "ana" },
  { verb: "stop", pauseJobs: false, by: "ana" },
];

it("takes every request of the protocol as it is", async () => {
  for (const [id, request] of VALID.entries()) {
    expect(await parseRequest(JSON.stringify({ id, ...request }))).toEqual({ ok: true, id, request });
  }
});

it("refuses a request with any one field missing, of another type, or too many", async () => {
  const other = fc.oneof(fc.object(), fc.constant(undefined), fc.constant([1]), fc.constant([]));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...VALID.slice(2)), fc.nat(3), other, async (request, at, value) => {
      const key = Object.keys(request)[at + 1] ?? "added";
      if (["force", "adopt"].includes(key) && value === undefined) return;
      if (key === "added" && value === undefined) return;
      const parsed = await parseRequest(JSON.stringify({ id: 7, ...request, [key]: value }));
      expect(parsed).toMatchObject({ ok: false, id: 7 });
    }),
  );
});

it("never throws, whatever the line", async () => {
  const line = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc
      .dictionary(fc.constantFrom("id", "verb", "jobs", "by", "spec", "__proto__"), fc.jsonValue())
      .map((value) => JSON.stringify(value)),
  );
  await fc.assert(
    fc.asyncProperty(line, async (text) => {
      expect(typeof (await parseRequest(text)).ok).toBe("boolean");
    }),
  );
});
