/** A job that waits for a GPU under the shipped rules, ticked with what a reader reports. */
import { DEFAULT_RULES } from "../../../src/config/schema/defaults.ts";
import type { GpuSample } from "../../../src/model/machine.ts";
import { GpuAttribution } from "../../../src/sense/gpu/attribute-gpu.ts";
import type { GpuReport } from "../../../src/sense/gpu/report.ts";
import { ProcessOwners } from "../../../src/sense/owners/process-owners.ts";
import { gpuLines } from "../../../src/show/draw/gpu-gauges.ts";
import { paint } from "../../../src/show/draw/lines.ts";
import { at, figure, makeJob } from "../../decide/make.ts";
import { Desk } from "../../decide/sharing/desk.ts";
import { gpus as someGpus } from "../../show/snapshots.ts";

/** A live process that isn't ours: this one's parent. */
export const FOREIGN = process.ppid;

const RULES = DEFAULT_RULES.filter(({ metric }) => metric.startsWith("gpu.")).map((rule) => ({
  ...rule,
  clear: { ...rule.clear, forSeconds: 20 },
}));

export class Waiting {
  readonly #attribution = new GpuAttribution(new ProcessOwners(process.pid), null, () => ({
    ignore: [],
    ignoreGpuBelow: 30,
  }));
  readonly #desk: Desk;
  #second = 0;
  #hasStarted = false;

  constructor() {
    const learned = { gpuMemoryMiB: { any: figure(900) } };
    this.#desk = new Desk([{ ...makeJob(), learned }], { rules: RULES });
  }

  /** So many ticks with this report, as if it were read each time anew. */
  sees(reports: GpuReport[], seconds: number): void {
    for (let left = seconds; left > 0 && !this.#hasStarted; left--) {
      this.#second += 1;
      const { monotonicMs } = at(this.#second);
      const gpus = this.#attribution.samples({ atMs: monotonicMs, gpus: reports }, []);
      this.#draws(gpus);
      const { decisions } = this.#desk.tick(this.#second, { gpus });
      this.#hasStarted = decisions.some(({ verb }) => verb === "start");
    }
  }

  /** "started", or what it waits for. */
  get why(): string {
    return this.#hasStarted ? "started" : this.#desk.why;
  }

  close(): void {
    this.#attribution.close();
  }

  #draws(gpus: GpuSample[]): void {
    const snapshot = { ...someGpus(1), gpus, rules: [] };
    const lines = gpus.flatMap((gpu) => gpuLines(snapshot, gpu, 200)).map((line) => paint(line, "none"));
    const nonsense = lines.find((line) => /NaN|Infinity|undefined|null|-[\d.]+ ?[%W°MG]/.test(line));
    if (nonsense !== undefined) throw new Error(nonsense);
  }
}
