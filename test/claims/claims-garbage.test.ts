/**
 * What other users may leave in the directory of claims: a claim of theirs at most, and never more than it says.
 * Covers: src/claims/read-claims.ts, src/claims/claim-file.ts
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { ClaimFile } from "../../src/claims/claim-file.ts";
import { readClaims } from "../../src/claims/read-claims.ts";
import { bootId } from "../../src/sense/proc/boot-id.ts";
import { readStat } from "../../src/sense/proc/process.ts";
import { rounds } from "../rounds.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sense-claims-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Of this very process. */
const claim = (): ClaimFile => ({
  version: 1,
  id: "x-1",
  supervisor: "theirs",
  bootId: bootId(),
  job: "tts",
  gpus: ["GPU-1"],
  holds: true,
  sinceMs: 1000,
  readyMs: null,
  pids: [{ pid: process.pid, startTime: readStat(process.pid)?.startTime ?? 0 }],
});
const put = (text: string, name = "claim.json"): void => writeFileSync(join(directory, name), text);
const read = () => readClaims("ours", [directory]);

it("of a living process is read, with its owner as the file system knows him", () => {
  put(JSON.stringify(claim()));
  const uid = process.getuid?.() ?? 0;
  expect(read()).toMatchObject([{ id: `${uid}-x-1`, uid, job: "tts", gpus: ["GPU-1"], holds: true }]);
});

it.each<[string, object]>([
  ["our own", { supervisor: "ours" }],
  ["from before a reboot", { bootId: "another" }],
  ["of a process that is another one by now", { pids: [{ pid: process.pid, startTime: 1 }] }],
  ["of no process", { pids: [] }],
  ["of somebody else's process", { pids: [{ pid: 2 ** 22 + 1, startTime: 1 }] }],
  ["with a name that acts on a terminal", { job: "\u001b[2J" }],
  ["of a later version", { version: 2 }],
])("%s says nothing", (_, wrong) => {
  put(JSON.stringify({ ...claim(), ...wrong }));
  expect(read()).toEqual([]);
});

it("that is a link, a pipe, hidden or large is not read", () => {
  put(JSON.stringify(claim()), ".hidden.json");
  put(JSON.stringify(claim()).padEnd(20_000), "large.json");
  symlinkSync(join(directory, ".hidden.json"), join(directory, "link.json"));
  execFileSync("mkfifo", [join(directory, "pipe.json")]);
  expect(read()).toEqual([]);
});

it("of any kind never makes it throw, nor hold what it doesn't say", () => {
  const whole = JSON.stringify(claim());
  const keys = fc.constantFrom(...Object.keys(claim()), "asks", "uid", "user", "__proto__");
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc.nat(whole.length - 1).map((length) => whole.slice(0, length)),
    fc.tuple(keys, fc.jsonValue()).map(([key, value]) => JSON.stringify({ ...claim(), [key]: value })),
    fc.tuple(keys, keys).map(([from, to]) => {
      const mixed = claim() as unknown as Record<string, unknown>;
      return JSON.stringify({ ...mixed, [to]: mixed[from] });
    }),
  );
  let believed = 0;
  fc.assert(
    fc.property(text, (garbage) => {
      put(garbage);
      for (const one of read()) {
        believed++;
        const said = JSON.parse(garbage);
        const uid = process.getuid?.() ?? 0;
        // Nobody can claim in another's name, for a process that isn't his, or for what isn't a name.
        expect(one).toMatchObject({ uid, job: said.job, gpus: said.gpus, holds: said.holds });
        expect(one.id.startsWith(`${uid}-`)).toBe(true);
        expect(one.pids).toEqual([{ pid: process.pid, startTime: claim().pids[0]?.startTime }]);
        for (const name of [one.job, ...one.gpus]) expect(name).toMatch(/^[\w./:-]+$/);
        for (const time of [one.sinceMs, one.readyMs ?? 0]) expect(Number.isFinite(time)).toBe(true);
        if (one.turn !== undefined) expect(Number.isFinite(one.turn.forMs)).toBe(true);
      }
    }),
    { numRuns: rounds(300) },
  );
  expect(believed).toBeGreaterThan(0);
});
