/**
 * A real job is measured while it works and while it is paused; what was learned outlives the supervisor, is
 * told, and keeps the job from coming back where it wouldn't fit.
 */
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Snapshot } from "../../src/control/protocol.ts";
import { CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

const MIB = 800;
const big = {
  name: "big",
  command: ["node", join(CHILDREN, "count-steps.ts"), "--mib", String(MIB)],
};

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

const bigOf = ({ jobs }: Snapshot) => jobs.find(({ name }) => name === "big");

/** MiB that will be available once the job is gone. */
function availableWithout(seen: Snapshot): number {
  const available = seen.machine["memory.availableMiB"];
  const held = bigOf(seen)?.use?.memoryMiB;
  if (!("value" in available) || held === undefined || !("value" in held)) throw new Error("it isn't read");
  return available.value + held.value;
}

test("what a job takes is learned, outlives the supervisor, and keeps it waiting where it doesn't fit", async () => {
  supervisor = await new RealSupervisor({ jobs: [big] }).start();
  const seen = await supervisor.shows("its use and its load", (now) => {
    const { memoryMiB, reloadMs } = bigOf(now)?.learned ?? {};
    return memoryMiB && reloadMs && now;
  });
  expect(bigOf(seen)?.learned.memoryMiB?.peak).toBeGreaterThan(MIB);
  expect(bigOf(seen)?.learned.reloadMs).toMatchObject({ count: 1 });

  expect(supervisor.say("stop")).toMatchObject({ code: 0 });
  await until("the supervisor to end", () => supervisor.process?.exitCode === 0);
  // Midway between what is there and what it needs, so that neither the rule nor room comes by chance.
  const below = Math.round(availableWithout(seen) - MIB / 2);
  const rule = { name: "keep", metric: "memory.availableMiB", below, clear: { above: below + 1 } };
  supervisor.configure({ jobs: [big], rules: [rule] });
  await supervisor.start();
  const waits = await supervisor.shows("it to wait for room", (now) => {
    const job = bigOf(now);
    return job?.why.waitingFor.some(({ code }) => code === "footprint") && job;
  });
  expect(waits.state).toBe("paused");
  const { saveMs, leaveMs, reloadMs, memoryMiB } = waits.learned;
  for (const figure of [saveMs, leaveMs, reloadMs]) expect(figure).toMatchObject({ count: 1 });
  expect(memoryMiB?.peak).toBeGreaterThan(MIB);
  const told = supervisor.say("why", "big").out;
  expect(told).toMatch(/needs [\d,.]+ [MG]iB \(measured .+\), .+ of memory free; rule 'keep' keeps/);
  expect(told).toMatch(/costs: a save takes .+ \(once\), leaving after it .+ \(once\), a reload .+ \(once\)/);
  expect(told.replace(/\s+/g, " ")).toMatch(/uses: [\d,.]+ [MG]iB of memory/);
  const answer = JSON.parse(supervisor.say("why", "big", "--json").out);
  expect(answer.jobs[0].learned.memoryMiB.peak).toBe(memoryMiB?.peak);

  supervisor.configure({ jobs: [big], rules: [] });
  const again = await supervisor.reaches("big", ["running"]);
  const gone = await supervisor.steps("big", (again.checkpoint?.step ?? 0) + 1);
  expect(gone.learned.reloadMs).toMatchObject({ count: 2 });
  expect(supervisor.audit("resume.requested").at(-1)?.evidence?.needs).toMatchObject({
    memoryMiB: { peak: memoryMiB?.peak },
  });
});
