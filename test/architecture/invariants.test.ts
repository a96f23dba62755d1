/** Invariants of ARCHITECTURE.md that the shape of the source shows. */
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { END_STATES, LIVE_STATES } from "../../src/model/state.ts";
import { lineOf, type Node, type Source, sources } from "./sources.ts";
import { modulesOf } from "./uses.ts";

const STATES: string[] = ["waiting", "paused", ...LIVE_STATES, ...END_STATES];
/** `step()` and what it is made of; and where a new job begins, which isn't a step. */
const WRITERS = /^src\/decide\/(lifecycle\/|roster\.ts)/;

/** `{ name: "paused", … }` of a job: names of states stand nowhere else under that key. */
const isState = (node: Node): boolean =>
  node.type === "ObjectExpression" &&
  node.properties.some(
    (one: Node) => one.type === "Property" && one.key.name === "name" && STATES.includes(one.value.value),
  );

const isFieldState = (node: Node): boolean =>
  node.type === "MemberExpression" && node.property.name === "state";

/** Makes a state, or puts one into a job. */
const writesState = (node: Node): boolean =>
  isState(node) ||
  (node.type === "AssignmentExpression" && isFieldState(node.left) && node.left.object.name !== "this");

const where = (source: Source, does: (node: Node) => boolean): string[] =>
  source.nodes.filter(({ node }) => does(node)).map(({ node }) => `${source.path}:${lineOf(source, node)}`);

test("only step() writes a job's state", () => {
  const writers = sources.filter(({ path }) => WRITERS.test(path)).flatMap((one) => where(one, writesState));
  expect(writers.length).toBeGreaterThan(10);
  const others = sources.filter(({ path }) => !WRITERS.test(path) && !path.startsWith("src/job/"));
  expect(others.flatMap((source) => where(source, writesState))).toEqual([]);
});

/** What each file of those names: module or relative path, and whether only its types. */
const named = (paths: RegExp) =>
  sources
    .filter(({ path }) => paths.test(path))
    .flatMap(({ path, nodes }) => modulesOf(nodes).map((one) => ({ path, ...one })));

test("the nouns import nothing but each other and the type of a job's settings", () => {
  const all = named(/^src\/model\//);
  expect(all.length).toBeGreaterThan(5);
  const settings = ({ module, typesOnly }: (typeof all)[number]): boolean =>
    typesOnly && module === "../config/schema/job-schema.ts";
  expect(all.filter((one) => !/^\.\/[a-z-]+\.ts$/.test(one.module) && !settings(one))).toEqual([]);
});

test("the show has no means to write: no files, no processes, no record, no act", () => {
  const all = named(/^src\/show\//).filter(({ typesOnly }) => !typesOnly);
  expect(all.length).toBeGreaterThan(20);
  const means =
    /^(node:)?(fs|child_process|net|worker_threads)\b|^(\.\.\/)+(runs|claims|spawn|record|sense)\//;
  expect(all.filter(({ module }) => means.test(module))).toEqual([]);
});

/** The files of the first circle of imports that is met from `path`, types included; null where there is none. */
function circleFrom(
  path: string,
  imports: ReadonlyMap<string, string[]>,
  clear: Set<string>,
): string[] | null {
  const within: string[] = [];
  const visit = (file: string): string[] | null => {
    if (clear.has(file)) return null;
    if (within.includes(file)) return [...within.slice(within.indexOf(file)), file];
    within.push(file);
    for (const next of imports.get(file) ?? []) {
      const circle = visit(next);
      if (circle !== null) return circle;
    }
    within.pop();
    clear.add(file);
    return null;
  };
  return visit(path);
}

const importsOf = ({ path, nodes }: Source): string[] =>
  modulesOf(nodes)
    .filter(({ module }) => module.startsWith("."))
    .map(({ module }) => join(dirname(path), module));

test("no file imports itself in a circle, not even a type", () => {
  const imports = new Map(sources.map((source) => [source.path, importsOf(source)]));
  expect(
    circleFrom(
      "a",
      new Map([
        ["a", ["b"]],
        ["b", ["c"]],
        ["c", ["b"]],
      ]),
      new Set(),
    ),
  ).toEqual(["b", "c", "b"]);
  const clear = new Set<string>();
  expect(sources.map(({ path }) => circleFrom(path, imports, clear)).filter((one) => one !== null)).toEqual(
    [],
  );
});
