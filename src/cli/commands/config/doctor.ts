/**
 * `doctor`: one page on what this machine lets the supervisor see and do, for a bug report. Changes
 * nothing, and starts nothing on a GPU unless it is told to try (what that shows is noted); names processes on GPUs, but none of the config's secrets.
 */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { clock } from "../../../clock.ts";
import { findConfig } from "../../../config/find.ts";
import { loadConfig } from "../../../config/load.ts";
import type { Places } from "../../../config/places.ts";
import { DEFAULT_RULES } from "../../../config/schema/defaults.ts";
import type { Config, ConfigFile, Rule } from "../../../config/schema/schema.ts";
import type { GpuSample, Sample } from "../../../model/machine.ts";
import type { LiveRun } from "../../../ports/live-run.ts";
import { Refusal } from "../../../refusal.ts";
import { tryCgroup } from "../../../runs/launch/try-cgroup.ts";
import { GpuAttribution } from "../../../sense/gpu/attribute-gpu.ts";
import { type Examination, examineGpus } from "../../../sense/gpu/examine.ts";
import { withinLimits } from "../../../sense/gpu/inherited-limits.ts";
import { noGpus } from "../../../sense/gpu/source.ts";
import { readBattery } from "../../../sense/machine/background.ts";
import { describeMachine } from "../../../sense/machine/other-systems.ts";
import { ProcessOwners } from "../../../sense/owners/process-owners.ts";
import { Unreaped } from "../../../sense/proc/unreaped.ts";
import { createSensors } from "../../../sense/sensors.ts";
import { askLogind } from "../../../sleep/logind.ts";
import { VERSION } from "../../../version.ts";
import { print, printJson } from "../../print.ts";
import { serviceState } from "../../service/service-state.ts";
import { type Options, placesOf, snapshotOf, tryConnect } from "../../supervisors/connect.ts";
import { unworkable, withoutGpu } from "./doctor/blind-rules.ts";
import { type Diagnosis, page } from "./doctor/page.ts";
import { parking } from "./doctor/parking.ts";

/** CPU use needs two samples, and some readings arrive asynchronously. */
const LOOK_AGAIN_MS = 600;
const NO_OTHERS: ConfigFile["others"] = { ignore: [], ignoreGpuBelow: 30 };

/** `tryPark`: parks a tiny program of our own on each GPU and brings it back. */
export async function doctor(options: Options & { tryPark?: boolean }): Promise<number> {
  const config = configOf(options);
  const others = config.config?.others ?? NO_OTHERS;
  const rules: Rule[] = config.config?.rules ?? DEFAULT_RULES;
  const zombies = new Unreaped();
  zombies.look(null);
  const places = await placesOf(options);
  const [machine, gpus, plain, supervisor, cgroup, logind, service] = await Promise.all([
    describeMachine(),
    examineGpus(),
    sampleMachine(config.config?.stateDirectory ?? places.stateDirectory, rules),
    runningOne(places),
    tryCgroup(),
    askLogind(),
    serviceState(places).catch(withoutHome),
  ]);
  const sample: Sample = { ...plain, gpus: whose(gpus, others), gpusUnavailable: gpus.missing };
  const diagnosis: Diagnosis = {
    version: VERSION,
    node: process.versions.node,
    machine,
    gpus: {
      ...gpus,
      sources: gpus.sources.map((one) => ({ ...one, report: null })),
      samples: sample.gpus,
      unlisted: unlistedOf(gpus),
    },
    ignored: others,
    config: { file: config.file, problems: config.problems },
    rules: rules.length,
    unworkable: unworkable(rules, sample),
    withoutGpu: withoutGpu(rules, sample),
    readings: sample.machine,
    cgroup: "directory" in cgroup ? { directory: cgroup.directory } : { unavailable: cgroup.reason },
    ...supervisor,
    service,
    sleep: { saves: config.config?.saveBeforeSleep ?? true, logind },
    unreaped: zombies.look(supervisor.supervisorPid),
    parking: await parking(sample.gpus, driverOf(gpus), options.tryPark ?? false),
  };
  if (options.json) printJson({ ...diagnosis });
  else print(page(diagnosis));
  return 0;
}

function withoutHome(error: unknown): { installed: false; unavailable: string } {
  if (!(error instanceof Refusal)) throw error;
  return { installed: false, unavailable: "this user has no home folder" };
}

const driverOf = ({ sources }: Examination): string | null =>
  sources.find(({ source }) => source !== "kernel")?.driver ?? null;

const unlistedOf = ({ sources }: Examination): Record<string, string> =>
  Object.fromEntries(
    sources.flatMap(({ report }) =>
      (report?.gpus ?? []).flatMap(({ uuid, unlisted }) =>
        unlisted === undefined ? [] : [[uuid, unlisted]],
      ),
    ),
  );

function configOf(options: Options): { file: string | null; config: Config | null; problems: number } {
  const file = findConfig(options.config);
  const loaded = loadConfig(file);
  return loaded.ok
    ? { file, config: loaded.config, problems: 0 }
    : { file, config: null, problems: loaded.problems.length };
}

async function runningOne(places: Places): Promise<Pick<Diagnosis, "supervisorPid" | "supervisorUnreached">> {
  try {
    const client = await tryConnect(places);
    if (client === null) return { supervisorPid: null, supervisorUnreached: null };
    try {
      return { supervisorPid: (await snapshotOf(client)).supervisor.pid, supervisorUnreached: null };
    } finally {
      client.close();
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { supervisorPid: null, supervisorUnreached: error.message };
  }
}

/** On the disk where the state directory is, or would be; with the programs that these rules name. */
async function sampleMachine(stateDirectory: string, rules: readonly Rule[]): Promise<Sample> {
  const diskPath = existingAbove(stateDirectory);
  const programs = () => rules.flatMap((rule) => rule.programs ?? []);
  const sensors = createSensors({ diskPath, supervisorPid: process.pid, gpu: noGpus(), programs });
  try {
    sensors.sample([], clock.now());
    const [battery] = await Promise.all([readBattery(), sleep(LOOK_AGAIN_MS)]);
    const sample = sensors.sample([], clock.now());
    // That of the background may not have come yet.
    return { ...sample, machine: { ...sample.machine, "battery.percent": battery } };
  } finally {
    sensors.close();
  }
}

const existingAbove = (path: string): string =>
  existsSync(path) || dirname(path) === path ? path : existingAbove(dirname(path));

/** The GPUs as seen while a job runs that may use any of them. */
function whose({ sources, firstOther }: Examination, others: ConfigFile["others"]): GpuSample[] {
  const run: LiveRun = { id: "doctor", job: "doctor", launcherPid: null, pid: null, cpuCgroup: null };
  return sources.flatMap(({ source, report, blind }) => {
    if (report === null) return [];
    const attribution = new GpuAttribution(new ProcessOwners(process.pid), blind, () => others);
    try {
      const added = source === "kernel" ? firstOther : 0;
      const samples = attribution.samples(report, [run]);
      return samples.map((gpu) => withinLimits({ ...gpu, index: gpu.index + added }, process.env));
    } finally {
      attribution.close();
    }
  });
}
