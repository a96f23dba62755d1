/** What a piece of code does that only some may do: each question is asked of one node of a syntax tree. */
import type { Node } from "./sources.ts";

export type Use = (node: Node, parent: Node) => boolean;

/** Reads the time: from Date, performance, process, node:os or Temporal, or lets croner read it. */
export const readsClock: Use = (node, parent) =>
  isDateOfNow(node, parent) ||
  isGlobal(node, parent, "performance") ||
  isGlobal(node, parent, "Temporal") ||
  ofProcess(node, parent, "hrtime") ||
  ofProcess(node, parent, "uptime") ||
  imports(node, /^(node:)?perf_hooks$/) ||
  importsName(node, /^(node:)?os$/, "uptime") ||
  (isMember(node, "uptime") && node.object.name === "os") ||
  isOccurrenceFromNow(node);

/** Sends a signal to a pid, or takes the means to. */
export const signalsPid: Use = (node, parent) => ofProcess(node, parent, "kill") && !isProbe(parent);

/** Asks whether a pid is there, by signal 0. */
export const probesPid: Use = (node, parent) => ofProcess(node, parent, "kill") && isProbe(parent);

/** Ends a process by its handle, which only who has started it holds. */
export const endsChild: Use = (node) =>
  (node.type === "CallExpression" &&
    isMember(node.callee, "kill") &&
    !isNamed(node.callee.object, "process")) ||
  (node.type === "Property" && keyOf(node) === "killSignal");

/** Starts another program; systeminformation does so where there is no /proc. */
export const startsProcess: Use = (node, parent) =>
  imports(node, /^((node:)?(child_process|cluster)|execa|systeminformation)$/) ||
  ofProcess(node, parent, "execve");

/** Calls into libraries that aren't JavaScript. */
export const callsNative: Use = (node, parent) =>
  imports(node, /^(koffi|(node:)?ffi)$/) || ofProcess(node, parent, "dlopen");

/** Holds a connection to the database, were it only by its type, or words a statement. */
export const speaksSql: Use = (node) =>
  mentions(node, /^(better-sqlite3|(node:)?sqlite)$/) || textsOf(node).some((text) => STATEMENT.test(text));

/** Talks over a socket, of whatever kind. */
export const usesNetwork: Use = (node, parent) =>
  imports(
    node,
    /^((node:)?(net|http|https|http2|tls|dgram|dns|dns\/promises)|undici|ws|axios|@aws-sdk\/.+)$/,
  ) || ["fetch", "WebSocket", "EventSource"].some((name) => isGlobal(node, parent, name));

const FORMS =
  "SELECT\\s[^]+\\sFROM\\s|INSERT\\s+(OR\\s+\\w+\\s+)?INTO\\s|UPDATE\\s+\\w+\\s+SET\\s|DELETE\\s+FROM\\s|" +
  "(CREATE|DROP|ALTER)\\s+(TABLE|INDEX|TRIGGER|VIEW)\\s|VACUUM\\b|PRAGMA\\s|ATTACH\\s+DATABASE\\s";

/** All capitals or none: "Select a job from …" is English. */
const STATEMENT = new RegExp(`^\\s*(${FORMS}|${FORMS.toLowerCase()})`);

/** The name after a dot, or between brackets where it is a plain string. */
function keyOf(node: Node): string | null {
  const key = node.type === "Property" ? node.key : node.property;
  if (key.type === "Literal") return String(key.value);
  return node.computed || key.type !== "Identifier" ? null : key.name;
}

const isMember = (node: Node, name: string): boolean =>
  node.type === "MemberExpression" && keyOf(node) === name;

/** `name`, or `globalThis.name`. */
const isNamed = (node: Node | null, name: string): boolean =>
  node !== null &&
  ((node.type === "Identifier" && node.name === name) ||
    (isMember(node, name) && ["globalThis", "global"].includes(node.object.name)));

/** A mention of that global as a value: not a field, a key or a type of the same name. */
function isGlobal(node: Node, parent: Node, name: string): boolean {
  if (!isNamed(node, name) || parent.type.startsWith("TS")) return false;
  if (node.type === "MemberExpression") return true;
  const isField = parent.type === "MemberExpression" && parent.property === node && !parent.computed;
  const isKey =
    ["Property", "MethodDefinition", "PropertyDefinition"].includes(parent.type) &&
    parent.key === node &&
    !parent.computed &&
    !parent.shorthand;
  return !isField && !isKey;
}

/** `process.name`, `const { name } = process`, or `name` imported from node:process. */
function ofProcess(node: Node, parent: Node, name: string): boolean {
  if (isMember(node, name) && isNamed(node.object, "process")) return true;
  if (importsName(node, /^(node:)?process$/, name)) return true;
  const isTakenApart =
    node.type === "ObjectPattern" && parent.type === "VariableDeclarator" && isNamed(parent.init, "process");
  return isTakenApart && node.properties.some((one: Node) => one.type !== "Property" || keyOf(one) === name);
}

/** Every use of Date but those that are told a time, and types. */
function isDateOfNow(node: Node, parent: Node): boolean {
  if (!isGlobal(node, parent, "Date")) return false;
  if (parent.type === "NewExpression" && parent.callee === node)
    return parent.arguments.length === 0 || parent.arguments[0].type === "SpreadElement";
  if (parent.type === "MemberExpression" && parent.object === node)
    return !["parse", "UTC", "prototype"].includes(keyOf(parent) ?? "");
  return !(parent.type === "BinaryExpression" && parent.operator === "instanceof");
}

/** Croner takes the present where it isn't given a time. */
const TIME_IS_ARGUMENT: Record<string, number> = { nextRun: 0, msToNext: 0, nextRuns: 1, previousRuns: 1 };

function isOccurrenceFromNow(node: Node): boolean {
  if (node.type !== "CallExpression" || node.callee.type !== "MemberExpression") return false;
  const at = TIME_IS_ARGUMENT[keyOf(node.callee) ?? ""];
  return at !== undefined && node.arguments.length <= at;
}

const isProbe = (call: Node): boolean =>
  call.type === "CallExpression" && call.arguments[1]?.type === "Literal" && call.arguments[1].value === 0;

/** The module that a statement or an expression names, of whatever kind. */
function moduleOf(node: Node): string | null {
  if (node.type === "CallExpression")
    return node.callee.name === "require" ? String(node.arguments[0]?.value) : null;
  const names = [
    "ImportDeclaration",
    "ImportExpression",
    "ExportNamedDeclaration",
    "ExportAllDeclaration",
    "TSImportType",
  ];
  return names.includes(node.type) && node.source ? String(node.source.value) : null;
}

const mentions = (node: Node, modules: RegExp): boolean => modules.test(moduleOf(node) ?? "");

/** Loads it at run time: more than its types. */
function imports(node: Node, modules: RegExp): boolean {
  if (!mentions(node, modules) || node.type === "TSImportType") return false;
  if (node.importKind === "type" || node.exportKind === "type") return false;
  const parts: Node[] = node.specifiers ?? [];
  return parts.length === 0 || parts.some(({ importKind }) => importKind !== "type");
}

const importsName = (node: Node, modules: RegExp, name: string): boolean =>
  node.type === "ImportDeclaration" &&
  imports(node, modules) &&
  node.specifiers.some((one: Node) => one.imported?.name === name);

function textsOf(node: Node): string[] {
  if (node.type === "Literal" && typeof node.value === "string") return [node.value];
  if (node.type !== "TemplateLiteral") return [];
  // Whatever is put into a statement stands where a name or a value may stand.
  return [node.quasis.map((part: Node) => part.value.cooked).join(" x ")];
}

/** Every module that a file names, in order. */
export const modulesOf = (nodes: readonly { node: Node }[]): { module: string; typesOnly: boolean }[] =>
  nodes.flatMap(({ node }) => {
    const module = moduleOf(node);
    return module === null ? [] : [{ module, typesOnly: !imports(node, /^/) }];
  });
