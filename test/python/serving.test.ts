/**
 * Covers: docs/python-jobs.md, the server in "Inference and playback": its own code, with a model and a free port.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect } from "vitest";
import { launch, temporaryFolder } from "../job/launch.ts";
import { bring } from "../job/standby-contract.ts";
import { python, testWith } from "../needs.ts";
import { pythonPath } from "../python-path.ts";
import { rounds } from "../rounds.ts";
import { until } from "../until.ts";

const CLIENTS = 20;
const PATIENCE_SECONDS = 1;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  const { port } = (await until("a port", () => server.address())) as { port: number };
  await new Promise((closed) => server.close(closed));
  return port;
}

function recipe(port: number): string {
  const page = readFileSync("docs/python-jobs.md", "utf8");
  const code = page.split("```python\n").find((block) => block.includes("ThreadingHTTPServer"));
  if (code === undefined) throw new Error("docs/python-jobs.md has no server");
  const ours = (code.split("```")[0] as string)
    .replace("8123", String(port))
    .replace("timeout=10", `timeout=${PATIENCE_SECONDS}`);
  const before = `import queue, sys, threading, time
sys.path.insert(0, ${JSON.stringify(resolve("python"))})
from supervisor_job import job
def model(prompt):
    time.sleep(0.002)
    return prompt[::-1]
`;
  return before + ours;
}

testWith(python)(
  "a Python server: held again and again, each request is answered once, or told to come again",
  async () => {
    const folder = temporaryFolder();
    const port = await freePort();
    const program = join(folder, "server.py");
    writeFileSync(program, recipe(port));
    const run = launch([pythonPath, program], [], folder);
    const send = (text: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: text });
    await until("it to listen", () =>
      send("once").then(
        () => true,
        () => false,
      ),
    );

    let over = false;
    let [answers, refusals] = [0, 0];
    const client = async (number: number): Promise<void> => {
      for (let turn = 0; !over; ) {
        const text = `request ${turn} of ${number}`;
        const response = await send(text);
        const said = await response.text();
        if (response.status === 503) {
          expect(response.headers.get("Retry-After")).toBe("10");
          refusals += 1;
          continue;
        }
        expect([response.status, said]).toEqual([200, [...text].reverse().join("")]);
        answers += 1;
        turn += 1;
      }
    };
    const all = Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
    const cycles = rounds(10, 3);
    for (let cycle = 0; cycle < cycles; cycle++) {
      await bring(run, 2 * cycle + 1, "standby");
      // Once for longer than anybody waits.
      if (cycle === 1) await until("a refusal", () => refusals > 0);
      else await wait(Math.random() * 50);
      const held = answers;
      await bring(run, 2 * cycle + 2, "run");
      await until("answers", () => answers > held);
    }
    over = true;
    await all;
    expect(answers).toBeGreaterThan(CLIENTS);
    run.child.kill("SIGKILL");
  },
);
