/**
 * The Python library as a wheel in dist/python/: it comes with the package, and pip installs it without a network
 * and without a build. The format: https://packaging.python.org/specifications/binary-distribution-format
 */
import { createHash } from "node:crypto";
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zipSync } from "fflate";
import { parse } from "smol-toml";

/** The same files give the same bytes: a zip can't hold an earlier day. */
const DAY = new Date(1980, 0, 1);

interface Project {
  name: string;
  version: string;
  description: string;
  "requires-python": string;
  license: { text: string };
  classifiers: string[];
}

/** Builds the project in `source` (its pyproject.toml, setuptools) into the folder `target`. */
export function writeWheel(source: string, target: string): void {
  const { project, tool } = parse(readFileSync(join(source, "pyproject.toml"), "utf8")) as unknown as {
    project: Project;
    tool: { setuptools: { packages: string[] } };
  };
  const name = `${project.name.replaceAll("-", "_")}-${project.version}`;
  const files = new Map<string, Buffer>();
  for (const folder of tool.setuptools.packages.map((one) => one.replaceAll(".", "/")))
    for (const path of globSync([`${folder}/*.py`, `${folder}/py.typed`], { cwd: source }).sort())
      files.set(path, readFileSync(join(source, path)));
  files.set(`${name}.dist-info/METADATA`, Buffer.from(metadata(project)));
  files.set(
    `${name}.dist-info/WHEEL`,
    Buffer.from(
      "Wheel-Version: 1.0\nGenerator: gpu-job-supervisor\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    ),
  );
  files.set(`${name}.dist-info/RECORD`, Buffer.from(record(files, `${name}.dist-info/RECORD`)));
  mkdirSync(target, { recursive: true });
  const zip = zipSync(Object.fromEntries([...files].map(([path, bytes]) => [path, [bytes, { mtime: DAY }]])));
  writeFileSync(join(target, `${name}-py3-none-any.whl`), zip);
}

const metadata = (project: Project): string =>
  [
    "Metadata-Version: 2.1",
    `Name: ${project.name}`,
    `Version: ${project.version}`,
    `Summary: ${project.description}`,
    `License: ${project.license.text}`,
    ...project.classifiers.map((one) => `Classifier: ${one}`),
    `Requires-Python: ${project["requires-python"]}`,
    "",
  ].join("\n");

/** Each file with its hash and size; the record itself has neither. */
function record(files: Map<string, Buffer>, own: string): string {
  const lines = [...files].map(
    ([path, bytes]) =>
      `${path},sha256=${createHash("sha256").update(bytes).digest("base64url")},${bytes.length}`,
  );
  return `${[...lines, `${own},,`].join("\n")}\n`;
}
