/** What the scenarios over a fake driver have in common. */
import { join } from "node:path";
import { CHILDREN } from "./real-supervisor.ts";

export const OTHERS = {
  name: "somebody else computes on the GPU",
  metric: "gpu.others.utilization",
  above: 25,
  forSeconds: 1,
  clear: { below: 10, forSeconds: 1 },
};

/** A job that keeps the contract, and does next to nothing on the CPU. */
export const STEPS = ["node", join(CHILDREN, "count-steps.ts"), "--ms", "20"];

export const jobOn = (gpu: number, name: string) => ({ name, gpuIds: [gpu], command: STEPS });
