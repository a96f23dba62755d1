/** One child at a time for all jobs: what becomes of the others and of the next try, and what is told of it. */
import { rmSync } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type BackupOutcome, Backups } from "../../src/backup/backups.ts";
import { checkpointDirectory } from "../../src/files/state-paths.ts";
import { writeCheckpoint } from "../../src/job/checkpoint/write-checkpoint.ts";
import { verifyCheckpoint } from "../../src/job/index.ts";
import type { Job } from "../../src/model/job.ts";
import type { Checkpoint } from "../../src/model/run.ts";
import { at, makeJob } from "../decide/make.ts";
import { temporaryFolder } from "../job/launch.ts";
import { describeWith, objectStore } from "../needs.ts";
import { until } from "../until.ts";
import { Store } from "./store.ts";

describeWith(objectStore)("a real S3 server", () => {
  let store: Store;
  beforeAll(async () => {
    store = await new Store().start();
  });
  afterAll(() => store.close());

  /** Backups of these jobs, whose facts follow what comes of them as a supervisor's do. */
  const over = (jobs: Record<string, Job>) => {
    const stateDirectory = temporaryFolder();
    const told: [string, BackupOutcome][] = [];
    const backups = new Backups({
      stateDirectory,
      project: "/lab/config",
      // Longer than several of the processes on the way stand still one after the other.
      silentMs: 15_000,
      onBug: (bug) => expect.unreachable(String(bug)),
      report: (name, outcome) => {
        told.push([name, outcome]);
        if (!outcome.ok) change(name, { restoring: { tries: 1, reason: outcome.reason } });
        else if (outcome.verb === "upload") change(name, { backedUp: outcome.of });
        else change(name, { checkpoint: outcome.of });
      },
    });
    onTestFinished(() => backups.close());
    const change = (name: string, facts: Partial<Job>): void => {
      jobs[name] = { ...(jobs[name] as Job), ...facts };
    };
    const save = async (name: string, step: number): Promise<Checkpoint> => {
      const { path } = await writeCheckpoint(checkpointDirectory(stateDirectory, name), step, (files) =>
        files.file("model.bin", Buffer.alloc(3000)),
      );
      const checkpoint = {
        path,
        step,
        epoch: null,
        bytes: 3000,
        createdAtMs: step,
        verified: "full",
      } as const;
      change(name, { checkpoint });
      return checkpoint;
    };
    const outcomes = async (count: number) => {
      await until(`${count} outcomes`, () => {
        backups.look(jobs);
        return told.length >= count;
      });
      return told;
    };
    return { change, save, outcomes, problems: () => backups.problems(jobs) };
  };

  /** The same server, behind one that hands on `allowed` bytes of an answer's body, then falls silent. */
  const behind = async (allowed: (asked: IncomingMessage) => number): Promise<string> => {
    const proxy = createServer((asked, answer) => {
      const { method, url, headers } = asked;
      const on = request(store.endpoint, { method, path: url, headers }, (found) => {
        answer.writeHead(found.statusCode ?? 500, found.headers);
        handOn(found, answer, allowed(asked));
      });
      asked.pipe(on);
    });
    await new Promise<void>((listening) => proxy.listen(0, "127.0.0.1", listening));
    onTestFinished(() => {
      proxy.closeAllConnections();
      proxy.close();
    });
    return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  };

  const handOn = (found: IncomingMessage, answer: ServerResponse, allowed: number): void => {
    if (allowed === Number.POSITIVE_INFINITY) found.pipe(answer);
    else found.once("data", (chunk: Buffer) => answer.write(chunk.subarray(0, allowed)));
  };

  test("a fetch that stalls holds up neither other jobs' backups nor its own next try", async () => {
    let stalls = true;
    const endpoint = await behind(({ method, url = "" }) =>
      stalls && method === "GET" && url.includes("model.bin") ? 1000 : Number.POSITIVE_INFINITY,
    );
    const { change, save, outcomes } = over({
      lost: makeJob({ name: "lost", backup: store.backup({ endpoint }) }),
      other: makeJob({ name: "other", backup: store.backup() }),
    });
    const { path } = await save("lost", 7);
    expect(await outcomes(1)).toMatchObject([["lost", { verb: "upload", ok: true }]]);
    rmSync(path, { recursive: true });
    change("lost", { checkpoint: null });
    await save("other", 7);
    expect((await outcomes(3)).slice(1)).toMatchObject([
      ["lost", { verb: "restore", ok: false, final: false, reason: "the server doesn't answer in time" }],
      ["other", { verb: "upload", ok: true }],
    ]);
    stalls = false;
    expect((await outcomes(4))[3]).toMatchObject(["lost", { verb: "restore", ok: true, bytes: 3000 }]);
    expect(await verifyCheckpoint(path)).toMatchObject({ step: 7 });
  });

  test("older backups that can't be removed are a problem until the job has ended", async () => {
    const { change, save, outcomes, problems } = over({
      tidy: makeJob({ name: "tidy", backup: store.backup({ keep: 1 }) }),
    });
    await save("tidy", 1);
    await outcomes(1);
    const undo = await store.deny("s3:DeleteObject", "lab/tidy/*");
    onTestFinished(undo);
    await save("tidy", 2);
    expect((await outcomes(2))[1]).toMatchObject(["tidy", { verb: "upload", ok: true }]);
    expect(problems()).toEqual([
      expect.stringMatching(/^Older backups of tidy can't be removed: .*AccessDenied/),
    ]);
    change("tidy", { state: { name: "finished", since: at(9) } });
    expect(problems()).toEqual([]);
  });
});
