/**
 * A whole supervisor over a fake driver and a fake CUDA driver: a plain program that knows nothing is parked, its
 * VRAM is seen to go, and it comes back where it was.
 */
import { afterEach, expect, it } from "vitest";
import { compiler, describeWith } from "../needs.ts";
import { HELD, ParkScene, ROOM } from "./park-material.ts";
import { alive, until } from "./real-supervisor.ts";

let scene: ParkScene;
afterEach(() => scene.close());

describeWith(compiler)("park (needs a C compiler)", () => {
  it("moves a plain program's VRAM out for a newcomer, and back when that has gone", async () => {
    scene = await new ParkScene().start();
    const { supervisor, cuda } = scene;
    const notebook = scene.newcomer(5000);
    const parked = await supervisor.shows(
      "it parked, and its memory gone",
      ({ jobs: [job] }) => job?.state === "frozen" && job.why.parked?.gone && job,
    );
    expect(parked.why.parked).toEqual({ heldMiB: HELD, gone: true });
    expect(parked.why.summary).toContain("2.0 GiB of VRAM in host memory");
    expect(cuda.stateOf(scene.pid)).toBe("checkpointed");
    expect(supervisor.audit("pause.completed").at(-1)).toMatchObject({
      outcome: { method: "park", vramVerified: true, vramReleasedMiB: HELD },
    });
    await supervisor.shows("what is free", ({ gpus: [gpu] }) => {
      const free = gpu?.metrics["gpu.memory.freeMiB"];
      return free && "value" in free && free.value === ROOM - 5000;
    });

    // The newcomer has gone, and somebody else, whom no rule knows, holds what it would need.
    await supervisor.end(notebook.child);
    scene.set({ newcomers: [], unseenMiB: 6000 });
    await supervisor.shows("it to wait for room", ({ jobs: [job] }) =>
      job?.why.waitingFor.some(({ code, text }) => code === "gpu-memory" && text.includes("needs 2.3 GiB")),
    );
    expect(supervisor.job("plain").state).toBe("frozen");
    scene.set({ unseenMiB: 0 });
    await supervisor.recorded("resume.completed", "plain");
    expect([supervisor.job("plain").state, cuda.stateOf(scene.pid)]).toEqual(["running", "running"]);
    await scene.expectWhole();
    expect(cuda.calls).toEqual(["lock 0", "checkpoint 0", "restore 0", "unlock 0"]);
  });

  it("is left parked by a stop, and brought back by the next start", async () => {
    scene = await new ParkScene().start();
    const { supervisor, cuda } = scene;
    supervisor.say("stop");
    await until("it to be parked", () => cuda.stateOf(scene.pid) === "checkpointed");
    await until("the supervisor to end", () => supervisor.process?.exitCode === 0);
    expect(alive(scene.pid)).toBe(true);
    await supervisor.start();
    await supervisor.recorded("resume.completed", "plain");
    expect(cuda.stateOf(scene.pid)).toBe("running");
    await scene.expectWhole();
  });

  it("is ended while it is parked, without being brought back", async () => {
    scene = await new ParkScene().start();
    const { supervisor, cuda } = scene;
    scene.newcomer(5000);
    await supervisor.reaches("plain", ["frozen"]);
    expect(supervisor.say("pause", "plain").out).toMatch(
      /^plain {2}parked: its 2\.0 GiB of VRAM is in host/m,
    );
    supervisor.say("cancel", "plain");
    await supervisor.reaches("plain", ["cancelled"]);
    expect(alive(scene.pid)).toBe(false);
    expect(cuda.calls).toEqual(["lock 0", "checkpoint 0"]);
  });

  it("is said to run again once its VRAM is back, and not while the driver is at it", async () => {
    scene = await new ParkScene().start();
    const { supervisor, cuda } = scene;
    expect(supervisor.say("pause", "plain").code).toBe(0);
    expect(cuda.stateOf(scene.pid)).toBe("checkpointed");
    scene.set({ also: ["cuda delay restore 1500"] });
    // Where its GPU can't be read for a moment, it says that it waits for that, and is asked again.
    await until(
      "it to be said to run",
      () => supervisor.say("resume", "plain").out === "plain  running (run 1)\n",
    );
    expect(cuda.calls).toEqual(["lock 0", "checkpoint 0", "restore 0", "unlock 0"]);
  });

  it("is moved out without a word in its config once doctor has seen that work there", async () => {
    scene = await new ParkScene({ pause: {} }).start();
    const { supervisor, cuda } = scene;
    const roomOf = (): string | undefined => supervisor.snapshot().jobs[0]?.why.room;
    const first = scene.newcomer(5000);
    await supervisor.recorded("rule.pressure");
    await supervisor.ticks(3);
    expect([roomOf(), supervisor.job("plain").state, cuda.calls]).toEqual(["unproven", "running", []]);
    await scene.leaves(first);
    await supervisor.recorded("rule.cleared");

    expect(supervisor.say("doctor", "--try-park").out).toContain("parking: works");
    await supervisor.shows("that it is known", ({ jobs: [job] }) => job?.why.room === "parked by itself");
    const tried = cuda.calls.length;
    const second = scene.newcomer(5000);
    await supervisor.reaches("plain", ["frozen"]);
    expect(supervisor.job("plain").why.parked).toEqual({ heldMiB: HELD, gone: true });
    await scene.leaves(second);
    await supervisor.recorded("resume.completed", "plain");
    await scene.expectWhole();
    expect(cuda.calls.slice(tried)).toEqual(["lock 0", "checkpoint 0", "restore 0", "unlock 0"]);
  });

  it("is frozen with its VRAM where the driver can't move it, and goes on", async () => {
    scene = await new ParkScene().start(["cuda version 12040"]);
    const { supervisor, cuda } = scene;
    const notebook = scene.newcomer(5000);
    const frozen = await supervisor.reaches("plain", ["frozen"]);
    expect(frozen.why.parked).toBeUndefined();
    const forced = await supervisor.recorded("pause.forced", "plain");
    expect(forced.reason).toContain("the NVIDIA driver is of CUDA 12.4");
    await scene.leaves(notebook);
    await supervisor.reaches("plain", ["running"]);
    await scene.expectWhole();
    expect(cuda.calls).toEqual([]);
  });
});
