/** Ways in which a checkpoint at step 3, with one before it at step 2, can be broken. */
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { payload } from "../../children/job-payload.ts";

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
          createdAt: "2026-11-22T09:59:00Z",
          files: [{ path: "../step-00000002/a.bin", bytes: 10, sha256: "0".repeat(64) }],
        }),
      ),
  ],
  [
    "a hash in capitals",
    (path: string) => {
      const manifest = JSON.parse(readFileSync(join(path, "manifest.json"), "utf8"));
      for (const file of manifest.files) file.sha256 = file.sha256.toUpperCase();
      writeFileSync(join(path, "manifest.json"), JSON.stringify(manifest));
    },
  ],
  [
    "a manifest without its time",
    (path: string) => {
      const { createdAt: _, ...manifest } = JSON.parse(readFileSync(join(path, "manifest.json"), "utf8"));
      writeFileSync(join(path, "manifest.json"), JSON.stringify(manifest));
    },
  ],
  [
    "a manifest of 16 MiB and a byte",
    (path: string) => {
      const manifest = readFileSync(join(path, "manifest.json"), "utf8");
      writeFileSync(join(path, "manifest.json"), manifest.padEnd(16 * 2 ** 20 + 1));
    },
  ],
  [
    "a folder that leads elsewhere",
    (path: string) => {
      const manifest = JSON.parse(readFileSync(join(path, "manifest.json"), "utf8"));
      mkdirSync(join(path, "../elsewhere"), { recursive: true });
      renameSync(join(path, "a.bin"), join(path, "../elsewhere/a.bin"));
      symlinkSync("../elsewhere", join(path, "folder"));
      manifest.files[0].path = "folder/a.bin";
      writeFileSync(join(path, "manifest.json"), JSON.stringify(manifest));
    },
  ],
  ["no files", (path: string) => writeFileSync(join(path, "manifest.json"), '{"step":3,"files":[]}')],
];
