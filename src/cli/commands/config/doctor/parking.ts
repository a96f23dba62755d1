/** What `doctor` tells of parking: for each GPU whether it can work and why not, and what a try has shown. */
import { wallMs } from "../../../../clock.ts";
import { whyUnparkable } from "../../../../decide/sharing/parkable.ts";
import type { GpuSample } from "../../../../model/machine.ts";
import { noteTry } from "../../../../park/tried-parks.ts";
import { driverLack, type TriedCall, type TriedPark, tryPark } from "../../../../park/try-park.ts";
import { duration } from "../../../../words/duration.ts";

export interface Parking {
  gpu: string;
  index: number;
  /** Why it can't work there, half a sentence; null where nothing speaks against it. */
  unavailable: string | null;
  /** Null where it wasn't tried. */
  tried: TriedPark | null;
}

/**
 * One entry for each of NVIDIA's GPUs. `trying`: takes seconds on each, and is noted for supervisors.
 * @param driver its version, where it tells it
 */
export async function parking(
  gpus: readonly GpuSample[],
  driver: string | null,
  trying: boolean,
): Promise<Parking[]> {
  const places = gpus.filter(({ device }) => device?.runtime === "cuda");
  if (places.length === 0) return [];
  const lack = await driverLack();
  const found: Parking[] = [];
  for (const gpu of places) {
    const unavailable = lack ?? whyUnparkable(gpu);
    const tried = trying && unavailable === null ? await tryPark(gpu.device?.number ?? gpu.index) : null;
    if (tried !== null && driver !== null)
      noteTry(gpu.uuid, driver, { works: tried.fails === null, atMs: wallMs() });
    found.push({ gpu: gpu.uuid, index: gpu.index, unavailable, tried });
  }
  return found;
}

export function parkingLines({ unavailable, tried }: Parking): string[] {
  if (unavailable !== null) return [`  parking: can't work: ${unavailable}`];
  if (tried === null) return ["  parking: nothing rules it out; to test it: supervisor doctor --try-park"];
  const calls = tried.calls.map(callLine);
  if (tried.fails === null)
    return [
      "  parking: works, as a program of its own has shown: jobs that can't save are parked by themselves where their VRAM is needed",
      ...calls,
    ];
  return [`  parking: doesn't work: ${tried.fails}`, ...calls, ...fix(tried.fails)];
}

const callLine = ({ call, ms, state, why }: TriedCall): string =>
  `    ${call.padEnd(10)} ${(why ?? "OK").concat(",")} state ${state ?? "not told"}, ${duration(ms)}`;

/** What the system refuses is for the machine's owner to allow. */
const fix = (why: string): string[] =>
  why.includes("CUDA 304")
    ? [
        "    fix: run the supervisor as root or with CAP_SYS_PTRACE; or set kernel.yama.ptrace_scope to 0 (sysctl)",
      ]
    : [];
