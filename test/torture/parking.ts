/**
 * A torture of parking, over the fake drivers: a plain program's VRAM is moved out for a newcomer and back, round after
 * round, while the supervisor or the child that calls the driver is killed, or the database lost, at moments that the
 * round's seed chooses. Throws at the first thing that is wrong: the job lost or doubled, brought back without room,
 * or told to run while its VRAM is away.
 */
import { ok } from "node:assert";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Snapshot } from "../../src/control/protocol.ts";
import { ParkScene, ROOM } from "../scenarios/park-material.ts";
import { alive } from "../scenarios/real-supervisor.ts";
import { NeverComes, until } from "../until.ts";

/** Each call takes a while before and after its work, so that there is something to hit. */
const SLOW = ["lock", "checkpoint", "restore", "unlock"].flatMap((call) => [
  `cuda delay ${call} 60`,
  `cuda linger ${call} 60`,
]);
/** How long a move takes in all here, at least. */
const MOVE_MS = 1500;
/** So often it waits for a call before it strikes, as a share. */
const AIMED = 0.7;
/** Broken off three times, a move is rightly given up (MOST_TRIES in src/decide/lifecycle/park/drive.ts). */
const MOST_BROKEN = 2;
/** The share of hits that are followed by another one in the same move. */
const AGAIN = 0.6;
const PATIENCE_MS = 180_000;
/** While as much is used it isn't brought back. */
const WANT_MIB = 5000;
/** What is left of its GPU is less than it held. */
const CROWD_MIB = ROOM - 1100;

const FAULTS = ["child", "supervisor", "both", "database"] as const;
type Fault = (typeof FAULTS)[number];

export interface Parked {
  seed: number;
  rounds: number;
  wallMs: number;
  /** By what was hit, in which state the driver had the program then, and how far its move had come. */
  kills: Record<string, number>;
}

export interface ParkingOptions {
  /** Of the first round; each next one's is higher by one. */
  seed: number;
  rounds: number;
  say?: (line: string) => void;
  stop?: AbortSignal;
}

export async function tortureParking({
  seed: first,
  rounds,
  say = () => {},
  stop,
}: ParkingOptions): Promise<Parked> {
  const began = performance.now();
  const torment = new Torment(new ParkScene(), say);
  try {
    await torment.scene.start(SLOW);
    for (let seed = first; seed < first + rounds; seed++) {
      stop?.throwIfAborted();
      say(`seed ${seed}`);
      await torment.round(seed).catch((error: Error) => {
        const told = torment.scene.supervisor.audit().map(({ kind, reason }) => `  ${kind}: ${reason}`);
        throw new Error([`seed ${seed}: ${error.message}`, ...told].join("\n"), { cause: error });
      });
    }
    return { seed: first, rounds, wallMs: performance.now() - began, kills: torment.kills };
  } finally {
    await torment.scene.close();
  }
}

class Torment {
  readonly scene: ParkScene;
  readonly kills: Record<string, number> = {};

  readonly say: (line: string) => void;

  #broken = 0;

  constructor(scene: ParkScene, say: (line: string) => void) {
    this.scene = scene;
    this.say = say;
  }

  /** Out for a newcomer, kept out while there is no room, and back. */
  async round(seed: number): Promise<void> {
    const { scene } = this;
    const next = random(seed);
    const newcomer = scene.newcomer(WANT_MIB);
    await this.#hits(next);
    await this.#sees("it to be parked", ({ jobs: [job] }) => {
      const { parked } = job?.why ?? {};
      return parked?.gone && parked.broken === undefined && this.#isAway();
    });
    // No rule holds it back now, and there is no room: the GPU shows the crowd in place of what the newcomer held.
    await scene.supervisor.end(newcomer.child);
    scene.set({ newcomers: [], unseenMiB: CROWD_MIB });
    if (next() < 0.3) await this.#hit(next, { moves: false });
    ok(this.#isAway(), "it was brought back without room");
    scene.set({ unseenMiB: 0 });
    await this.#hits(next);
    await this.#sees(
      "it to run",
      ({ jobs: [job] }) =>
        job?.state === "running" &&
        job.why.moves === undefined &&
        scene.cuda.stateOf(scene.pid) === "running",
    );
    await scene.expectWhole();
    // Each call was made in the state that it is for, and each restore had room.
    const bad = scene.cuda.calls.filter((call) => !call.endsWith(" 0"));
    ok(bad.length === 0, `calls that failed: ${bad.join(", ")}`);
    const [job] = (await scene.supervisor.look()).jobs;
    ok(job?.pid === scene.pid && job.run === 1, "another run is the job");
  }

  /** A move may be hit again and again. */
  async #hits(next: () => number): Promise<void> {
    this.#broken = 0;
    do await this.#hit(next, { moves: true });
    while (next() < AGAIN);
  }

  async #sees(what: string, find: (seen: Snapshot) => unknown): Promise<void> {
    await until(
      what,
      async () => {
        // Asked first: it can't have been brought back before it was told to be on its way.
        const away = this.#isAway();
        const seen = await this.scene.supervisor.look();
        const [job] = seen.jobs;
        // The state is of the end of a tick, the answer to "why?" of its decision.
        if (away && job?.state === "running" && job.why.state === "running" && job.why.moves === undefined)
          throw new NeverComes(`it was told to run while its VRAM was away: ${JSON.stringify(job.why)}`);
        if (!alive(this.scene.pid)) throw new NeverComes("its program has ended");
        if (find(seen)) return true;
        // What is told where it never comes.
        throw new Error(`driver: ${this.scene.cuda.stateOf(this.scene.pid)}; ${JSON.stringify(job?.why)}`);
      },
      { limitMs: PATIENCE_MS },
    );
  }

  #isAway(): boolean {
    return this.scene.cuda.stateOf(this.scene.pid) === "checkpointed";
  }

  /** Which moment is hit is chance; what is expected holds for every one. */
  async #hit(next: () => number, { moves }: { moves: boolean }): Promise<void> {
    const { supervisor, cuda, pid } = this.scene;
    if (moves && next() < AIMED) await this.#callBegins();
    await sleep(next() * MOVE_MS);
    const drawn = FAULTS[Math.floor(next() * FAULTS.length)] as Fault;
    const breaks = drawn === "child" || drawn === "both";
    const fault = breaks && this.#broken === MOST_BROKEN ? "supervisor" : drawn;
    if (fault === "child" || fault === "both") this.#broken += 1;
    const what = `${fault}, ${cuda.stateOf(pid)}, after ${cuda.calls.length % 4} of 4 calls`;
    this.kills[what] = (this.kills[what] ?? 0) + 1;
    this.say(`  ${what}`);
    if (fault === "child" || fault === "both") this.#killChild();
    if (fault === "child") return;
    await supervisor.crash();
    if (fault === "database")
      for (const file of readdirSync(supervisor.directory))
        if (file.startsWith("audit.sqlite")) rmSync(join(supervisor.directory, file));
    await supervisor.start();
  }

  /** Seen by its record. */
  async #callBegins(): Promise<void> {
    const before = this.#record();
    await until("a call", () => this.#record() !== before, { limitMs: 5000 }).catch(() => {});
  }

  /** The child that called last; it may be gone already. */
  #killChild(): void {
    try {
      process.kill(JSON.parse(this.#record()).pid, "SIGKILL");
    } catch {
      // There is none now.
    }
  }

  /** Empty where nothing of the program is away. */
  #record(): string {
    const runs = join(this.scene.supervisor.directory, "state", "runs");
    try {
      return readdirSync(runs)
        .map((run) => readFileSync(join(runs, run, "park"), "utf8"))
        .join("");
    } catch {
      return "";
    }
  }
}

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
