/** Jobs that do what they shouldn't: each gets a clear event, and the others go on. */
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { catches } from "../../src/sense/proc/process.ts";
import { CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

const good = { name: "good", command: ["node", join(CHILDREN, "count-steps.ts")] };
const script = (text: string): string[] => ["/bin/sh", "-c", text];
const once = { restart: { onFailure: false } };

test("exits at once, command missing, not executable, unrequested 75: said, and the good job runs", async () => {
  supervisor = await new RealSupervisor({
    jobs: [
      good,
      { name: "exits", command: script("exit 3"), ...once },
      { name: "missing", command: ["/no/such/program"], ...once },
      { name: "folder", command: ["/tmp"], ...once },
      { name: "tempfail", command: script("exit 75"), restart: { backoffSeconds: 0.1 } },
    ],
  }).start();
  for (const name of ["exits", "missing", "folder", "tempfail"]) await supervisor.reaches(name, ["failed"]);
  const reason = (name: string): string =>
    supervisor
      .audit("job.failed")
      .filter((event) => event.job === name)
      .at(-1)?.reason ?? "";
  expect(reason("exits")).toContain("exit code 3");
  expect(reason("missing")).toContain("/no/such/program");
  expect(reason("folder")).toMatch(/not an executable file/);
  expect(reason("tempfail")).toContain("75");
  await supervisor.reaches("good", ["running"]);
  expect(supervisor.audit("job.failed").filter(({ job }) => job === "good")).toEqual([]);
});

test("a job that knows nothing is frozen and thawed, and a job that ignores the signal is overdue, not killed", async () => {
  supervisor = await new RealSupervisor({
    jobs: [
      { name: "plain", command: [process.execPath, "-e", "setInterval(() => console.log(Date.now()), 50)"] },
      {
        name: "deaf",
        command: [process.execPath, "-e", "process.on('SIGUSR2', () => {}); setInterval(() => {}, 50)"],
        pause: { method: "checkpoint", graceSeconds: 1 },
      },
    ],
  }).start();
  await supervisor.reaches("plain", ["running"]);
  const { pid } = await supervisor.reaches("deaf", ["running"]);
  await until("the signal to be caught", () => catches(pid as number, "SIGUSR2"));
  expect(supervisor.say("pause", "plain").code).toBe(0);
  expect(supervisor.job("plain").state).toBe("frozen");
  expect(supervisor.say("resume", "plain").code).toBe(0);
  await supervisor.reaches("plain", ["running"]);

  const asked = supervisor.say("pause", "deaf");
  expect(asked.code).toBe(1);
  const overdue = await supervisor.recorded("pause.overdue", "deaf");
  expect(overdue.reason).toMatch(/nothing was forced/i);
  expect(supervisor.job("deaf").state).toBe("pausing");
  expect(supervisor.audit("pause.completed").some((event) => event.job === "deaf")).toBe(false);

  // Nobody is kept waiting for the end of a pause that may have none.
  const resumed = supervisor.say("resume", "deaf");
  expect(resumed.code).toBe(1);
  expect(resumed.out).toMatch(/still running .* It will resume when it has saved\./);
  expect(resumed.out).toContain("supervisor pause deaf --terminate");
});
