/**
 * Changes one value in a text of JSON with comments; everything else stays as it was written, comments and layout
 * included. Pure. The text must be valid.
 */
import { createScanner, findNodeAtLocation, type JSONPath, type Node, parseTree } from "jsonc-parser";

const COMMA = 5;

/** Sets what stands at `path`, with the objects that lead there; in a list, an index beyond its end appends. */
export function setAt(text: string, path: JSONPath, value: unknown): string {
  const tree = treeOf(text);
  const there = findNodeAtLocation(tree, path);
  if (there !== undefined) return spliced(text, there.offset, there.offset + there.length, inline(value));
  let depth = path.length - 1;
  while (depth > 0 && findNodeAtLocation(tree, path.slice(0, depth)) === undefined) depth--;
  const container = findNodeAtLocation(tree, path.slice(0, depth)) as Node;
  const [key, ...rest] = path.slice(depth) as [string | number, ...(string | number)[]];
  const item = inline(
    rest.reduceRight((inner, name) => (typeof name === "number" ? [inner] : { [name]: inner }), value),
  );
  return insert(text, container, container.type === "array" ? item : `${JSON.stringify(key)}: ${item}`);
}

/** Takes out what stands at `path`, with its comma, and with its line where it has one of its own. */
export function removeAt(text: string, path: JSONPath): string {
  const value = findNodeAtLocation(treeOf(text), path);
  if (value === undefined) return text;
  const node = value.parent?.type === "property" ? value.parent : value;
  const siblings = node.parent?.children ?? [];
  const before = siblings[siblings.indexOf(node) - 1];
  const end = node.offset + node.length;
  const after = commaAfter(text, end);
  if (after !== null) return withoutLine(spliced(text, node.offset, after, ""), node.offset);
  const rest = withoutLine(spliced(text, node.offset, end, ""), node.offset);
  const comma = before === undefined ? null : commaAfter(text, before.offset + before.length);
  return comma === null ? rest : rest.slice(0, comma - 1) + rest.slice(comma).replace(/^[ \t]+(?=[ \t])/, "");
}

function insert(text: string, container: Node, item: string): string {
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const last = container.children?.at(-1);
  if (last === undefined) {
    const indent = /^[ \t]*/.exec(lineUpTo(text, container.offset))?.[0] ?? "";
    const step = indent.includes("\t") ? "\t" : "  ";
    const at = container.offset + 1;
    // What stands in it so far are comments at most.
    const end = container.offset + container.length - 1;
    const within = text.slice(at, end).trimEnd();
    return spliced(text, at, end, `${within}${eol}${indent}${step}${item}${eol}${indent}`);
  }
  const end = last.offset + last.length;
  const comma = commaAfter(text, end);
  const lead = lineUpTo(text, last.offset);
  const gap = lead.trim() === "" ? `${eol}${lead}` : " ";
  // A trailing comma stays one.
  if (comma !== null) return spliced(text, comma, comma, `${gap}${item},`);
  const rest = /^[ \t]*\/\/[^\r\n]*/.exec(text.slice(end))?.[0] ?? "";
  return spliced(text, end, end + rest.length, `,${rest}${gap}${item}`);
}

function treeOf(text: string): Node {
  const tree = parseTree(text, [], { allowTrailingComma: true });
  if (tree === undefined) throw new Error("only a valid config is edited");
  return tree;
}

/** Where the comma ends that follows, beyond comments; null where none does. */
function commaAfter(text: string, offset: number): number | null {
  const scanner = createScanner(text, true);
  scanner.setPosition(offset);
  return (scanner.scan() as number) === COMMA ? scanner.getPosition() : null;
}

const lineUpTo = (text: string, offset: number): string =>
  text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);

/** Where nothing is left of the line at `offset`, the line goes. */
function withoutLine(text: string, offset: number): string {
  const begin = text.lastIndexOf("\n", offset - 1) + 1;
  const end = text.indexOf("\n", offset);
  return end !== -1 && text.slice(begin, end).trim() === "" ? spliced(text, begin, end + 1, "") : text;
}

const spliced = (text: string, from: number, to: number, by: string): string =>
  text.slice(0, from) + by + text.slice(to);

/** JSON on one line, as people write it. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${inline(one)}`);
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}
