/**
 * Two supervisors of two users on one GPU for a simulated day. SHARING_SEED repeats one.
 * Covers: src/decide/sharing/line.ts, src/decide/sharing/choose-gpus.ts, src/decide/sharing/turn.ts
 */
import { describe, expect, it } from "vitest";
import { rounds } from "../../rounds.ts";
import { type House, TICK } from "./house.ts";
import { DAY, Day } from "./shared-day.ts";

interface Span {
  uid: number;
  from: number;
  to: number;
}

/** When this supervisor held the GPU, by its own audit. */
function spans({ uid, machine }: House): Span[] {
  const found: Span[] = [];
  for (const { kind, second, reason } of machine.events) {
    if (kind === "gpu.claimed") found.push({ uid, from: second, to: DAY });
    const last = found.at(-1);
    if (kind === "gpu.released" && !reason.includes("wasn't launched") && last) last.to = second;
  }
  return found;
}

/** Seconds in which `uid` held it by one account and not nearly by the other. A release is told when it is proven. */
function missedBy(one: Span[], other: Span[], uid: number): number[] {
  const near = new Set<number>();
  for (const { from, to } of other.filter((span) => span.uid === uid))
    for (let second = from - 5 * TICK; second <= to + 5 * TICK; second += TICK) near.add(second);
  const missed: number[] = [];
  for (const { from, to } of one.filter((span) => span.uid === uid))
    for (let second = from; second <= to && second < DAY; second += TICK)
      if (!near.has(second)) missed.push(second);
  return missed;
}

const given = process.env.SHARING_SEED;
const random = Math.floor(Math.random() * 1e9);
const seeds = given ? [Number(given)] : [1, 2, random].slice(-rounds(3));

describe("two supervisors of two users share a GPU for a day", () => {
  it.each(seeds)("seed %i", (seed) => {
    const day = new Day(seed);
    day.run();
    const [bob, ana] = day.houses;
    for (const house of day.houses) {
      const kinds = house.machine.events.filter(({ kind }) => kind === "pause.requested");
      const by = (start: string): number => kinds.filter(({ actor }) => actor.startsWith(start)).length;
      // Nobody is paused but for a game, once for each, and for a turn that was asked for, or that is over.
      expect(by("rule:"), "pauses for games").toBeLessThanOrEqual(day.games);
      expect(by("peer"), "pauses for turns").toBeLessThanOrEqual(bob.asked + ana.asked);
      expect(kinds).toHaveLength(by("rule:") + by("peer"));
      const told = house.machine.events.map(({ kind }) => kind);
      expect(told).not.toContain("rule.misattributed");
      expect(told).not.toContain("job.failed");
      expect(house.machine.launches.length).toBeGreaterThan(0);
    }
    // Both audits together are one account of who held it when, and that is what happened.
    const audits = [...spans(bob), ...spans(ana)].sort((a, b) => a.from - b.from);
    for (const [i, span] of audits.entries())
      expect(span.to, JSON.stringify([span, audits[i + 1]])).toBeLessThanOrEqual(audits[i + 1]?.from ?? DAY);
    for (const house of day.houses) {
      expect(missedBy(day.truth, spans(house), house.uid), "held without a word").toEqual([]);
      expect(missedBy(spans(house), day.truth, house.uid), "said to be held").toEqual([]);
    }
    expect(day.games).toBeGreaterThan(0);
  });
});
