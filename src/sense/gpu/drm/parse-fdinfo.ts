/**
 * /proc/PID/fdinfo/FD of a graphics device → cumulative use of one client (amdgpu, i915, xe). Pure, never
 * throws: malformed lines are left out.
 */

export interface Client {
  driver: string;
  /** PCI address of the GPU. */
  device: string;
  id: string;
  /** Use by kind of engine: busy time, or busy cycles and total cycles, per engine of that kind. */
  engines: Record<string, Use>;
  /** Memory of the GPU itself that it holds; null where the driver doesn't report it. */
  memoryMiB: number | null;
  /** Memory of the machine that it holds for the GPU; null where the driver doesn't report it. */
  borrowedMiB: number | null;
  /** It holds anything there; where no memory is reported, it has computed. An open file alone is neither. */
  holds: boolean;
  /** Its driver counts use per process. */
  counted: boolean;
}

export type Use = { ns: number } | { cycles: number; of: number };

const UNITS: Record<string, number> = { "": 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
const MIB = 1024 * 1024;

/** Null when it isn't a client of a graphics device. */
export function parseFdinfo(text: string): Client | null {
  const field = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^(drm-[\w-]{1,60}):\s*(.{0,200})$/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) field.set(match[1], match[2].trim());
  }
  const device = field.get("drm-pdev");
  const id = field.get("drm-client-id");
  if (
    device === undefined ||
    id === undefined ||
    !/^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i.test(device)
  )
    return null;
  const driver = field.get("drm-driver") ?? "";
  const used = engines(field);
  // amdgpu leaves out engines that the client has never used.
  const counted = driver === "amdgpu" || Object.keys(used).length > 0;
  const client = { driver, device: device.toLowerCase(), id, engines: used, counted };
  const memoryMiB = memory(field, /^(vram|local)\d*$/);
  const borrowedMiB = memory(field, /^(gtt|system|stolen-system)\d*$/);
  const told = [...field].filter(([name]) => /^drm-(resident|memory|total)-/.test(name) && !isTotal(name));
  const holds =
    told.length > 0
      ? told.some(([, value]) => (bytes(value) ?? 0) > 0)
      : Object.values(used).some((use) => ("ns" in use ? use.ns : use.cycles) > 0);
  return { ...client, memoryMiB, borrowedMiB, holds };
}

function engines(field: ReadonlyMap<string, string>): Record<string, Use> {
  const found: Record<string, Use> = {};
  for (const [name, value] of field) {
    const engine = /^drm-(engine|cycles)-(?!capacity-)(.+)$/.exec(name);
    const figure = whole(value);
    if (engine?.[2] === undefined || figure === null) continue;
    const capacity = Math.max(1, whole(field.get(`drm-engine-capacity-${engine[2]}`)) ?? 1);
    if (engine[1] === "engine") found[engine[2]] = { ns: figure / capacity };
    else {
      const of = whole(field.get(`drm-total-cycles-${engine[2]}`));
      if (of !== null) found[engine[2]] = { cycles: figure / capacity, of };
    }
  }
  return found;
}

/** Not of memory, but of an engine. */
const isTotal = (name: string): boolean => name.startsWith("drm-total-cycles-");

/** Resident, else allocated, memory of these regions. */
function memory(field: ReadonlyMap<string, string>, regions: RegExp): number | null {
  for (const prefix of ["drm-resident-", "drm-memory-", "drm-total-"]) {
    const local = [...field].filter(
      ([name]) => name.startsWith(prefix) && regions.test(name.slice(prefix.length)),
    );
    const sizes = local.map(([, value]) => bytes(value));
    if (sizes.length > 0 && sizes.every((size) => size !== null))
      return sizes.reduce((sum: number, size) => sum + (size ?? 0), 0) / MIB;
  }
  return null;
}

const whole = (text: string | undefined): number | null => {
  const match = /^(\d{1,19})(?: ns)?$/.exec(text ?? "");
  return match ? Number(match[1]) : null;
};

const bytes = (text: string): number | null => {
  const match = /^(\d{1,19}) ?(KiB|MiB|GiB|)$/.exec(text);
  return match ? Number(match[1]) * (UNITS[match[2] ?? ""] ?? 1) : null;
};

/** Percent of the GPU between two looks, by its busiest kind of engine; null where that is unknown. */
export function percentBetween(before: Client, after: Client, elapsedMs: number): number | null {
  const shares: number[] = [];
  const untouched = after.driver === "amdgpu" ? { ns: 0 } : undefined;
  if (untouched && elapsedMs > 0 && Object.keys({ ...before.engines, ...after.engines }).length === 0)
    return 0;
  for (const [name, now] of Object.entries(after.engines)) {
    const then = before.engines[name] ?? untouched;
    if (then === undefined) continue;
    if ("ns" in now && "ns" in then && elapsedMs > 0) shares.push((now.ns - then.ns) / (elapsedMs * 1e6));
    if ("cycles" in now && "cycles" in then) shares.push(shareOfCycles(then, now));
  }
  const sane = shares.filter((share) => Number.isFinite(share) && share >= 0);
  return sane.length === 0 ? null : Math.min(100, 100 * Math.max(...sane));
}

type Cycles = Extract<Use, { cycles: number }>;

/** The clock of all cycles stands still while the GPU sleeps: who has used none of them has used nothing. */
function shareOfCycles(then: Cycles, now: Cycles): number {
  const used = now.cycles - then.cycles;
  if (used === 0 && now.of >= then.of) return 0;
  return now.of > then.of ? used / (now.of - then.of) : Number.NaN;
}
