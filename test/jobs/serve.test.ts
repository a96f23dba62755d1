/**
 * A model server that keeps its socket while it is held: every request gets its whole answer, or is told
 * when to come again.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { beforeEach, expect, test } from "vitest";
import { documentation, Letters } from "../../jobs/serve/letters.ts";
import { endOf, type Launched, launch, plainEnvironment, start, temporaryFolder } from "../job/launch.ts";
import { bring } from "../job/standby-contract.ts";
import { rounds } from "../rounds.ts";
import { until } from "../until.ts";

const PROGRAM = resolve("jobs/serve/main.ts");
const model = new Letters(documentation());

beforeEach(() => {
  // The job imports the built package by its name, as a user's job does.
  if (!existsSync("dist/job/index.js")) execFileSync("npm", ["run", "--silent", "build"]);
});

async function serve(folder: string, waitSeconds: number): Promise<{ run: Launched; at: string }> {
  const args = ["--port", "0", "--wait-seconds", String(waitSeconds)];
  const run = launch(PROGRAM, args, folder);
  let said = "";
  run.child.stdout?.on("data", (text) => (said += text));
  const [at] = await until("its address", () => /http:[^?]*complete/.exec(said));
  return { run, at };
}

const health = async (at: string): Promise<{ answered: number; waiting: number; held: boolean }> =>
  (await fetch(at.replace(/complete$/, "health"))).json() as never;

/** What a careful client does: on 503 it comes again. Counts how often. */
async function ask(at: string, seed: number): Promise<{ text: string; refused: number }> {
  for (let refused = 0; ; refused++) {
    const answer = await fetch(`${at}?prompt=The+job&letters=${300 + seed}&seed=${seed}`);
    const text = await answer.text();
    if (answer.status === 200) return { text, refused };
    expect({ status: answer.status, after: answer.headers.get("Retry-After") }).toEqual({
      status: 503,
      after: expect.stringMatching(/^\d+$/),
    });
    await wait(20);
  }
}

test("50 clients at once, held and gone on with again and again: each answer comes, whole, once", async () => {
  const { run, at } = await serve(temporaryFolder(), 30);
  const [clients, cycles] = [50, rounds(20)];
  let over = false;
  let answers = 0;
  const client = async (number: number): Promise<void> => {
    for (let turn = 0; !over; turn++) {
      const seed = number + clients * (turn % 10);
      expect((await ask(at, seed)).text).toBe(model.continuation("The job", 300 + seed, seed));
      answers += 1;
    }
  };
  const all = Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  for (let cycle = 0; cycle < cycles; cycle++) {
    await bring(run, 2 * cycle + 1, "standby");
    const { answered } = await health(at);
    await wait(Math.random() * 60);
    expect((await health(at)).answered).toBe(answered);
    const held = answers;
    await bring(run, 2 * cycle + 2, "run");
    await until("answers", () => answers > held);
  }
  over = true;
  await all;
  expect(await health(at)).toEqual({ answered: answers, waiting: 0, held: false });
  expect(answers).toBeGreaterThan(clients);
  run.child.kill("SIGKILL");
});

test("held for longer than a request may wait: 503 that says when to come again, on the same socket", async () => {
  const { run, at } = await serve(temporaryFolder(), 0.2);
  expect((await ask(at, 1)).refused).toBe(0);
  await bring(run, 1, "standby");
  const refused = await fetch(`${at}?prompt=x`);
  expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "1"]);
  expect(await health(at)).toEqual({ answered: 1, waiting: 0, held: true });
  const patient = ask(at, 2);
  await bring(run, 2, "run");
  expect((await patient).text).toBe(model.continuation("The job", 302, 2));
  run.child.kill("SIGKILL");
});

test("released, those who wait are told before it leaves; it comes back with its count", async () => {
  const folder = temporaryFolder();
  const { run, at } = await serve(folder, 60);
  await ask(at, 3);
  await bring(run, 1, "standby");
  const waiting = Array.from({ length: 5 }, () => fetch(`${at}?prompt=x`));
  await until("all of them waiting", async () => (await health(at)).waiting === 5);
  run.ask({ sequence: 2, want: "release" });
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(Array(5).fill(503));
  expect((await run.ended).code).toBe(75);
  const kept = join(folder, "checkpoints", run.status()?.checkpoint as string, "served.json");
  expect(JSON.parse(readFileSync(kept, "utf8"))).toEqual({ answered: 1 });
  const next = await serve(folder, 60);
  await ask(next.at, 4);
  expect(await health(next.at)).toMatchObject({ answered: 2 });
  next.run.child.kill("SIGKILL");
});

test("what makes no sense is answered with what is wrong; a port that is taken, with a sentence", async () => {
  const { run, at } = await serve(temporaryFolder(), 5);
  const bad = await fetch(`${at}?prompt=x&letters=0.5&seed=y`);
  expect([bad.status, await bad.text()]).toEqual([
    400,
    "letters must be a whole number from 1 to 5000; seed must be a whole number\n",
  ]);
  run.child.kill("SIGKILL");
  const taken = createServer().listen(0, "127.0.0.1");
  const { port } = (await until("a port", () => taken.address())) as { port: number };
  const other = await endOf(start(PROGRAM, ["--port", String(port)], plainEnvironment()));
  taken.close();
  expect(other).toMatchObject({ code: 2, output: expect.stringMatching(/^can't listen on port \d+: /) });
  const usage = await endOf(start(PROGRAM, ["--wait-seconds", "soon"], plainEnvironment()));
  expect(usage).toMatchObject({ code: 2, output: expect.stringContaining("--wait-seconds") });
});
