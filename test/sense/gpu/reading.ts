/** A real reading process over a fake driver, looked at as the supervisor does: by ticks that never wait. */
import { clock } from "../../../src/clock.ts";
import { ReaderWatch, type Report, type Watching } from "../../../src/sense/gpu/reader/reader-process.ts";
import type { GpuReport } from "../../../src/sense/gpu/report.ts";
import { type Driver, type FakeMachine, FakeNvml } from "../../fakes/nvml/fake.ts";
import { until } from "../../scenarios/real-supervisor.ts";

export const PACE_MS = 100;

export class Reading {
  readonly driver: FakeNvml;
  readonly watch: ReaderWatch;
  /** Added to the clock, so that back-offs need not be waited for. */
  aheadMs = 0;
  ticks = 0;

  constructor(machine: FakeMachine, kind: Driver = "current", watching: Watching = {}) {
    this.driver = new FakeNvml(machine, kind);
    process.env.FAKE_NVML_FILE = this.driver.file;
    const libraries = [this.driver.library];
    this.watch = new ReaderWatch({ source: "nvml", paceMs: PACE_MS, libraries }, watching);
  }

  look(): Report | { unavailable: string } {
    this.ticks += 1;
    return this.watch.look(clock.now().monotonicMs + this.aheadMs);
  }

  /** Ticks until the report is as wanted. */
  async sees(what: string, wanted: (gpus: GpuReport[]) => boolean): Promise<GpuReport[]> {
    let last: unknown;
    return await until(what, () => {
      last = this.look();
      if ("unavailable" in (last as object)) throw new Error((last as { unavailable: string }).unavailable);
      const { gpus } = last as Report;
      if (!wanted(gpus)) throw new Error(JSON.stringify(gpus).slice(0, 1500));
      return gpus;
    });
  }

  /** Ticks until nothing can be read, for a reason like this one. */
  async fails(reason: RegExp): Promise<string> {
    return await until(`a reason like ${reason}`, () => {
      const seen = this.look();
      const said =
        "unavailable" in seen ? seen.unavailable : seen.gpus.map(({ memoryUsedMiB }) => memoryUsedMiB).join();
      if (!reason.test(said)) throw new Error(said);
      return said;
    });
  }

  close(): void {
    this.watch.close();
    this.driver.close();
  }
}

/** Every GPU has reported its use and its processes': the first reading of them is unreliable. */
export const isComplete = (gpus: GpuReport[]): boolean =>
  gpus.length > 0 &&
  gpus.every(
    ({ utilization, processes }) =>
      typeof utilization === "number" &&
      typeof processes !== "string" &&
      processes.every(({ smPercent }) => typeof smPercent === "number"),
  );
