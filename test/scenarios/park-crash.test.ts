/**
 * The supervisor, the child that calls the driver and the database go at moments while VRAM is moved out and back:
 * the job is never lost, never brought back without room, and its state never misread.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import type { JobView } from "../../src/control/protocol.ts";
import { compiler, describeWith } from "../needs.ts";
import { rounds } from "../rounds.ts";
import { tortureParking } from "../torture/parking.ts";
import { NeverComes } from "../until.ts";
import { HELD, ParkScene } from "./park-material.ts";
import { alive } from "./real-supervisor.ts";

let scene: ParkScene | null = null;
afterEach(async () => {
  await scene?.close();
  scene = null;
});

const DATABASE = ["", "-wal", "-shm"].map((suffix) => `audit.sqlite${suffix}`);

async function restartWithout(lost: string[], { supervisor }: ParkScene): Promise<void> {
  await supervisor.crash();
  for (const name of lost) rmSync(join(supervisor.directory, name), { recursive: true, force: true });
  await supervisor.start();
}

/** While its GPU has room it may be on its way back, which is told; else it is no running job. */
function refuseMisread(job: JobView | undefined): void {
  if (job?.state === "running" && job.why.moves === undefined)
    throw new NeverComes(`it is called running: ${JSON.stringify(job.why)}`);
}

describeWith(compiler)("park, interrupted (needs a C compiler)", () => {
  it("killed in any gap, it finds the job by its state and goes on", { timeout: 1_200_000 }, async () => {
    const seed = Number(process.env.SUPERVISOR_TORTURE_SEED ?? Math.floor(Math.random() * 2 ** 31));
    const count = rounds(8, 3);
    console.log(`torture: npm run torture -- --park --rounds ${count} --seed ${seed}`);
    expect((await tortureParking({ seed, rounds: count })).rounds).toBe(count);
  });

  it("a job whose database is lost while it is parked stays parked, and is brought back once there is room", async () => {
    scene = await new ParkScene().start();
    const { supervisor, cuda } = scene;
    const newcomer = scene.newcomer(7000);
    await supervisor.reaches("plain", ["frozen"]);
    await supervisor.end(newcomer.child);
    scene.set({ newcomers: [], unseenMiB: 7000 });
    await restartWithout(DATABASE, scene);
    const found = await supervisor.shows("it to be found", ({ jobs: [job] }) => {
      refuseMisread(job);
      return job?.why.parked?.gone ? job : null;
    });
    expect(found).toMatchObject({ state: "frozen", why: { parked: { heldMiB: HELD } } });
    await supervisor.shows("it to wait for room", ({ jobs: [job] }) =>
      job?.why.waitingFor.some(({ code }) => code === "gpu-memory"),
    );
    expect(cuda.calls).toEqual(["lock 0", "checkpoint 0"]);
    scene.set({ unseenMiB: 0 });
    await supervisor.recorded("resume.completed", "plain");
    expect([cuda.stateOf(scene.pid), cuda.calls.slice(2)]).toEqual(["running", ["restore 0", "unlock 0"]]);
    expect(supervisor.job("plain")).toMatchObject({ state: "running", pid: scene.pid });
    expect(supervisor.audit("job.started")).toEqual([]);

    // Nothing of it is away now: it is found as any other run is.
    await restartWithout(DATABASE, scene);
    await supervisor.reaches("plain", ["running"]);
    expect(alive(scene.pid)).toBe(true);
    await scene.expectWhole();
  });

  it("a job of which every file is lost while it is parked stays parked, until what it may have held has room", async () => {
    // Less than the program has on the host, as of any that is parked.
    scene = await new ParkScene({}, { heldMiB: 40 }).start();
    const { supervisor, cuda, pid } = scene;
    const newcomer = scene.newcomer(7000);
    await supervisor.reaches("plain", ["frozen"]);
    await supervisor.end(newcomer.child);
    scene.set({ newcomers: [], unseenMiB: 7000 });
    await restartWithout([...DATABASE, "state"], scene);
    const found = await supervisor.shows("it to be found", ({ jobs: [job] }) => {
      refuseMisread(job);
      return job?.why.parked ? job : null;
    });
    expect(found).toMatchObject({ state: "frozen", pid, run: 1 });
    expect(found.why.parked?.heldMiB).toBeGreaterThan(40);
    await supervisor.shows("it to wait for room", ({ jobs: [job] }) =>
      job?.why.waitingFor.some(({ code }) => code === "gpu-memory"),
    );
    expect(cuda.calls).toEqual(["lock 0", "checkpoint 0"]);
    scene.set({ unseenMiB: 0 });
    await supervisor.recorded("resume.completed", "plain");
    expect(supervisor.job("plain")).toMatchObject({ state: "running", pid });
    expect([cuda.stateOf(pid), cuda.calls.slice(2)]).toEqual(["running", ["restore 0", "unlock 0"]]);
    await scene.expectWhole();
  });
});
