/**
 * GPUs through nvidia-smi, where the driver library can't be loaded. Runs one nvidia-smi at a time, with a
 * timeout; waits for one that can't be killed rather than start another.
 */
import { elapsedMs, monotonicMs } from "../../../clock.ts";
import { runChild } from "../../../spawn/run-child.ts";
import { duration } from "../../../words/duration.ts";
import type { Reader } from "../nvml/read-nvml.ts";
import type { GpuReport, Message } from "../report.ts";
import { failure, GPU_FIELDS, joinReports, PROCESS_FIELDS, parseGpus, withMissing } from "./parse.ts";

const DEADLINE_MS = 10_000;

/** A failure has `text`, too: with one GPU lost, the others' rows may be good. */
type Said = { ok: true; text: string } | { ok: false; reason: string; text: string };

async function ask(program: string, ...args: string[]): Promise<Said> {
  const done = await runChild(program, args, {
    timeoutMs: DEADLINE_MS,
    killSignal: "SIGKILL",
    env: { LC_ALL: "C" },
  });
  if (done.ok) return { ok: true, text: done.stdout };
  if (done.why === "late")
    return { ok: false, reason: `nvidia-smi took longer than ${duration(DEADLINE_MS)}`, text: "" };
  if (done.why === "missing") return { ok: false, reason: "there is no nvidia-smi", text: "" };
  return { ok: false, reason: failure(`${done.stderr}\n${done.stdout}`), text: done.stdout };
}

const CSV = "--format=csv,noheader,nounits";

export function openSmi(program = "nvidia-smi"): Reader {
  let fields: readonly string[] = GPU_FIELDS;
  let last: GpuReport[] = [];
  const query = async (): Promise<Said> => {
    const said = await ask(program, `--query-gpu=${fields.join(",")}`, CSV);
    const renamed = fields.map((field) => field.replace("clocks_throttle_reasons", "clocks_event_reasons"));
    if (said.ok || !/not a valid field/i.test(said.reason) || renamed.join() === fields.join()) return said;
    fields = renamed;
    return await ask(program, `--query-gpu=${fields.join(",")}`, CSV);
  };
  return {
    driver: null,
    async poll(): Promise<Message> {
      const began = elapsedMs();
      const gpus = await query();
      const found = parseGpus(gpus.text);
      if (found.length === 0 && (!gpus.ok || last.length === 0)) {
        const reason = gpus.ok ? failure(gpus.text) : gpus.reason;
        return { is: "failed", reason, retryMs: 60_000 };
      }
      const processes = await ask(program, `--query-compute-apps=${PROCESS_FIELDS.join(",")}`, CSV);
      const joined = joinReports(
        found,
        processes.ok ? processes.text : null,
        processes.ok ? "" : processes.reason,
      );
      last = withMissing(joined, last, gpus.ok ? "nvidia-smi no longer lists this GPU" : gpus.reason);
      const atMs = monotonicMs();
      return { is: "report", atMs, driverMs: elapsedMs() - began, gpus: last };
    },
  };
}
