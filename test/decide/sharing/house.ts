/** One of the two users who share a GPU for a simulated day. */
import { ownClaims } from "../../../src/decide/sharing/line.ts";
import type { Claim, Sample } from "../../../src/model/machine.ts";
import { at, makeConfig } from "../make.ts";
import { VirtualMachine } from "../virtual-machine.ts";

export const TICK = 5;
export const DWELL = 8;
const RULES = [
  {
    name: "others",
    metric: "gpu.others.utilization",
    above: 25,
    forSeconds: DWELL,
    clear: { below: 10, forSeconds: 60 },
  },
  {
    name: "newcomers",
    metric: "gpu.newcomers.memoryMiB",
    above: 300,
    forSeconds: 2,
    clear: { below: 300, forSeconds: 60 },
  },
];

/** One user's supervisor, and what it lets others know. */
export class House {
  readonly uid: number;
  readonly machine: VirtualMachine;
  /** As of its last tick, and as of the one before: readers see either. */
  told: Claim[] = [];
  toldBefore: Claim[] = [];
  arrivals = 0;
  asked = 0;

  constructor(uid: number, sample: (house: House) => Partial<Sample>, isTaken: (house: House) => boolean) {
    this.uid = uid;
    const config = makeConfig({ rules: RULES, pollSeconds: TICK, turns: { requests: "yield" } });
    const around = { everySeconds: TICK, sample: () => sample(this), isTaken: () => isTaken(this) };
    this.machine = new VirtualMachine(config, [], {}, around);
  }

  get claimant(): string {
    return `${this.uid}-x`;
  }

  tick(): void {
    const { lines } = this.machine.tick(0);
    const { world, second } = this.machine;
    this.toldBefore = this.told;
    this.told = ownClaims(world, lines, at(second)).map(({ run: _, ...claim }) => ({
      ...claim,
      id: `${this.claimant}-${claim.job}`,
      uid: this.uid,
      user: `user${this.uid}`,
      pids: [{ pid: this.uid, startTime: 1 }],
    }));
  }
}
