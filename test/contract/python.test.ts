/**
 * The Python library keeps every case, and reads what no case names as the TypeScript parsers do.
 * Covers: src/contract/status.ts, src/contract/manifest.ts, src/contract/control.ts
 */
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseManifest } from "../../src/contract/manifest.ts";
import { stepOfName } from "../../src/contract/names.ts";
import { parseStatus } from "../../src/contract/status.ts";
import { Rejected } from "../../src/contract/values.ts";
import { describeWith, python } from "../needs.ts";
import { pythonPath } from "../python-path.ts";
import { type Case, casesOf, type Kind } from "./cases.ts";

const PARSE_ALL = `
import base64, json, sys
sys.path.insert(0, "python")
from supervisor_job._contract.control import parse_control
from supervisor_job._contract.manifest import parse_manifest
from supervisor_job._contract.status import parse_status
parse = {"control": lambda text, _: parse_control(text), "status": lambda text, _: parse_status(text), "manifest": parse_manifest}
for kind, text, directory in json.load(sys.stdin):
    try:
        print(json.dumps({"accepted": parse[kind](base64.b64decode(text), directory)}))
    except ValueError as error:
        print(json.dumps({"rejected": str(error)}))
`;

type Read = { accepted: unknown; rejected?: undefined } | { rejected: string };

function parseAll(cases: Pick<Case, "kind" | "bytes" | "directory">[]): Read[] {
  const input = JSON.stringify(cases.map((one) => [one.kind, one.bytes.toString("base64"), one.directory]));
  const { stdout, stderr } = spawnSync(pythonPath, ["-c", PARSE_ALL], {
    input,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const lines = stdout.trim().split("\n");
  expect(lines, stderr).toHaveLength(cases.length);
  return lines.map((line) => JSON.parse(line) as Read);
}

/** What the Python library takes out of a file: of a status it needs two names, the supervisor reads the rest. */
const takenFrom: Record<Kind, (value: Record<string, unknown>) => unknown> = {
  control: ({ sequence, want }) => [sequence, want],
  status: ({ runId, checkpoint }) => [runId, stepOfName(String(checkpoint)) === null ? null : checkpoint],
  manifest: (value) => value,
};

describeWith(python)("the Python library", () => {
  test.each(["control", "status", "manifest"] as const)("keeps the cases of %s", (kind) => {
    const cases = casesOf(kind);
    for (const [at, read] of parseAll(cases).entries()) {
      const { name, accepted, rejected } = cases[at] as Case;
      if (accepted) expect(read, name).toEqual({ accepted: takenFrom[kind](accepted) });
      else expect(read.rejected?.slice(0, rejected?.length), name).toBe(rejected);
    }
  });

  test.each([
    ["status", parseStatus],
    ["manifest", parseManifest],
  ] as const)("reads any %s as the TypeScript parsers do", (kind, parse) => {
    const valid = JSON.parse(casesOf(kind)[0]?.bytes.toString() as string) as Record<string, unknown>;
    const change = fc.tuple(fc.constantFrom(...Object.keys(valid), "more"), fc.jsonValue());
    const entry = fc.record({
      path: fc.oneof(fc.string({ unit: "binary", maxLength: 6 }), fc.constantFrom("a", "a/b", "../a", "é")),
      bytes: fc.oneof(fc.integer(), fc.double(), fc.maxSafeNat()),
      sha256: fc.constantFrom("0".repeat(64), "F".repeat(64), "0".repeat(63)),
    });
    const text = fc.oneof(
      change.map(([key, value]) => JSON.stringify({ ...valid, [key]: value })),
      fc.array(entry, { maxLength: 3 }).map((files) => JSON.stringify({ ...valid, files })),
      fc.nat(100).map((length) => JSON.stringify(valid).slice(0, length)),
    );
    const cases = fc.sample(text, 1000).map((text) => ({ kind, bytes: Buffer.from(text), directory: "" }));
    let believed = 0;
    for (const [at, read] of parseAll(cases).entries()) {
      const bytes = cases[at]?.bytes as Buffer;
      const ours = parse(bytes);
      if (ours instanceof Rejected) {
        // Up to the value that was found, of which two languages write some numbers differently.
        const place = ours.reason.split(" ").slice(0, 2).join(" ");
        expect(read.rejected?.startsWith(place), `${bytes}: ${ours.reason}, ${JSON.stringify(read)}`).toBe(
          true,
        );
        continue;
      }
      believed++;
      const taken = JSON.stringify(takenFrom[kind]({ ...ours }));
      expect(read, String(bytes)).toEqual({ accepted: JSON.parse(taken) });
    }
    expect(believed).toBeGreaterThan(50);
  });
});
