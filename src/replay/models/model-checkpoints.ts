/** What a modelled job has saved: its newest checkpoints, the work in each, and the full check of one. */
import type { Checkpoint } from "../../model/run.ts";

/** As many as real jobs keep by default. */
const KEPT = 3;

export class ModelCheckpoints {
  /** Newest first. */
  readonly all: Checkpoint[] = [];
  /** Ms of work in each, by its path. */
  readonly #work = new Map<string, number>();
  #check: { path: string; leftMs: number } | null = null;

  keep(checkpoint: Checkpoint, workMs: number): void {
    const known = this.all.findIndex(({ path }) => path === checkpoint.path);
    if (known >= 0) this.all.splice(known, 1);
    this.#work.set(checkpoint.path, workMs);
    this.all.unshift(checkpoint);
    for (const old of this.all.splice(KEPT)) this.#work.delete(old.path);
  }

  /** Null for one that it doesn't know. */
  workIn(path: string): number | null {
    return this.#work.get(path) ?? null;
  }

  /** Work in the newest; 0 where there is none. */
  get savedMs(): number {
    return this.#work.get(this.all[0]?.path ?? "") ?? 0;
  }

  /** Begins the full check of one, which takes `ms`; each is found whole. */
  check(path: string, ms: number): void {
    if (this.#check?.path === path) return;
    const isQuick = this.all.some((one) => one.path === path && one.verified === "quick");
    if (isQuick) this.#check = { path, leftMs: ms };
  }

  pass(ms: number): void {
    if (this.#check === null) return;
    this.#check.leftMs -= ms;
    if (this.#check.leftMs > 0) return;
    const { path } = this.#check;
    const at = this.all.findIndex((one) => one.path === path);
    const found = this.all[at];
    if (found !== undefined) this.all[at] = { ...found, verified: "full" };
    this.#check = null;
  }
}
