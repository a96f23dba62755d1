/**
 * The reader process: calls the drivers, so that a driver that hangs doesn't hang the supervisor, which
 * gives this process up instead. Writes one JSON line per round to stdout and exits when stdin closes. Its
 * first argument is its task as JSON.
 */
import { writeSync } from "node:fs";
import { monotonicMs } from "../../../clock.ts";
import { plausible } from "../plausible.ts";
import type { Message } from "../report.ts";

export interface Task {
  source: "nvml" | "nvidia-smi" | "kernel";
  paceMs: number;
  /** Driver libraries, tried in this order. */
  libraries?: string[];
  /** Where /sys and /proc are. */
  root?: string;
  /** Nothing that it reads changes from second to second. */
  rarely?: true;
  /** Trace each call. */
  calls?: boolean;
}

const BEAT_MS = 1000;

function tell(message: Message): void {
  try {
    writeSync(1, `${JSON.stringify(message)}\n`);
  } catch {
    process.exit();
  }
}

async function open(task: Task) {
  switch (task.source) {
    case "nvml": {
      const { openNvml } = await import("../nvml/read-nvml.ts").catch((problem: Error) => {
        const reason = `the native part that calls libraries can't be loaded: ${problem.message}`;
        return { openNvml: () => ({ is: "failed", reason, retryMs: 60_000, next: "nvidia-smi" }) as const };
      });
      const witness = (name: string, device: bigint | null, code: number | null, micros: number): void =>
        tell({ is: "call", name, gpu: device === null ? null : Number(device), code, micros });
      return openNvml(task.libraries ?? [], task.paceMs, task.calls ? witness : null);
    }
    case "nvidia-smi":
      return (await import("../smi/read-smi.ts")).openSmi();
    case "kernel":
      return (await import("../drm/read-drm.ts")).openDrm(task.root ?? "/");
  }
}

async function main(task: Task): Promise<void> {
  process.stdin
    .on("end", () => process.exit())
    .on("error", () => process.exit())
    .resume();
  const reader = await open(task);
  if ("is" in reader) {
    tell(reader);
    process.exit();
  }
  tell({ is: "hello", source: task.source, driver: reader.driver });
  // Tells a slow source from one that hangs.
  if (task.paceMs > BEAT_MS) setInterval(() => tell({ is: "beat" }), BEAT_MS);
  const round = async (): Promise<void> => {
    const began = monotonicMs();
    const message = await reader.poll(began);
    tell(message.is === "report" ? { ...message, gpus: message.gpus.map(plausible) } : message);
    if (message.is === "failed") process.exit();
    setTimeout(round, Math.max(task.paceMs / 4, task.paceMs - (monotonicMs() - began)));
  };
  await round();
}

await main(JSON.parse(process.argv[2] ?? "{}") as Task);
