/**
 * Our own programs that a supervisor starts beside itself, on its own Node. An upgrade may take them or that
 * Node away from under it. Then nothing is known of what they would have said, which is told, and decides
 * nothing. Remembers what failed until it works again.
 */
import { accessSync, constants } from "node:fs";
import type { Looked } from "../files/file-identity.ts";
import { ownProgram } from "../own-files.ts";
import { list } from "../words/list.ts";
import { type ChildOptions, type Ended, runChild } from "./run-child.ts";
import { runLight } from "./run-light.ts";

export class Helper {
  static readonly #all: Helper[] = [];
  readonly path: string;
  readonly #without: string;
  #failure: string | null = null;

  /** `name` as ownProgram takes it; `without`: what doesn't happen while it can't run, half a sentence. */
  constructor(name: string, without: string) {
    this.path = ownProgram(name);
    this.#without = without;
    Helper.#all.push(this);
  }

  /**
   * Like runChild. A program, or a part of it, that isn't there makes it `missing`, by name, and is told as long
   * as it lasts. Whether it may fail otherwise is the caller's to know.
   */
  async run(args: readonly string[], options: ChildOptions = {}): Promise<Ended> {
    return this.#judge(await runChild(process.execPath, [this.path, ...args], options));
  }

  /** The same by runLight. */
  async runLight(input: string): Promise<Ended> {
    return this.#judge(await runLight(process.execPath, [this.path], input));
  }

  #judge(ended: Ended): Ended {
    if (ended.ok) this.works();
    if (ended.ok || ended.why === "late" || ended.why === "stopped") return ended;
    const gone = goneOf(this.path) ?? partThatIsGone(ended.stderr || ended.reason);
    if (gone === null) return ended;
    this.fails(`${gone} is gone`);
    return { ...ended, why: "missing", reason: `${gone} is gone` };
  }

  /** Notes half a sentence on why it couldn't do its work. */
  fails(reason: string): void {
    this.#failure = reason;
  }

  works(): void {
    this.#failure = null;
  }

  /** What is missing or failing now, as sentences that name it. */
  static look(): Looked[] {
    const node = goneOf();
    if (node !== null) return [{ problem: sentence(node, Helper.#all) }];
    return Helper.#all.flatMap((helper) => {
      const gone = goneOf(helper.path);
      if (gone !== null) return { problem: sentence(gone, [helper]) };
      if (helper.#failure === null) return [];
      return { problem: `${helper.path} fails (${helper.#failure}): until it works, ${helper.#without}.` };
    });
  }

  static without = (helpers: readonly Helper[]): string => list(helpers.map((helper) => helper.#without));
}

/** Our Node by name, or the program; null where both are there. */
export function goneOf(program?: string): string | null {
  if (!isUsable(process.execPath, constants.X_OK)) return `Node (${process.execPath})`;
  return program === undefined || isUsable(program, constants.R_OK) ? null : program;
}

const sentence = (gone: string, helpers: readonly Helper[]): string =>
  `${gone}, a part of this supervisor, is gone, as in an upgrade: until it is back, or the supervisor is ` +
  `started again, ${Helper.without(helpers)}.`;

/** What a program of ours couldn't load. */
const partThatIsGone = (stderr: string): string | null =>
  /Cannot find (?:module|package) '([^']+)'/.exec(stderr)?.[1] ?? null;

function isUsable(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
