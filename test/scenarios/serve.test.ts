/**
 * The example server under a whole supervisor, held, released and resumed while clients ask: each request is answered
 * whole or told when to come again, and the server's count is the clients'.
 * Covers: jobs/serve/main.ts
 */
import { request } from "node:http";
import { resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { documentation, Letters } from "../../jobs/serve/letters.ts";
import { freePorts } from "../free-port.ts";
import { until } from "../until.ts";
import { RealSupervisor } from "./real-supervisor.ts";

const CLIENTS = 12;
const HOLDS = 3;
const LETTERS = 300;
const model = new Letters(documentation());

let supervisor: RealSupervisor;
let over: boolean;
afterEach(async () => {
  over = true;
  await supervisor.close();
});

interface Reply {
  status: number | undefined;
  after: string | undefined;
  text: string;
}

/** On a connection of its own. Null where nothing listens: it was never asked. Rejects when an answer breaks off. */
function ask(port: number, path: string): Promise<Reply | null> {
  return new Promise((answered, failed) => {
    const sent = request({ port, host: "127.0.0.1", path, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => (text += part));
      answer.on("error", failed);
      answer.on("end", () =>
        answered({ status: answer.statusCode, after: answer.headers["retry-after"], text }),
      );
    });
    sent.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "ECONNREFUSED" ? answered(null) : failed(error),
    );
    sent.end();
  });
}

/** What the clients have seen together. */
class Clients {
  whole = 0;
  refused = 0;
  readonly broken: string[] = [];
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  async run(number: number): Promise<void> {
    for (let seed = number; !over; seed += CLIENTS) {
      const expected = model.continuation("The job", LETTERS, seed % 100);
      while (!over && !(await this.#isAnswered(seed % 100, expected))) await wait(50);
    }
  }

  async #isAnswered(seed: number, expected: string): Promise<boolean> {
    const path = `/complete?prompt=The+job&letters=${LETTERS}&seed=${seed}`;
    const reply = await ask(this.#port, path).catch((error: Error) => {
      this.broken.push(error.message);
      return null;
    });
    if (reply?.status === 200) {
      expect(reply.text).toBe(expected);
      this.whole += 1;
      return true;
    }
    if (reply !== null) {
      expect([reply.status, reply.after]).toEqual([503, expect.stringMatching(/^\d+$/)]);
      this.refused += 1;
    }
    return false;
  }

  async answeredMore(): Promise<void> {
    const before = this.whole;
    await until("more answers", () => this.whole > before + CLIENTS);
  }
}

function config(port: number, releaseAfterMinutes: number | "never") {
  const program = ["node", resolve("jobs/serve/main.ts"), "--port", String(port), "--wait-seconds", "120"];
  const job = { name: "serve", gpus: 0, command: program, pause: { method: "standby" } };
  return {
    balance: { settleSeconds: 0, backoffSeconds: 0.1 },
    jobs: [{ ...job, checkpoint: { everyMinutes: 0 }, standby: { releaseAfterMinutes } }],
  };
}

const allWait = (port: number) =>
  until("all to wait", async () => {
    const health = JSON.parse((await ask(port, "/health"))?.text ?? "{}");
    return health.held && health.waiting === CLIENTS;
  });

it("held, released and resumed under its clients: none is lost, none answered twice", async () => {
  const port = await freePorts(1);
  over = false;
  supervisor = new RealSupervisor(config(port, "never"));
  await supervisor.start();
  const clients = new Clients(port);
  const all = Promise.all(Array.from({ length: CLIENTS }, (_, number) => clients.run(number)));
  await clients.answeredMore();

  for (let hold = 0; hold < HOLDS; hold++) {
    expect(await supervisor.sayMeanwhile("pause", "serve")).toBe(0);
    const { why } = await supervisor.reaches("serve", ["standby"]);
    expect(why.summary).toContain("holding its memory");
    await allWait(port);
    const { whole } = clients;
    await supervisor.ticks(2);
    expect(clients.whole).toBe(whole);
    expect(await supervisor.sayMeanwhile("resume", "serve")).toBe(0);
    await clients.answeredMore();
  }
  expect(clients.refused).toBe(0);

  expect(await supervisor.sayMeanwhile("pause", "serve")).toBe(0);
  await supervisor.reaches("serve", ["standby"]);
  await allWait(port);
  supervisor.configure(config(port, 0));
  expect(await supervisor.reaches("serve", ["paused"])).toMatchObject({
    run: 1,
    checkpoint: { verified: expect.anything() },
  });
  await until("all to be told to come again", () => clients.refused >= CLIENTS);
  expect(await supervisor.sayMeanwhile("resume", "serve")).toBe(0);
  await clients.answeredMore();
  expect(await supervisor.reaches("serve", ["running"])).toMatchObject({ run: 2 });

  over = true;
  await all;
  const health = JSON.parse((await ask(port, "/health"))?.text ?? "{}");
  expect(clients.broken).toEqual([]);
  expect(health).toMatchObject({ answered: clients.whole, waiting: 0 });
});
