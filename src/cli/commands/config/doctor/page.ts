/** The page that `doctor` prints. Pure. */

import type { ConfigFile } from "../../../../config/schema/schema.ts";
import type { GpuProcess, GpuSample, Reading, Sample } from "../../../../model/machine.ts";
import type { Examination } from "../../../../sense/gpu/examine.ts";
import { words } from "../../../../sense/gpu/nvml/codes.ts";
import type { MachineDescription } from "../../../../sense/machine/other-systems.ts";
import type { Logind } from "../../../../sleep/logind.ts";
import { duration } from "../../../../words/duration.ts";
import { list, plural } from "../../../../words/list.ts";
import { percent } from "../../../../words/number.ts";
import { whoseProcess } from "../../../../words/sentences/process.ts";
import { size } from "../../../../words/size.ts";
import { type ServiceState, startsWhen } from "../../../service/service-state.ts";
import type { Unworkable } from "./blind-rules.ts";
import { type Parking, parkingLines } from "./parking.ts";

export interface Diagnosis {
  version: string;
  node: string;
  machine: MachineDescription;
  /** `unlisted`: by UUID, why processes may be missing from a GPU's list. */
  gpus: Examination & { samples: GpuSample[]; unlisted: Record<string, string> };
  ignored: ConfigFile["others"];
  config: { file: string | null; problems: number };
  rules: number;
  unworkable: Unworkable[];
  /** Names of GPU rules where there is no GPU. */
  withoutGpu: string[];
  readings: Sample["machine"];
  cgroup: { directory: string } | { unavailable: string };
  /** Null where none runs, or it can't be reached. */
  supervisorPid: number | null;
  /** Why one that may run can't be asked; null otherwise. */
  supervisorUnreached: string | null;
  /** Without a name where this user has no home. */
  service: ServiceState | { installed: false; unavailable: string };
  /** Whether jobs are to save before the system sleeps, and whether anything tells when. */
  sleep: { saves: boolean; logind: Logind };
  /** Why processes that have ended stay listed here; null where they are reaped. */
  unreaped: string | null;
  /** For each of NVIDIA's GPUs. */
  parking: Parking[];
}

export function page(found: Diagnosis): string {
  const { machine } = found;
  return [
    `supervisor ${found.version}, Node ${found.node}, ${machine.system}, kernel ${machine.kernel}`,
    `${machine.processor}, ${machine.cores} processors, ${size(machine.memoryMiB)} of memory`,
    "",
    ...gpuLines(found),
    ...callLines(found.gpus),
    "",
    ...ruleLines(found),
    "",
    ...hostLines(found),
  ].join("\n");
}

function gpuLines({ gpus, ignored, parking }: Diagnosis): string[] {
  const hangs = gpus.hangsIn === null ? "" : `it hangs in ${gpus.hangsIn}`;
  const failed = gpus.sources.flatMap(({ unavailable }) => unavailable ?? []);
  const missing = [...failed, ...(gpus.missing === null ? [] : [gpus.missing])];
  if (gpus.samples.length === 0) {
    const reasons = missing.length === 0 ? ["the driver shows none"] : missing;
    return [`GPUs: none can be read: ${[...reasons, ...(hangs === "" ? [] : [hangs])].join("; ")}`];
  }
  const read = gpus.sources.flatMap(({ source, driver, unavailable }) =>
    unavailable === null ? [sourceText(source, driver)] : [],
  );
  const blind = gpus.sources.find((one) => one.blind !== null)?.blind ?? null;
  return [
    `GPUs: by ${list(read)}. Reading GPUs hasn't been tried on real hardware yet: this page helps.`,
    ...gpus.samples.flatMap((gpu) => [
      ...gpuLine(gpu, { blind, unlisted: gpus.unlisted[gpu.uuid] }, ignored),
      ...parking.filter(({ index }) => index === gpu.index).flatMap(parkingLines),
    ]),
    ...gpus.sources.flatMap(({ unopened, unavailable }) =>
      unopened === null || unavailable !== null ? [] : [`Not by NVML: ${unopened}`],
    ),
    ...missing.map((reason) => `Not read: ${reason}`),
    ...(hangs === "" ? [] : [`The driver hangs in ${gpus.hangsIn}.`]),
  ];
}

const sourceText = (source: string, driver: string | null): string =>
  source === "kernel"
    ? `the kernel${driver === null ? "" : ` (${driver})`}`
    : `${source}${driver === null ? "" : `, driver ${driver}`}`;

/** `unlisted`: why processes may be missing from its list. */
function gpuLine(
  gpu: GpuSample,
  { blind, unlisted }: { blind: string | null; unlisted: string | undefined },
  ignored: ConfigFile["others"],
): string[] {
  const total = "value" in gpu.memoryTotalMiB ? size(gpu.memoryTotalMiB.value) : "size not known";
  const missing = Object.entries({
    ...gpu.metrics,
    "memory used": gpu.memoryUsedMiB,
    "power limit": gpu.powerLimitWatts,
  }).flatMap(([name, reading]: [string, Reading]) => {
    if ("unavailable" in reading) return [`  not ${name}: ${reading.unavailable}`];
    return reading.estimated === undefined ? [] : [`  estimated ${name}: ${reading.estimated}`];
  });
  const others = gpu.metrics["gpu.others.memoryMiB"];
  const seen = unlisted === undefined ? "yes" : `in part (${unlisted})`;
  const visible = "value" in others ? seen : `no (${blind ?? others.unavailable})`;
  return [
    `GPU ${gpu.index}  ${gpu.name}  ${total}  ${gpu.uuid}  by ${gpu.source}  others visible: ${visible}`,
    ...noPlace(gpu),
    ...missing,
    ...(gpu.instances ?? []).map(({ uuid }) => `  part ${uuid}`),
    ...processLines(gpu, ignored),
  ];
}

function noPlace(gpu: GpuSample): string[] {
  if (gpu.barred !== undefined) return [`  no job goes there: ${gpu.barred}`];
  if (gpu.device === undefined) return ["  no job goes there: its compute driver isn't loaded (/dev/kfd)"];
  return gpu.integrated ? ["  integrated: a job goes there only where its gpuIds name it"] : [];
}

function processLines({ processes }: GpuSample, ignored: ConfigFile["others"]): string[] {
  const say = (one: GpuProcess): string => {
    const use = one.gpuPercent === undefined ? "" : `, ${percent(one.gpuPercent)}`;
    const memory = one.gpuMemoryMiB === undefined ? "" : `, ${size(one.gpuMemoryMiB)}`;
    return `${one.command.slice(0, 60)} (pid ${one.pid}, ${whoseProcess(one)}${memory}${use})`;
  };
  const counted = processes.filter(({ counts }) => counts !== false);
  const left = processes.filter(({ counts }) => counts === false);
  const isDesktop = ({ command }: GpuProcess): boolean =>
    ignored.ignore.some((program) => (command.split(" ")[0] ?? "").endsWith(program));
  return [
    ...counted.map((one) => `  on it: ${say(one)}`),
    ...left.map((one) =>
      isDesktop(one)
        ? `  desktop: ${say(one)}: ignored below ${percent(ignored.ignoreGpuBelow)}`
        : `  on it: ${say(one)}: its owner can't be determined`,
    ),
  ];
}

function callLines({ calls }: Examination): string[] {
  if (calls.length === 0) return [];
  const rows = calls.map(({ call, gpu, codes, medianMicros, mostMicros }) => {
    const results = Object.entries(codes).map(
      ([code, times]) => `${times} x ${code === "0" ? "OK" : words(Number(code))}`,
    );
    const where = gpu === null ? "" : ` GPU ${gpu}`;
    return `  ${`${call}${where}`.padEnd(52)} ${String(medianMicros).padStart(9)} ${String(mostMicros).padStart(9)}  ${results.join(", ")}`;
  });
  return ["", `Driver calls ${"median".padStart(49)} ${"most µs".padStart(9)}  returned`, ...rows];
}

function ruleLines({ rules, unworkable, withoutGpu, config }: Diagnosis): string[] {
  const from = config.file === null ? "the built-in rules" : `the rules of ${config.file}`;
  const broken =
    config.problems === 0
      ? []
      : [
          `The config has ${plural(config.problems, "problem")} (supervisor check): the built-in rules are checked instead.`,
        ];
  const idle =
    withoutGpu.length === 0
      ? []
      : [`Idle here, since there is no GPU: ${withoutGpu.map((name) => `'${name}'`).join(", ")}.`];
  if (unworkable.length === 0)
    return [...broken, `Rules that can't work here: none (of ${from}, ${rules}).`, ...idle];
  const lines = unworkable.flatMap(({ rule, metric, gpus, why, instead }) => [
    `  '${rule}' (${metric}${gpus.length === 0 ? "" : ` on ${gpus.join(", ")}`}): ${why}`,
    `    instead: ${instead}`,
  ]);
  return [...broken, `Rules that can't work here (of ${from}):`, ...lines, ...idle];
}

function othersText(others: Reading): string {
  if ("unavailable" in others) return `can't be measured (${others.unavailable})`;
  return others.estimated === undefined ? "can be measured" : `is estimated (${others.estimated})`;
}

function sleepText({ saves, logind }: Diagnosis["sleep"]): string {
  if (!saves) return "jobs don't save before the system sleeps, as the config says (saveBeforeSleep)";
  if ("unavailable" in logind)
    return `jobs don't save before the system sleeps, since nothing tells when it does (${logind.unavailable})`;
  return `jobs that can save do so before the system sleeps; logind waits ${duration(logind.delayMs)} for them (InhibitDelayMaxSec)`;
}

function serviceText(service: Diagnosis["service"]): string {
  const { installed, unavailable } = service;
  if (unavailable !== null) return `systemd can't start it here (${unavailable})`;
  if (!installed)
    return "none is installed, so nothing starts it at boot or login (supervisor service install)";
  return `${service.unit} is ${startsWhen(service)}`;
}

function supervisorText({ supervisorPid, supervisorUnreached }: Diagnosis): string {
  if (supervisorUnreached !== null) return supervisorUnreached;
  const runs = supervisorPid === null ? "none runs for this config" : `running (pid ${supervisorPid})`;
  return `${runs}. It needs no terminal or tmux: it keeps running when the one it was started in closes.`;
}

function hostLines(diagnosis: Diagnosis): string[] {
  const { readings, cgroup, service, sleep, unreaped } = diagnosis;
  const others = readings["cpu.others"];
  const pressure = readings["pressure.memory.some"];
  return [
    `CPU use of others: ${othersText(others)}`,
    "directory" in cgroup
      ? `Runs are counted in cgroups of their own, below ${cgroup.directory}`
      : `Runs are counted by their process trees: no cgroups (${cgroup.unavailable})`,
    `Pressure (PSI): ${"value" in pressure ? "can be read" : `can't be read (${pressure.unavailable})`}`,
    `Sleep: ${sleepText(sleep)}.`,
    `Supervisor: ${supervisorText(diagnosis)}`,
    ...(unreaped === null ? [] : [unreaped]),
    `Service: ${serviceText(service)}.`,
  ];
}
