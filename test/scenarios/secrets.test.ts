/** Secrets of a job's environment reach the job and nothing that the supervisor writes or says. */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { CHILDREN, RealSupervisor } from "./real-supervisor.ts";

const INLINE = "inline-s3cret-5f1c";
const FILED = "filed-s3cret-77aa";

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
}

test("they are in no event, log, record, status or answer; the database is the user's alone", async () => {
  const supervisor = new RealSupervisor({});
  onTestFinished(() => supervisor.close());
  const seen = join(supervisor.directory, "seen");
  writeFileSync(join(supervisor.directory, "secrets.env"), `FILED=${FILED}\n`);
  const [inline, filed] = ["INLINE", "FILED"].map((name) => `process.env.${name}`);
  const tell = `require("fs").writeFileSync(${JSON.stringify(seen)}, ${inline} + " " + ${filed});`;
  supervisor.configure({
    jobs: [
      {
        name: "secretive",
        command: [process.execPath, "-e", `${tell} process.exit(3)`],
        env: { INLINE },
        envFile: "secrets.env",
        restart: { onFailure: false },
      },
      {
        name: "count",
        command: ["node", join(CHILDREN, "count-steps.ts")],
        env: { INLINE },
        envFile: "secrets.env",
      },
    ],
  });
  await supervisor.start();
  await supervisor.reaches("secretive", ["failed"]);
  expect(readFileSync(seen, "utf8")).toBe(`${INLINE} ${FILED}`);
  await supervisor.steps("count", 1);
  const told = [
    ...[
      ["status", "--json"],
      ["why", "--json"],
      ["audit", "--json"],
    ].map((args) => supervisor.say(...args).out),
    supervisor.output,
  ];
  for (const secret of [INLINE, FILED]) expect(told.filter((text) => text.includes(secret))).toEqual([]);
  supervisor.say("stop");

  const state = files(join(supervisor.directory, "state"));
  expect(state.length).toBeGreaterThan(2);
  for (const path of state) {
    const text = readFileSync(path, "latin1");
    expect([path, text.includes(INLINE), text.includes(FILED)]).toEqual([path, false, false]);
  }
  expect(JSON.stringify(supervisor.audit())).not.toMatch(/s3cret/);
  // Values of a config's own 'env' are part of the job as it is kept; the file is its owner's alone.
  const database = join(supervisor.directory, "audit.sqlite");
  expect(readFileSync(database, "latin1")).not.toContain(FILED);
  expect(statSync(database).mode & 0o077).toBe(0);
});
