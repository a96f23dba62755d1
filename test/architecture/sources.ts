/**
 * The program's own source as syntax trees, so that rules about it are about code: what stands in a comment
 * or inside a string isn't a use of it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAst } from "rolldown/parseAst";

export const root = join(import.meta.dirname, "../..");

/** As ESTree has it; the fields depend on `type`. */
export interface Node {
  type: string;
  start: number;
  // biome-ignore lint/suspicious/noExplicitAny: a node's fields depend on its type.
  [field: string]: any;
}

export interface Source {
  /** From the root of the repository. */
  path: string;
  text: string;
  /** Every node, with the one that holds it, in the order of the text. */
  nodes: readonly { node: Node; parent: Node }[];
}

export function parse(path: string, text: string): Source {
  const nodes: { node: Node; parent: Node }[] = [];
  const visit = (node: Node, parent: Node): void => {
    nodes.push({ node, parent });
    for (const value of Object.values(node))
      for (const child of Array.isArray(value) ? value : [value])
        if (typeof child?.type === "string") visit(child, node);
  };
  const program = parseAst(text, { lang: path.endsWith("x") ? "tsx" : "ts" }) as unknown as Node;
  visit(program, program);
  return { path, text, nodes };
}

/** All files of src/. */
export const sources: readonly Source[] = readdirSync(join(root, "src"), {
  recursive: true,
  encoding: "utf8",
})
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) => join("src", name))
  .sort()
  .map((path) => parse(path, readFileSync(join(root, path), "utf8")));

export const lineOf = ({ text }: Source, { start }: Node): number => text.slice(0, start).split("\n").length;
