/**
 * Which processes use which graphics device, from every process's open files. Expensive on a busy machine
 * (about 20 µs per process), so the caller keeps sweeps to a small share of the time. Says when there are
 * processes that can't be inspected: hidden doesn't mean idle.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { hiddenUsers } from "../../proc/hidden-users.ts";
import type { Told } from "../report.ts";
import { type Client, parseFdinfo, percentBetween } from "./parse-fdinfo.ts";

export const NOT_TWICE = "it takes two readings, and this is the first";
export const UNCOUNTED = "this kernel's driver doesn't report use per process";
export const UNINSPECTED = "other users' processes can't be inspected";

export interface DeviceUse {
  pid: number;
  /** Of the GPU itself, and borrowed of the machine; null where the driver doesn't report it. */
  memoryMiB: number | null;
  borrowedMiB: number | null;
  percent: Told;
}

export interface Sweep {
  atMs: number;
  /** By PCI address. */
  devices: Map<string, DeviceUse[]>;
  /** PCI addresses of GPUs whose driver was seen to count use per process. */
  counted: ReadonlySet<string>;
  /** Why processes may be missing; null where all could be inspected. */
  hidden: string | null;
}

type Clients = Map<string, { pid: number; client: Client }>;

export class FdinfoSweeper {
  readonly #proc: string;
  readonly #counted = new Set<string>();
  #before: { atMs: number; clients: Clients } | null = null;

  constructor(root: string) {
    this.#proc = join(root, "proc");
  }

  sweep(nowMs: number): Sweep {
    const clients: Clients = new Map();
    let hidden = hiddenUsers();
    for (const name of list(this.#proc) ?? []) {
      if (!/^\d+$/.test(name)) continue;
      const open = list(join(this.#proc, name, "fd"));
      if (open === null) hidden ??= UNINSPECTED;
      else
        for (const client of this.#clientsOf(name, open)) {
          // A client shared between processes counts once.
          const key = `${client.device} ${client.id}`;
          if (!clients.has(key)) clients.set(key, { pid: Number(name), client });
        }
    }
    for (const { client } of clients.values()) if (client.counted) this.#counted.add(client.device);
    const sweep = { atMs: nowMs, devices: this.#uses(clients, nowMs), counted: this.#counted, hidden };
    this.#before = { atMs: nowMs, clients };
    return sweep;
  }

  #clientsOf(pid: string, open: string[]): Client[] {
    const found: Client[] = [];
    for (const fd of open) {
      try {
        if (!readlinkSync(join(this.#proc, pid, "fd", fd)).startsWith("/dev/dri/")) continue;
        const client = parseFdinfo(readFileSync(join(this.#proc, pid, "fdinfo", fd), "latin1"));
        if (client) found.push(client);
      } catch {
        // Closed in between.
      }
    }
    return found;
  }

  #uses(clients: Clients, nowMs: number): Map<string, DeviceUse[]> {
    const before = this.#before;
    const devices = new Map<string, Map<number, DeviceUse>>();
    for (const [key, { pid, client }] of clients) {
      const then = before?.clients.get(key);
      const percent =
        then?.pid === pid && before ? percentBetween(then.client, client, nowMs - before.atMs) : null;
      // Programs open every GPU there is to choose one.
      if (!client.holds && !(percent !== null && percent > 0)) continue;
      const device = devices.get(client.device) ?? new Map<number, DeviceUse>();
      const untold = client.counted ? NOT_TWICE : UNCOUNTED;
      const use = device.get(pid) ?? { pid, memoryMiB: null, borrowedMiB: null, percent: untold };
      use.memoryMiB = sum(use.memoryMiB, client.memoryMiB);
      use.borrowedMiB = sum(use.borrowedMiB, client.borrowedMiB);
      if (percent !== null)
        use.percent = Math.min(100, (typeof use.percent === "number" ? use.percent : 0) + percent);
      device.set(pid, use);
      devices.set(client.device, device);
    }
    return new Map([...devices].map(([device, uses]) => [device, [...uses.values()]]));
  }
}

/** Of what is known. */
export const sum = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : a + b;

function list(directory: string): string[] | null {
  try {
    return readdirSync(directory);
  } catch (problem) {
    // A process that has ended isn't hidden.
    return (problem as NodeJS.ErrnoException).code === "EACCES" ? null : [];
  }
}
