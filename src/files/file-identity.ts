/**
 * What a supervisor finds when it looks at one of its own places again: a cleaner, an upgrade or a person may
 * have removed or replaced it. A name proves nothing; device and inode do. Reads only.
 */
import { lstatSync } from "node:fs";

/** What a look at a place came to. Sentences are for people. */
export type Looked = "as it was" | { again: string } | { problem: string };

/** Identifies the file behind a name, a link itself included; null where there is none. Never throws. */
export function identityOf(path: string): string | null {
  try {
    const found = lstatSync(path, { bigint: true });
    return `${found.dev} ${found.ino}`;
  } catch {
    return null;
  }
}
