/** How the machine moved lately, as the dashboard has seen it: snapshots hold the newest readings alone. */
import type { Snapshot } from "../../control/protocol.ts";
import { anyPresses, rulesOn } from "../draw/gauge.ts";
import { CELLS, type Trend, type Trends } from "../draw/trend.ts";
import { measured } from "../readings.ts";

/** Two minutes in all; longer where there is less than one snapshot in each. */
const PART_MS = 5000;

interface Kept {
  shares: (number | null)[];
  pressing: boolean[];
}

export class RecentTrends {
  readonly #kept = new Map<string, Kept>();
  /** Which part of time the newest values are of. */
  #part: number | null = null;
  #partMs = PART_MS;

  /** Whatever no snapshot told of is a gap. A clock that was set back begins anew, and so does another interval. */
  take(snapshot: Snapshot): void {
    const partMs = Math.max(PART_MS, snapshot.supervisor.pollSeconds * 1000);
    const part = Math.floor(snapshot.atMs / partMs);
    const passed = part - (this.#part ?? part);
    if (passed < 0 || partMs !== this.#partMs) this.#kept.clear();
    this.#partMs = partMs;
    for (const kept of passed > 0 ? this.#kept.values() : []) shift(kept, Math.min(passed, CELLS));
    this.#part = part;
    for (const { name, share, pressing } of gauges(snapshot)) this.#note(name, share, pressing);
  }

  get all(): Trends {
    return Object.fromEntries([...this.#kept].map(([name, kept]) => [name, copyOf(kept)]));
  }

  #note(name: string, share: number | null, pressing: boolean): void {
    const kept = this.#kept.get(name) ?? { shares: [null], pressing: [false] };
    this.#kept.set(name, kept);
    const last = kept.shares.length - 1;
    const known = kept.shares[last] ?? null;
    kept.shares[last] = known === null || share === null ? (share ?? known) : Math.max(known, share);
    kept.pressing[last] ||= pressing;
  }
}

const copyOf = ({ shares, pressing }: Kept): Trend => ({ shares: [...shares], pressing: [...pressing] });

function shift({ shares, pressing }: Kept, parts: number): void {
  for (let part = 0; part < parts; part += 1) {
    shares.push(null);
    pressing.push(false);
  }
  shares.splice(0, Math.max(0, shares.length - CELLS));
  pressing.splice(0, Math.max(0, pressing.length - CELLS));
}

function gauges({
  machine,
  gpus,
  rules,
}: Snapshot): { name: string; share: number | null; pressing: boolean }[] {
  const share = (percents: number | null): number | null => (percents === null ? null : percents / 100);
  const free = measured(machine["memory.availablePercent"]);
  const memory = rulesOn(rules, ["memory.availablePercent", "memory.availableMiB", "memory.othersMiB"]);
  return [
    {
      name: "cpu",
      share: share(measured(machine["cpu.total"])),
      pressing: anyPresses(rulesOn(rules, ["cpu.others", "cpu.total"])),
    },
    { name: "memory", share: share(free === null ? null : 100 - free), pressing: anyPresses(memory) },
    ...gpus.map(({ uuid, metrics }) => ({
      name: uuid,
      share: share(measured(metrics["gpu.utilization"])),
      pressing: anyPresses(rules.filter(({ gpu }) => gpu === uuid)),
    })),
  ];
}
