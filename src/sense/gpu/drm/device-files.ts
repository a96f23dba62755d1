/** Small files of /sys and /proc below a root, read without exceptions. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { FileText } from "./parse-card.ts";

/** Entries of a directory; empty when it can't be read. */
export const names = (path: string): string[] => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};

export function read(...path: string[]): FileText {
  try {
    return { text: readFileSync(join(...path), "utf8") };
  } catch (problem) {
    return { error: (problem as NodeJS.ErrnoException).code ?? "unknown" };
  }
}

/** Trimmed text of a file; empty when it can't be read. */
export const text = (...path: string[]): string => {
  const file = read(...path);
  return "text" in file ? file.text.trim() : "";
};
