/** What the scenarios with a server that is asked by HTTP have in common. */
import { createServer } from "node:net";
import { join } from "node:path";
import { FakeNvml } from "../fakes/nvml/fake.ts";
import { until } from "../until.ts";
import { STEPS } from "./gpu-material.ts";
import { RealSupervisor } from "./real-supervisor.ts";

const PROGRAM = join(import.meta.dirname, "../fakes/inference-server.ts");

/** A port of this machine that nothing listens at. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as { port: number };
  await new Promise((closed) => server.close(closed));
  return port;
}

export interface Told {
  kind: string;
  pause?: Record<string, unknown>;
  holds?: number;
  keeps?: number;
  env?: NodeJS.ProcessEnv;
  more?: Record<string, unknown>;
}

/** One GPU of 24 GiB, a server on it, and a training job that needs nearly all of it. */
export class Served {
  readonly supervisor: RealSupervisor;
  readonly driver: FakeNvml;
  readonly port: number;

  private constructor(supervisor: RealSupervisor, driver: FakeNvml, port: number) {
    this.supervisor = supervisor;
    this.driver = driver;
    this.port = port;
  }

  static async begin({
    kind,
    pause = {},
    holds = 8000,
    keeps = 0,
    env = {},
    more = {},
  }: Told): Promise<Served> {
    const port = await freePort();
    const driver = new FakeNvml({ gpus: [{ util: 0, used: 500 }] });
    const command = ["node", PROGRAM, kind, String(port), String(holds), String(keeps)];
    const asks = { method: "http", url: `http://127.0.0.1:${port}`, ...pause };
    const llm = { name: "llm", priority: 9, gpuIds: [0], command, pause: asks };
    const train = { name: "train", gpuIds: [0], gpuMemoryMiB: 20_000, command: STEPS };
    const balance = { settleSeconds: 0, backoffSeconds: 0.1 };
    const config = { balance, jobs: [llm, train], ...more };
    const supervisor = await new RealSupervisor(config, { ...driver.env, ...env }).start();
    const served = new Served(supervisor, driver, port);
    await served.seenHolding(holds);
    return served;
  }

  async seenHolding(miB: number): Promise<void> {
    await this.supervisor.shows(`${miB} MiB to be seen`, ({ gpus }) =>
      gpus[0]?.processes.some(({ gpuMemoryMiB }) => gpuMemoryMiB === miB),
    );
  }

  /** Tells the fake server what only a test may tell it. */
  async tell(path: string, body: unknown = {}): Promise<void> {
    const answer = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  }

  async asked(): Promise<string[]> {
    return (await (await fetch(`http://127.0.0.1:${this.port}/asked`)).json()) as string[];
  }

  async askedFor(call: string): Promise<void> {
    await until(call, async () => (await this.asked()).includes(call));
  }

  async close(): Promise<void> {
    await this.supervisor.close();
    this.driver.close();
  }
}
