/** Compiles the fake driver libraries. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Path of the library; built once for each version of its source. */
export function buildLibrary(source: string, name: string, flags: string[] = []): string {
  const folder = join(tmpdir(), `gpu-job-supervisor-fakes-${process.getuid?.() ?? 0}`);
  mkdirSync(folder, { recursive: true });
  const library = join(folder, `${name}-${Math.trunc(statSync(source).mtimeMs)}.so`);
  if (existsSync(library)) return library;
  const mine = `${library}.${process.pid}`;
  const built = spawnSync("cc", ["-shared", "-fPIC", "-O1", ...flags, "-o", mine, source], {
    encoding: "utf8",
  });
  if (built.status !== 0) throw new Error(`the fake driver library can't be built: ${built.stderr}`);
  renameSync(mine, library);
  return library;
}
