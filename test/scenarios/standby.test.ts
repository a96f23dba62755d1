/**
 * A job that streams, under a real supervisor: held in mid-stream and going on with the very next frame;
 * released when the standby lasts or memory is needed, and brought back where it was.
 * Covers: src/decide/pauses/standby-lasted.ts
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { alive, CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

const out = (): string => join(supervisor.directory, "out");
const frames = (stream = 0): number[] => {
  const path = join(out(), `out-${stream}`);
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean).map(Number) : [];
};
const counting = (count: number): number[] => Array.from({ length: count }, (_, frame) => frame);
/** Every frame once, in order, in what has been written by now. */
function expectWhole(): void {
  for (const stream of [0, 1]) {
    const written = frames(stream);
    expect(written).toEqual(counting(written.length));
  }
}
const flowing = (past: number) => until("more frames", () => frames().length > past);

const voice = (standby: { releaseAfterMinutes: number | "never" }, kind = "") => ({
  name: "voice",
  command: ["node", join(CHILDREN, "job-streams.ts"), "out", "0", "2", kind],
  pause: { method: "standby", graceSeconds: kind === "" ? 60 : 3 },
  standby,
});

async function begin(config: Record<string, unknown>): Promise<number> {
  supervisor = await new RealSupervisor(config).start();
  await flowing(10);
  return (await supervisor.shows("its process", ({ jobs }) => jobs[0]?.pid)) as number;
}

test("held by hand it keeps process and memory; resumed, the very next frame comes", async () => {
  const pid = await begin({ jobs: [voice({ releaseAfterMinutes: 30 })] });
  const paused = supervisor.say("pause", "voice");
  expect(paused.code, paused.err).toBe(0);
  expect(paused.out).toContain("on standby: it holds its memory and continues at once");
  const held = frames().length;
  expect(supervisor.say("why", "voice").out).toMatch(
    /on standby since .*, holding its memory; paused by you [\s\S]*releases its memory at/,
  );
  expect(supervisor.job("voice")).toMatchObject({ state: "standby", pid });
  expect(frames().length).toBe(held);
  expect(supervisor.say("resume", "voice").code).toBe(0);
  await flowing(held);
  expect(supervisor.job("voice").pid).toBe(pid);
  expectWhole();
  const kinds = supervisor.audit().map(({ kind, outcome }) => `${kind} ${outcome?.method ?? ""}`);
  expect(kinds).toContain("pause.completed standby");
});

test("when the standby lasts, its context is saved and its run ends; a resume goes on from there", async () => {
  const pid = await begin({ jobs: [voice({ releaseAfterMinutes: 0.03 })] });
  supervisor.say("pause", "voice");
  await supervisor.reaches("voice", ["paused"]);
  expect(alive(pid)).toBe(false);
  const held = frames().length;
  const [standby, released] = supervisor.audit().filter(({ kind }) => kind === "pause.completed");
  expect(standby?.outcome).toMatchObject({ method: "standby" });
  expect(released?.outcome).toMatchObject({ method: "checkpoint", stepsLost: 0 });
  expect(released?.reason).toMatch(/^Released from standby: step [\d,]+ saved/);
  supervisor.say("resume", "voice");
  await flowing(held);
  expectWhole();
});

test("a rule about memory releases it at once, also from standby", async () => {
  const rule = { name: "memory", metric: "memory.availablePercent", forSeconds: 0.2 };
  const never = { ...rule, below: 0.5, clear: { above: 0.6, forSeconds: 0.2 } };
  const config = { jobs: [voice({ releaseAfterMinutes: "never" })], rules: [never] };
  const pid = await begin(config);
  supervisor.say("pause", "voice");
  expect(supervisor.job("voice").state).toBe("standby");
  supervisor.configure({
    ...config,
    rules: [{ ...rule, below: 99.8, clear: { above: 99.9, forSeconds: 0.2 } }],
  });
  await supervisor.reaches("voice", ["paused"]);
  expect(alive(pid)).toBe(false);
});

test("a context that can't be saved: said, it stays on standby, and goes on when it may", async () => {
  const pid = await begin({ jobs: [voice({ releaseAfterMinutes: 0.02 }, "can't save")] });
  supervisor.say("pause", "voice");
  // A job that was late with its error is asked again.
  const failed = await until("a failed release that tells why", () =>
    supervisor.audit("pause.failed").find(({ reason }) => reason.includes("no room for it")),
  );
  expect(failed.reason).toMatch(/hadn't saved its context .* \(.*no room for it.*\)\. It stays on standby/);
  const held = frames().length;
  supervisor.say("resume", "voice");
  await flowing(held);
  expect(supervisor.job("voice").pid).toBe(pid);
  writeFileSync(join(out(), "may-save"), "");
  expectWhole();
});
