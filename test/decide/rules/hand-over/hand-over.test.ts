/**
 * A command that hands its work to a server: its own processes are idle while others' use rises and falls with its runs.
 * Told after the third such run, in an event and in `why`, and never of a job that works itself.
 * Covers: src/decide/rules/hand-over/hand-over.ts, src/decide/rules/hand-over/rise.ts, src/words/sentences/hand-over.ts.
 */
import { expect, test } from "vitest";
import type { Job } from "../../../../src/model/job.ts";
import type { ProcessEvidence, Sample } from "../../../../src/model/machine.ts";
import { handOverText } from "../../../../src/words/sentences/hand-over.ts";
import { Days, pausedJob, running } from "../../days.ts";
import { at, makeGpu, makeRun } from "../../make.ts";

const SERVER: ProcessEvidence = {
  pid: 913,
  startTime: 77,
  user: "ana",
  command: "/opt/bin/llama-server --port 8080",
  cpuPercent: 41,
};

/** `elsewhere`: CPU that another program uses all the time, in percent. `hidden`: no process can be looked at. */
interface At {
  gpu?: boolean;
  isOnIt?: boolean;
  hidden?: boolean;
  elsewhere?: number;
}

class Client {
  readonly days = new Days({ rules: [] }, pausedJob("ask"));
  readonly events: string[] = [];
  readonly #at: At;
  #second = 0;
  #run = 0;

  constructor(at: At = {}) {
    this.#at = at;
  }

  #tick(others: number, own: number): void {
    const run = `r${this.#run}`;
    const now = at(this.#second);
    const more: Partial<Sample> = {
      ...this.#looked(others, now.monotonicMs),
      runs: {
        [run]: {
          cpuPercent: { value: own, atMs: now.monotonicMs },
          memoryMiB: { unavailable: "x" },
          processes: 1,
        },
      },
    };
    this.days.tick(
      this.#second++,
      { "cpu.others": this.#at.gpu ? 3 : Math.min(97, others + (this.#at.elsewhere ?? 0)) },
      { ...more, ...this.#gpus(others, run) },
    );
    this.events.push(...this.days.last.events);
  }

  /** All processes are looked at every other second, as far as the machine is busy. */
  #looked(others: number, nowMs: number): Partial<Sample> {
    const elsewhere = this.#at.elsewhere ?? 0;
    if (this.#at.hidden || this.#at.gpu || others + elsewhere < 10) return { foreign: [] };
    const server = others > 5 ? [{ ...SERVER, cpuPercent: others - 2 }] : [];
    const foreign = [{ ...SERVER, pid: 3, command: "make", cpuPercent: 2 + elsewhere }, ...server];
    return { foreign, ...(this.#second % 2 === 0 && { looked: { sinceMs: nowMs - 2000, unlisted: 1 } }) };
  }

  #gpus(others: number, run: string): Partial<Sample> {
    if (!this.#at.gpu) return {};
    const gpu = makeGpu(at(this.#second - 1), "B", 1, { "gpu.others.utilization": others });
    const processes = [{ ...SERVER, gpuPercent: others, ours: null }];
    const own = { ...SERVER, pid: 9, ours: run };
    return {
      gpus: [{ ...gpu, processes: this.#at.isOnIt ? [...processes, own] : processes }],
      gpusUnavailable: null,
    };
  }

  #become(job: Job): void {
    this.days.world = { ...this.days.world, jobs: { ask: job } };
  }

  /** `seconds` of a run, beside which others use so much; then some seconds without it. */
  live(others: number, own: number, { seconds = 20, after = 4, beforehand = 4, idleFor = 0 } = {}): this {
    this.days.mode = { stopping: true, journalHealthy: true };
    this.#become(pausedJob("ask"));
    this.#tick(beforehand, 0);
    this.#run += 1;
    const state = {
      name: "running" as const,
      since: at(this.#second),
      run: makeRun({ id: `r${this.#run}` }),
    };
    this.days.mode = { stopping: false, journalHealthy: true };
    this.#become(running("ask", {}, { state }));
    for (let second = 0; second < seconds; second++) this.#tick(second < idleFor ? beforehand : others, own);
    this.days.mode = { stopping: true, journalHealthy: true };
    this.#become(pausedJob("ask"));
    for (let second = 0; second < 25; second++) this.#tick(second < 3 ? others : after, 0);
    return this;
  }

  /** Others' use for a while between two runs. */
  rest(others: number): this {
    for (let second = 0; second < 6; second++) this.#tick(others, 0);
    return this;
  }

  get told(): number {
    return this.events.filter((kind) => kind === "job.handed-over").length;
  }
}

test("is told after the third run with which a program's use rose and fell, and once", () => {
  const client = new Client().live(47, 1).live(46, 1);
  expect([client.told, client.days.why.ask?.handsOver]).toEqual([0, undefined]);
  client.live(45, 0);
  expect(client.told).toBe(1);
  const found = client.days.why.ask?.handsOver;
  expect(found).toMatchObject({ from: 4, runs: 3, program: { name: "llama-server", pid: 913 } });
  expect(handOverText(found as NonNullable<typeof found>)).toMatch(
    /^Its own processes are idle, while the CPU use of 'llama-server' \(pid 913\) rose from 4 % to 43 % with it and fell when it stopped, in 3 runs: it seems to hand its work to that program.*supervisor run -- COMMAND\.$/,
  );
  expect(client.live(52, 1).told).toBe(1);
  // A run without them speaks against it.
  expect(client.live(4, 1).days.why.ask?.handsOver).toBeUndefined();
});

test("is told of a GPU, too, with the program on it", () => {
  const found = new Client({ gpu: true }).live(71, 1).live(70, 1).live(68, 2).days.why.ask?.handsOver;
  expect(found).toMatchObject({ gpu: 1, from: 4, to: 68, program: { name: "llama-server", pid: 913 } });
  expect(handOverText(found as NonNullable<typeof found>)).toMatch(
    /others' use of GPU 1 rose from 4 % to 68 %/,
  );
});

test("isn't told of a GPU that it computes on itself", () => {
  const client = new Client({ gpu: true, isOnIt: true }).live(71, 1).live(70, 1).live(68, 2);
  expect(client.told).toBe(0);
});

test("is told on a machine that others keep busy, by the program's own use", () => {
  const busy = new Client({ elsewhere: 96 }).live(35, 1).live(35, 1).live(35, 1);
  expect(busy.days.why.ask?.handsOver).toMatchObject({ to: 33, program: { name: "llama-server" } });
});

test("is told without a name where no process can be looked at", () => {
  const found = new Client({ hidden: true }).live(47, 1).live(47, 1).live(47, 1).days.why.ask?.handsOver;
  expect(found).toMatchObject({ from: 4, to: 47 });
  expect(found && handOverText(found)).toMatch(
    /while others' CPU use rose.* hand its work to another program/,
  );
});

type Live = (client: Client) => Client;
const thrice =
  (live: Live): Live =>
  (client) =>
    live(live(live(client)));

test.each<[string, Live]>([
  ["works itself", thrice((client) => client.live(47, 31))],
  ["leaves others as busy as they were", thrice((client) => client.live(47, 1, { after: 44 }))],
  ["came when others were busy already", thrice((client) => client.live(47, 1, { beforehand: 45 }))],
  ["runs for moments alone", thrice((client) => client.live(47, 1, { seconds: 8 }))],
  ["runs without a rise in between", (client) => client.live(47, 1).live(47, 1).live(5, 1).live(47, 1)],
  ["others came beside after a while", thrice((client) => client.live(47, 1, { idleFor: 11 }))],
  ["others work without, too", thrice((client) => client.live(47, 1).rest(47))],
])("isn't told of a job that %s", (_, live) => {
  expect(live(new Client()).told).toBe(0);
  expect(live(new Client({ hidden: true })).told).toBe(0);
});
