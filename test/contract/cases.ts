/**
 * The cases that every implementation of the pause contract is held to (cases/*.json): a text, and what is
 * read from it, or how the reason begins for which it is refused.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export type Kind = "control" | "status" | "manifest";

export interface Case {
  name: string;
  kind: Kind;
  bytes: Buffer;
  /** Name of the directory that a manifest lies in. */
  directory: string;
  accepted?: Record<string, unknown>;
  rejected?: string;
}

interface Written extends Omit<Case, "kind" | "bytes" | "directory"> {
  text?: string;
  /** For what isn't text. */
  base64?: string;
  directory?: string;
  /** Filled up with blanks to so many bytes. */
  padTo?: number;
}

export function casesOf(kind: Kind): Case[] {
  const written = readFileSync(join(import.meta.dirname, "cases", `${kind}.json`), "utf8");
  return (JSON.parse(written) as Written[]).map(
    ({ text = "", base64, padTo = 0, directory = "", ...rest }) => {
      const bytes = base64 === undefined ? Buffer.from(text) : Buffer.from(base64, "base64");
      const padding = Buffer.alloc(Math.max(0, padTo - bytes.length), " ");
      return { ...rest, kind, directory, bytes: Buffer.concat([bytes, padding]) };
    },
  );
}
