/**
 * A job whose command hands its work to a server of another session: told after some runs, with the server's name,
 * also on a machine that others keep busy.
 * Covers: src/decide/rules/hand-over/hand-over.ts, src/decide/rules/hand-over/others-used.ts
 */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

/** It takes this many runs, of so long each; more where this machine's other work hides one. */
const RUNS = 3;
const MOST_RUNS = 16;
const RUN_MS = 16_000;
/** Processes of one program, so many that they get their part of a busy machine. */
const SERVERS = Math.ceil(availableParallelism() / 3) + 6;
/** Until a busy machine's processes are looked at again. */
const LOOK_MS = 12_000;

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

test("a client whose server works is told of, and the server is named in why", async () => {
  supervisor = await new RealSupervisor({}).start();
  const folder = join(supervisor.directory, "sockets");
  mkdirSync(folder);
  for (let n = 0; n < SERVERS; n++)
    supervisor.outsider(process.execPath, join(CHILDREN, "work-daemon.ts"), folder);
  await until("the servers", () => readdirSync(folder).length === SERVERS);
  const command = ["node", join(CHILDREN, "work-client.ts"), folder];
  supervisor.configure({ jobs: [{ name: "client", command, pause: { method: "freeze" } }] });
  const told = () => supervisor.audit("job.handed-over");
  let runs = 0;
  for (; runs < MOST_RUNS && told().length === 0; runs++) {
    await supervisor.reaches("client", ["running"]);
    const since = performance.now();
    await until("a run that is long enough", () => performance.now() - since > RUN_MS, { everyMs: 500 });
    supervisor.say("pause", "client");
    const stopped = performance.now();
    const isSeen = async (): Promise<boolean> => {
      const others = (await supervisor.look()).machine["cpu.others"];
      const isQuiet = "value" in others && others.value < 10;
      return isQuiet || told().length > 0 || performance.now() - stopped > LOOK_MS;
    };
    await until("the server's use to be seen to fall", isSeen, { everyMs: 250 });
    supervisor.say("resume", "client");
  }
  expect(runs).toBeGreaterThanOrEqual(RUNS);
  const [event] = told();
  expect(event?.reason).toMatch(
    /CPU use of 'node' \(pid \d+\) rose from [\d.]+ % to [\d.]+ % with it and fell/,
  );
  const found = event?.evidence as { handOver: { program: { pid: number } } } | undefined;
  expect(readFileSync(`/proc/${found?.handOver.program.pid}/cmdline`, "utf8")).toContain("work-daemon");
  expect(supervisor.say("why", "client").out).toContain("it seems to hand its work to that program");
}, 600_000);
