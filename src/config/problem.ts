/** One error or doubt in a config: where, what, and how to fix it. */

export interface Problem {
  /** null if it isn't in a file. */
  file: string | null;
  /** From 1; null if there is no such position, as for a file that can't be read. */
  line: number | null;
  column: number | null;
  /** `jobs[1].pause.graceSeconds`; empty for the document itself. */
  path: string;
  /** Begins with the path, then whole sentences: expected, found, and the fix where one is known. */
  message: string;
}

export type Path = readonly (string | number)[];

/** An unchecked object as written, and one entry of a list with its place. */
export type Fields = Record<string, unknown>;
export type Entry = { path: Path; fields: Fields };

/** `file:line:column: message`, which terminals and editors make clickable. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== null).join(":");
  return place === "" ? problem.message : `${place}: ${problem.message}`;
}

/** `["jobs", 1, "env", "MY KEY"]` → `jobs[1].env["MY KEY"]`. */
export function formatPath(path: Path): string {
  return path
    .map((part, i) => {
      if (typeof part === "number") return `[${part}]`;
      if (!/^[\w$]+$/.test(part)) return `[${JSON.stringify(part)}]`;
      return i === 0 ? part : `.${part}`;
    })
    .join("");
}

/** A value as shown in a sentence: JSON, truncated when long. */
export function show(value: unknown): string {
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}

/** `a`, `a or b`, `a, b or c`. */
export function orList(words: string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
