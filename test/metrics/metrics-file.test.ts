import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MetricsFile } from "../../src/metrics/metrics-file.ts";
import { untilHolds } from "../until.ts";

let directory: string;
let path: string;
const files: MetricsFile[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "supervisor-metrics-"));
  path = join(directory, "ours.prom");
});
afterEach(async () => {
  await Promise.all(files.splice(0).map((file) => file.close()));
  rmSync(directory, { recursive: true, force: true });
});

function fileOf(whose: string): MetricsFile {
  const file = new MetricsFile(path, whose);
  files.push(file);
  return file;
}
const text = (): string => readFileSync(path, "utf8");

test("it is replaced as a whole, readable by all whatever the umask, and gone after its end", async () => {
  const mask = process.umask(0o077);
  const file = fileOf("ann /a");
  file.write("one 1\n");
  await untilHolds(() => expect(text()).toBe('# gpu-job-supervisor "ann /a"\none 1\n'));
  await untilHolds(() => {
    // Dropped while the one before is still being written.
    file.write("two 2\n");
    expect(text()).toContain("two 2\n");
  });
  expect(statSync(path).mode & 0o777).toBe(0o644);
  await untilHolds(() => expect(readdirSync(directory)).toEqual(["ours.prom"]));
  await file.close();
  process.umask(mask);
  expect(readdirSync(directory)).toEqual([]);
});

test("one that a killed supervisor has left is replaced by its successor", async () => {
  writeFileSync(path, '# gpu-job-supervisor "ann /a"\nold 1\n');
  fileOf("ann /a").write("new 1\n");
  await untilHolds(() => expect(text()).toContain("new 1"));
});

test.each([
  ["another supervisor's", () => writeFileSync(path, '# gpu-job-supervisor "ann /a/b"\nold 1\n')],
  ["another program's", () => writeFileSync(path, "old 1\n")],
  ["a link to another's", () => symlinkSync(join(directory, "theirs"), path)],
])("%s file is neither replaced nor removed, and said", async (_, make) => {
  writeFileSync(join(directory, "theirs"), "old 1\n");
  make();
  const file = fileOf("ann /a");
  file.write("new 1\n");
  await untilHolds(() =>
    expect(file.problem).toBe(
      `The metrics can't be written to ${path}: something else wrote that file. Remove it, or name another in 'metrics.file'.`,
    ),
  );
  await file.close();
  expect(text()).toContain("old 1");
  rmSync(path);
  file.write("new 1\n");
  await untilHolds(() => {
    expect(text()).toContain("new 1");
    expect(file.problem).toBeNull();
  });
});

test("a folder that isn't there is a problem until it is", async () => {
  rmSync(directory, { recursive: true });
  const file = fileOf("ann /a");
  file.write("one 1\n");
  await untilHolds(() => expect(file.problem).toBe(`The metrics can't be written to ${path}: ENOENT.`));
  mkdirSync(directory);
  await untilHolds(() => {
    file.write("one 1\n");
    expect(text()).toContain("one 1");
    expect(file.problem).toBeNull();
  });
});
