/**
 * Who uses which graphics device, from every process's open files. Dear on a busy machine (about
 * 20 µs per process), so it is done as rarely as keeps it a small part of the time. Processes that we
 * may not look into are counted: that they can't be seen doesn't mean that they are idle.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { type Client, parseFdinfo, percentBetween } from "./parse-fdinfo.ts";

export interface DeviceUse {
  pid: number;
  memoryMiB: number | null;
  /** Null until it has been seen twice. */
  percent: number | null;
}

export interface Sweep {
  atMs: number;
  /** By PCI address. */
  devices: Map<string, DeviceUse[]>;
  /** Processes whose files can't be seen. */
  hidden: number;
}

type Clients = Map<string, { pid: number; client: Client }>;

export class FdinfoSweeper {
  readonly #proc: string;
  #before: { atMs: number; clients: Clients } | null = null;

  constructor(root: string) {
    this.#proc = join(root, "proc");
  }

  sweep(nowMs: number): Sweep {
    const clients: Clients = new Map();
    let hidden = 0;
    for (const name of list(this.#proc) ?? []) {
      if (!/^\d+$/.test(name)) continue;
      const open = list(join(this.#proc, name, "fd"));
      if (open === null) hidden += 1;
      else
        for (const client of this.#clientsOf(name, open)) {
          // A device that is shared between processes is one client: it counts once.
          const key = `${client.device} ${client.id}`;
          if (!clients.has(key)) clients.set(key, { pid: Number(name), client });
        }
    }
    const sweep = { atMs: nowMs, devices: this.#uses(clients, nowMs), hidden };
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
        // Closed meanwhile.
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
      const device = devices.get(client.device) ?? new Map<number, DeviceUse>();
      const use = device.get(pid) ?? { pid, memoryMiB: null, percent: null };
      if (client.memoryMiB !== null) use.memoryMiB = (use.memoryMiB ?? 0) + client.memoryMiB;
      if (percent !== null) use.percent = Math.min(100, (use.percent ?? 0) + percent);
      device.set(pid, use);
      devices.set(client.device, device);
    }
    return new Map([...devices].map(([device, uses]) => [device, [...uses.values()]]));
  }
}

function list(directory: string): string[] | null {
  try {
    return readdirSync(directory);
  } catch (problem) {
    // A process that has ended isn't hidden.
    return (problem as NodeJS.ErrnoException).code === "EACCES" ? null : [];
  }
}
