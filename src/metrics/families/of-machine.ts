/** The machine's readings, as the rules see them. Pure. */
import type { Snapshot } from "../../control/protocol.ts";
import { MACHINE_METRICS, type MachineMetric } from "../../model/machine.ts";
import type { Family } from "../exposition.ts";
import { type As, bytes, gauge, ratio, series } from "./readings.ts";

const STALLED = "Share of the last seconds in which some or all tasks waited for this resource.";
const pressure = (resource: string, tasks: string): As =>
  ratio("machine_pressure", STALLED, { resource, tasks });

const count = (name: string, help: string): As => ({ name, help, scale: 1 });

const MACHINE: Record<MachineMetric, As> = {
  "cpu.total": ratio("machine_cpu_usage", "Share of the whole machine's CPU in use."),
  "cpu.others": ratio(
    "machine_cpu_others",
    "Share of the whole machine's CPU that others are proven to use.",
  ),
  "memory.availableMiB": bytes("machine_memory_available", "Memory available without swapping."),
  "memory.availablePercent": ratio("machine_memory_available", "Share of memory available without swapping."),
  "memory.othersMiB": bytes("machine_memory_others", "Memory held by others' processes."),
  "swap.usedMiB": bytes("machine_swap_used", "Swap in use."),
  "pressure.cpu.some": pressure("cpu", "some"),
  "pressure.cpu.full": pressure("cpu", "full"),
  "pressure.memory.some": pressure("memory", "some"),
  "pressure.memory.full": pressure("memory", "full"),
  "pressure.io.some": pressure("io", "some"),
  "pressure.io.full": pressure("io", "full"),
  "disk.freeMiB": bytes("state_disk_free", "Free space where checkpoints and logs are kept."),
  "slurm.pendingOthers": count("slurm_pending_others", "Other users' jobs that wait in the partition."),
  "slurm.idleNodes": count("slurm_idle_nodes", "Nodes of the partition that do nothing."),
  "slurm.othersPercent": ratio("slurm_others", "Share of the partition's CPUs that other users' jobs hold."),
  "process.running": count("named_programs_running", "Others' processes of programs that rules name."),
  "battery.percent": ratio("machine_battery_charge", "Charge of the battery."),
};

export function ofMachine({ machine }: Snapshot): Family[] {
  const families = new Map<string, Family>();
  for (const metric of MACHINE_METRICS) {
    const { name, help, scale, labels = {} } = MACHINE[metric];
    const family = families.get(name) ?? gauge(name, help, []);
    families.set(name, family);
    family.series.push(...series(machine[metric], scale, labels));
  }
  return [...families.values()];
}
