/**
 * A language model of letters: which letter follows which few before it, learnt at the start from this
 * project's own documentation. The same continuation for the same prompt and seed.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../voice-train/random.ts";

/** Letters that are looked back at, the most first; one that never came is passed over for a shorter one. */
const CONTEXTS = [6, 4, 2, 1, 0];

export class Letters {
  /** All letters that came after a context, each as often as it came. */
  readonly #followers = new Map<string, string>();

  constructor(text: string) {
    for (const length of CONTEXTS)
      for (let at = length; at < text.length; at++) {
        const context = text.slice(at - length, at);
        this.#followers.set(context, (this.#followers.get(context) ?? "") + text[at]);
      }
  }

  /** @param count letters of the continuation */
  continuation(prompt: string, count: number, seed: number): string {
    const random = new Random(seed);
    let text = prompt;
    while (text.length < prompt.length + count) {
      const followers = this.#after(text);
      text += followers[Math.floor(random.next() * followers.length)];
    }
    return text.slice(prompt.length);
  }

  #after(text: string): string {
    for (const length of CONTEXTS) {
      const followers = text.length >= length && this.#followers.get(text.slice(text.length - length));
      if (followers) return followers;
    }
    throw new Error("a model of an empty text");
  }
}

/** What there is to learn from: the README, and every page of docs/. */
export function documentation(): string {
  const root = join(import.meta.dirname, "../..");
  const pages = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  const files = ["README.md", ...pages.sort().map((name) => join("docs", name))];
  return files.map((file) => readFileSync(join(root, file), "utf8")).join("\n");
}
