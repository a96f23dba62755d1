/**
 * Where this program's own files lie. Works from the sources and from the build alike: this file is
 * in src/, its built form in a chunk that build.ts puts into dist/ itself.
 */
import { extname, join } from "node:path";

/** A program for a process of its own, such as "config/check-child": source or built, as we are. */
export const ownProgram = (name: string): string =>
  join(import.meta.dirname, name + extname(import.meta.filename));

/** A file that the package carries beside its code, such as "db/migrations". */
export const packageFile = (path: string): string => join(import.meta.dirname, "..", path);
