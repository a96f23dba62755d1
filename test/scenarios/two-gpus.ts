/** A whole supervisor over a fake driver of two GPUs, with the rule about others' use in force. */
import { FakeNvml, type FakeProcess } from "../fakes/nvml/fake.ts";
import { OTHERS } from "./gpu-material.ts";
import { RealSupervisor } from "./real-supervisor.ts";

export let supervisor: RealSupervisor;
export let driver: FakeNvml;

/** After each test. */
export async function end(): Promise<void> {
  await supervisor.close();
  driver.close();
}

export async function start(
  config: Record<string, unknown>,
  gpus = 2,
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  driver = new FakeNvml({ gpus: Array.from({ length: gpus }, () => ({ util: 0, used: 500 })) });
  supervisor = await new RealSupervisor(
    { rules: [OTHERS], balance: { settleSeconds: 0 }, ...config },
    { ...driver.env, ...env },
  ).start();
}

/** Each running job computes on its GPU at 100 %, as jobs do. */
export const working = (...names: string[]): FakeProcess[] =>
  names.map((name, gpu) => ({ gpu, pid: supervisor.job(name).pid ?? 0, memory: 8000, sm: 97 }));
