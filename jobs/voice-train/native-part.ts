/**
 * Whether a native TensorFlow.js package has its native part, which its install script downloads and
 * npm doesn't run unless it is allowed to. Loading the package to find out would take half a second
 * and 50 MB. Must say the line that lets it.
 */
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";

/** @throws with that line when the package in `folder` has none */
export function requireNativePart(folder: string, packageName: string): void {
  const library = join(folder, "lib");
  const files = existsSync(library) ? readdirSync(library, { recursive: true, encoding: "utf8" }) : [];
  if (files.some((file) => basename(file) === "tfjs_binding.node")) return;
  throw new Error(
    "its native part isn't there, since its install script didn't run. This lets it: " +
      `npm pkg set "allowScripts[${packageName}]=true" --json && npm rebuild ${packageName}`,
  );
}
