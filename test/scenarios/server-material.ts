/** What the scenarios with a server that is asked by HTTP have in common. */
import { join } from "node:path";
import { FakeNvml } from "../fakes/nvml/fake.ts";
import { freePorts } from "../free-port.ts";
import { until } from "../until.ts";
import { STEPS } from "./gpu-material.ts";
import { RealSupervisor } from "./real-supervisor.ts";

const PROGRAM = join(import.meta.dirname, "../fakes/inference-server.ts");

export interface Told {
  kind: string;
  pause?: Record<string, unknown>;
  holds?: number;
  keeps?: number;
  env?: NodeJS.ProcessEnv;
  /** Of the server's job, instead of a place on the GPU. */
  llm?: Record<string, unknown>;
}

/** One GPU of 24 GiB, a server on it, and a training job that needs nearly all of it. */
export class Served {
  readonly supervisor: RealSupervisor;
  readonly driver: FakeNvml;
  readonly port: number;

  readonly #told: Told;

  private constructor(told: Told, port: number) {
    this.#told = told;
    this.port = port;
    this.driver = new FakeNvml({ gpus: [{ util: 0, used: 500 }] });
    this.supervisor = new RealSupervisor(this.#config(told.pause), { ...this.driver.env, ...told.env });
  }

  static async begin(told: Told): Promise<Served> {
    const served = new Served(told, await freePorts(1));
    await served.supervisor.start();
    if (told.llm === undefined) await served.seenHolding(told.holds ?? 8000);
    else await until("the server to answer", () => served.asked());
    return served;
  }

  #config(pause: Record<string, unknown> = {}) {
    const { kind, holds = 8000, keeps = 0, llm = { gpuIds: [0] } } = this.#told;
    const command = ["node", PROGRAM, kind, String(this.port), String(holds), String(keeps)];
    const asked = { method: "http", url: `http://127.0.0.1:${this.port}`, ...pause };
    const balance = { settleSeconds: 0, backoffSeconds: 0.1 };
    return {
      balance,
      jobs: [
        { name: "llm", priority: 9, command, pause: asked, ...llm },
        { name: "train", gpuIds: [0], gpuMemoryMiB: 20_000, command: STEPS },
      ],
    };
  }

  /** Another way to ask its server, in the config that is in force. */
  change(pause: Record<string, unknown>): void {
    this.supervisor.configure(this.#config(pause));
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
