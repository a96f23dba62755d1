/**
 * A command that hands its work to a server: its own processes are idle while others' use rises and falls with its runs.
 * Told after the second such run, in an event and in `why`, and never of a job that works itself.
 * Covers: src/decide/rules/hand-over.ts, src/words/hand-over.ts.
 */
import { expect, test } from "vitest";
import type { Job } from "../../../src/model/job.ts";
import type { ProcessEvidence, Sample } from "../../../src/model/machine.ts";
import { handOverText } from "../../../src/words/hand-over.ts";
import { Days, pausedJob, running } from "../days.ts";
import { at, makeGpu, makeRun } from "../make.ts";

const SERVER: ProcessEvidence = {
  pid: 913,
  startTime: 77,
  user: "ana",
  command: "/opt/bin/llama-server --port 8080",
  cpuPercent: 41,
};

class Client {
  readonly days = new Days({ rules: [] }, pausedJob("ask"));
  readonly events: string[] = [];
  readonly #at: { gpu?: boolean; isOnIt?: boolean };
  #second = 0;
  #run = 0;

  constructor(at: { gpu?: boolean; isOnIt?: boolean } = {}) {
    this.#at = at;
  }

  #tick(others: number, own: number): void {
    const run = `r${this.#run}`;
    const now = at(this.#second);
    const more: Partial<Sample> = {
      foreign: others > 10 ? [{ ...SERVER, pid: 3, cpuPercent: 2 }, SERVER] : [],
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
      { "cpu.others": this.#at.gpu ? 3 : others },
      { ...more, ...this.#gpus(others, run) },
    );
    this.events.push(...this.days.last.events);
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
  live(others: number, own: number, { seconds = 20, after = 4, beforehand = 4 } = {}): this {
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
    for (let second = 0; second < seconds; second++) this.#tick(others, own);
    this.days.mode = { stopping: true, journalHealthy: true };
    this.#become(pausedJob("ask"));
    for (let second = 0; second < 25; second++) this.#tick(second < 3 ? others : after, 0);
    return this;
  }

  get told(): number {
    return this.events.filter((kind) => kind === "job.handed-over").length;
  }
}

test("is told after the second run with which others' use rose and fell, and once", () => {
  const client = new Client().live(47, 1);
  expect([client.told, client.days.why.ask?.handsOver]).toEqual([0, undefined]);
  client.live(45, 0);
  expect(client.told).toBe(1);
  const found = client.days.why.ask?.handsOver;
  expect(found).toMatchObject({ from: 4, runs: 2, program: { name: "llama-server", pid: 913 } });
  expect(handOverText(found as NonNullable<typeof found>)).toMatch(
    /^Its own processes are idle, while others' CPU use rose from 4 % to 45 % with it and fell when it stopped, in 2 runs: it seems to hand its work to 'llama-server' \(pid 913\).*supervisor run -- COMMAND\.$/,
  );
  expect(client.live(52, 1).told).toBe(1);
  // A run without them speaks against it.
  expect(client.live(4, 1).days.why.ask?.handsOver).toBeUndefined();
});

test("is told of a GPU, too, with the program on it", () => {
  const found = new Client({ gpu: true }).live(71, 1).live(68, 2).days.why.ask?.handsOver;
  expect(found).toMatchObject({ gpu: 1, from: 4, to: 68, program: { name: "llama-server", pid: 913 } });
  expect(handOverText(found as NonNullable<typeof found>)).toMatch(
    /others' use of GPU 1 rose from 4 % to 68 %/,
  );
});

test("isn't told of a GPU that it computes on itself", () => {
  const client = new Client({ gpu: true, isOnIt: true }).live(71, 1).live(68, 2);
  expect(client.told).toBe(0);
});

test.each<[string, (client: Client) => Client]>([
  ["works itself", (client) => client.live(47, 31).live(47, 31)],
  [
    "leaves others as busy as they were",
    (client) => client.live(47, 1, { after: 44 }).live(47, 1, { after: 44 }),
  ],
  [
    "came when others were busy already",
    (client) => client.live(47, 1, { beforehand: 45 }).live(47, 1, { beforehand: 43 }),
  ],
  ["runs for moments alone", (client) => client.live(47, 1, { seconds: 8 }).live(47, 1, { seconds: 8 })],
  ["runs without a rise in between", (client) => client.live(47, 1).live(5, 1).live(47, 1)],
])("isn't told of a job that %s", (_, live) => {
  expect(live(new Client()).told).toBe(0);
});
