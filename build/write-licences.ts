/** The licences of the libraries that are built into dist/: whoever gets the build gets them with it. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RolldownOutput } from "rolldown";

const MODULES = join(import.meta.dirname, "..", "node_modules");
const LINE = "-".repeat(80);

/** Writes one text with the name, version and licence of each package that `builds` contain. */
export function writeLicences(builds: RolldownOutput[], path: string): void {
  const modules = builds.flatMap(({ output }) =>
    output.flatMap((file) => (file.type === "chunk" ? file.moduleIds : [])),
  );
  const folders = new Set(modules.flatMap((id) => packageFolder(id) ?? []));
  // Dozens of packages have one and the same text.
  const byText = new Map<string, string[]>();
  for (const folder of [...folders].sort()) {
    const { name, text } = licenceOf(folder);
    byText.set(text, [...(byText.get(text) ?? []), name]);
  }
  const parts = [...byText].map(([text, names]) => `${LINE}\n${names.join("\n")}\n\n${text}\n`);
  writeFileSync(path, `Libraries that are part of this build, and their licences.\n\n${parts.join("\n")}`);
}

/** The innermost package that a file belongs to; null for one of ours. */
function packageFolder(id: string): string | null {
  const found = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id);
  return found === null ? null : found[0];
}

function licenceOf(folder: string): { name: string; text: string } {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  // Packages of one repository leave its text to the first of them.
  const scope = join(MODULES, name.split("/")[0]);
  const text = file === undefined ? siblingText(scope) : readFileSync(join(folder, file), "utf8");
  return { name: `${name} ${version} (${license})`, text: text?.trim() ?? "" };
}

function siblingText(scope: string): string | null {
  if (!existsSync(scope)) return null;
  for (const sibling of readdirSync(scope))
    if (existsSync(join(scope, sibling, "LICENSE")))
      return readFileSync(join(scope, sibling, "LICENSE"), "utf8");
  return null;
}
