/**
 * JSON with comments → plain values and their positions. Reports every error in the text itself: syntax,
 * and duplicate keys. Knows nothing of what the values mean.
 */
import { type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { formatPath, type Path, show } from "./problem.ts";

export interface Place {
  line: number;
  column: number;
}

export interface TextProblem extends Place {
  path: Path;
  message: string;
}

export interface ParsedText {
  value: unknown;
  problems: TextProblem[];
  /** Position of the value at `path`, or of the nearest enclosing one that exists; with `key`, of its name. */
  locate(path: Path, part?: "value" | "key"): Place;
}

/** A broken file may show many symptoms; beyond this many, one cause repeats itself. */
const MOST_SYNTAX_PROBLEMS = 8;
/** Far deeper than any config, and far from overflowing the stack. */
const DEEPEST = 100;

const SYNTAX: Record<string, string> = {
  EndOfFileExpected: "the file should end here",
  InvalidCommentToken: "this is not a comment: they begin with // or /*",
  UnexpectedEndOfComment: "this comment is never closed: write */",
  UnexpectedEndOfString: 'this text is never closed: write "',
  UnexpectedEndOfNumber: "this number breaks off",
  InvalidUnicode: "a \\u must be followed by four hexadecimal digits",
  InvalidEscapeCharacter: "there is no such escape: write \\\\ for a backslash",
  InvalidCharacter: "a control character must be escaped, as in \\n",
};

/** What was expected, for those parser errors that concern the next token. */
const EXPECTED: Record<string, string> = {
  PropertyNameExpected: "a key in double quotes",
  ValueExpected: "a value",
  ColonExpected: "a ':'",
  CommaExpected: "a ','",
  CloseBraceExpected: "a '}'",
  CloseBracketExpected: "a ']'",
};

/** Never throws. If there are problems, `value` may be incomplete. */
export function parseText(written: string): ParsedText {
  const text = written.replace(/^\ufeff/, "");
  const place = placer(text);
  const depth = deepest(text);
  if (depth > DEEPEST) {
    const message = `nested ${depth} levels deep; at most ${DEEPEST} are read`;
    return { value: undefined, problems: [{ ...place(0), path: [], message }], locate: () => place(0) };
  }
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const problems = syntaxProblems(text, errors, place);
  const value = root === undefined ? undefined : plainValue(root, [], place, problems);
  return { value, problems, locate: (path, part = "value") => place(offsetOf(root, path, part)) };
}

/** Nesting depth, counted without a parser, since parsers recurse. Counts brackets in strings too: safe. */
function deepest(text: string): number {
  let depth = 0;
  let most = 0;
  for (const character of text) {
    if (character === "{" || character === "[") most = Math.max(most, ++depth);
    else if (character === "}" || character === "]") depth--;
  }
  return most;
}

function placer(text: string): (offset: number) => Place {
  const starts = [0];
  for (let i = text.indexOf("\n"); i !== -1; i = text.indexOf("\n", i + 1)) starts.push(i + 1);
  return (offset) => {
    let line = starts.length;
    while (line > 1 && (starts[line - 1] ?? 0) > offset) line--;
    return { line, column: offset - (starts[line - 1] ?? 0) + 1 };
  };
}

function syntaxProblems(text: string, errors: ParseError[], place: (offset: number) => Place): TextProblem[] {
  const byLine = new Map<number, TextProblem>();
  for (const { error, offset, length } of errors) {
    const at = place(offset);
    // The first symptom of a line is its cause; the others follow from it.
    if (byLine.has(at.line)) continue;
    byLine.set(at.line, { ...at, path: [], message: complaint(text, offset, length, error) });
  }
  return [...byLine.values()].slice(0, MOST_SYNTAX_PROBLEMS);
}

function complaint(text: string, offset: number, length: number, error: number): string {
  const name = printParseErrorCode(error);
  const found = text.slice(offset, offset + Math.min(length, 40)).trim();
  const expected = EXPECTED[name];
  if (expected !== undefined) {
    return found === ""
      ? `${expected} is missing at the end of the file`
      : `${expected} is missing before ${found}`;
  }
  if (name !== "InvalidSymbol") return SYNTAX[name] ?? name;
  const number = /-?[\d.]+$/.exec(text.slice(Math.max(0, offset - 20), offset))?.[0];
  if (number !== undefined)
    return `${number}${found} is not a number: units stand in the key. Write ${number}.`;
  if (/^\w+$/.test(found) && /^\s*:/.test(text.slice(offset + length))) {
    return `a key stands in double quotes. Write "${found}".`;
  }
  if (found.startsWith("'")) return `${found} must stand in double quotes`;
  return `${found} is not a JSON value`;
}

function plainValue(
  node: Node,
  path: Path,
  place: (offset: number) => Place,
  problems: TextProblem[],
): unknown {
  if (node.type === "array") {
    return (node.children ?? []).map((child, i) => plainValue(child, [...path, i], place, problems));
  }
  if (node.type !== "object") return node.value;
  const object: Record<string, unknown> = {};
  for (const property of node.children ?? []) {
    const [key, child] = property.children ?? [];
    if (key === undefined || child === undefined) continue;
    const here = [...path, key.value as string];
    if (Object.hasOwn(object, key.value)) {
      const message = `${formatPath(here)} is given twice. Remove one: ${show(object[key.value])} stands before it.`;
      problems.push({ ...place(key.offset), path: here, message });
    }
    // Not an assignment: "__proto__" must become a key like any other.
    const value = plainValue(child, here, place, problems);
    Object.defineProperty(object, key.value, { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
}

function offsetOf(root: Node | undefined, path: Path, part: "value" | "key"): number {
  let node = root;
  let key: Node | undefined;
  for (const step of path) {
    const found: Node | undefined =
      typeof step === "number"
        ? node?.type === "array"
          ? node.children?.[step]
          : undefined
        : node?.type === "object"
          ? node.children?.findLast((child) => child.children?.[0]?.value === step)
          : undefined;
    if (found === undefined) return node?.offset ?? 0;
    key = found.type === "property" ? found.children?.[0] : found;
    node = found.type === "property" ? found.children?.[1] : found;
  }
  return (part === "key" ? (key ?? node) : node)?.offset ?? 0;
}
