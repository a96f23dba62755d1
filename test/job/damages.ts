/** Ways in which a checkpoint at step 3, with one before it at step 2, can be broken. */
import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { payload } from "../children/job-payload.ts";

export const damages: [string, (path: string) => void][] = [
  ["a changed byte", (path: string) => writeFileSync(join(path, "a.bin"), payload(3, 1, 10))],
  ["a longer file", (path: string) => appendFileSync(join(path, "a.bin"), "x")],
  ["a missing file", (path: string) => rmSync(join(path, "a.bin"))],
  ["a missing manifest", (path: string) => rmSync(join(path, "manifest.json"))],
  ["a torn manifest", (path: string) => writeFileSync(join(path, "manifest.json"), '{"step":3,"fil')],
  [
    "another step's manifest",
    (path: string) =>
      writeFileSync(join(path, "manifest.json"), readFileSync(join(path, "../step-00000002/manifest.json"))),
  ],
  [
    "a path that leaves",
    (path: string) =>
      writeFileSync(
        join(path, "manifest.json"),
        JSON.stringify({
          step: 3,
          createdAt: "",
          files: [{ path: "../step-00000002/a.bin", bytes: 10, sha256: "0".repeat(64) }],
        }),
      ),
  ],
  ["no files", (path: string) => writeFileSync(join(path, "manifest.json"), '{"step":3,"files":[]}')],
];
