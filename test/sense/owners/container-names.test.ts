/** Whose processes in containers are: a run's, with the helper that its engine leaves beside it, or somebody else's, by name. */
import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import type { LiveRun } from "../../../src/ports/live-run.ts";
import { evidenceOf } from "../../../src/sense/owners/evidence.ts";
import { ProcessOwners } from "../../../src/sense/owners/process-owners.ts";
import { cgroupsOf, containerIn, containerNamedBy } from "../../../src/sense/proc/cgroups.ts";
import type { ProcessStat } from "../../../src/sense/proc/parse.ts";
import { listPids, readStat } from "../../../src/sense/proc/process.ts";
import { type Containers, givenContainers } from "../../containers.ts";
import { podman, testWith } from "../../needs.ts";
import { until } from "../../until.ts";

const ID = "0123456789abcdef".repeat(4);

test.each([
  [`3:cpuacct,cpu:/libpod_parent/libpod-${ID}\n0::/`, ID],
  [`0::/machine.slice/libpod-${ID}.scope/container`, ID],
  [`12:pids:/docker/${ID}`, ID],
  [`0::/system.slice/docker-${ID}.scope\n`, ID],
  [`0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`, ID],
  [`0::/../libpod-${ID}`, ID],
  [`0::/machine.slice/libpod-conmon-${ID}.scope`, null],
  ["0::/user.slice/session-1.scope", null],
  [`0::/x/${ID}0`, null],
])("%s", (text, id) => expect(containerNamedBy(text)).toBe(id));

let containers: Containers | null = null;
afterEach(() => containers?.close());

const statOf = (pid: number): ProcessStat => {
  const stat = readStat(pid);
  if (stat === null) throw new Error(`no process ${pid}`);
  return stat;
};

testWith(podman)("a run's container is the run's, another goes by its name", async () => {
  containers = givenContainers();
  const { container, podman } = containers;
  const begin = (name: string): { id: string; inside: ProcessStat[] } => {
    const { image, options } = container(`--name=${name}`, "--detach");
    const id = podman("run", ...options, image, "/bin/sh", "-c", "sleep 1000 & wait");
    return { id, inside: [] };
  };
  const names = [`ours-${process.pid}`, `lab-${process.pid}`];
  const [ours, theirs] = await Promise.all(
    names.map(async (name) => {
      const { id } = begin(name);
      const inside = await until("its two processes", () => {
        const found = listPids().filter((pid) => containerIn(pid) === id);
        const asleep = found.some((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("sleep"));
        return asleep && found.length === 2 ? found.map(statOf) : null;
      });
      return { id, inside };
    }),
  );
  if (!ours || !theirs) throw new Error("two containers were begun");
  const keeperOf = ({ inside }: typeof ours): ProcessStat => {
    const pids = new Set(inside.map(({ pid }) => pid));
    return statOf(inside.find(({ parent }) => !pids.has(parent))?.parent ?? 0);
  };
  const first = ours.inside[0] as ProcessStat;
  const run: LiveRun = {
    id: "r",
    job: "j",
    launcherPid: null,
    pid: null,
    cpuCgroup: cgroupsOf(first.pid).cpu,
    container: ours.id,
  };
  const owners = new ProcessOwners(process.pid);
  owners.look([run], []);
  expect(ours.inside.map((stat) => owners.ownerOf(stat))).toEqual([{ run: "r" }, { run: "r" }]);
  expect(keeperOf(ours).name).toBe("conmon");
  expect(owners.ownerOf(keeperOf(ours))).toBe("supervisor");
  expect(theirs.inside.map((stat) => owners.ownerOf(stat))).toEqual(["foreign", "foreign"]);
  expect(owners.ownerOf(keeperOf(theirs))).toBe("foreign");
  expect(theirs.inside.map((stat) => evidenceOf(stat).container)).toEqual([
    { name: names[1] },
    { name: names[1] },
  ]);
  expect(evidenceOf(statOf(process.pid))).not.toHaveProperty("container");
});
