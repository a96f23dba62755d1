/** A whole supervisor that tells events: to a command and a webhook, while another one fails. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { untilHolds } from "../until.ts";
import { CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

test("each gets what it chose; one that fails is a warning and changes nothing; the end is told, too", async () => {
  const posted: string[] = [];
  const server = createServer((request, response) => {
    request.on("data", (part) => posted.push(String(part)));
    request.on("end", () => response.writeHead(204).end());
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const HOOK = `http://127.0.0.1:${port}/s3cret`;
  const supervisor = new RealSupervisor({}, { HOOK });
  onTestFinished(() => supervisor.close());
  const told = join(supervisor.directory, "told");
  supervisor.configure({
    jobs: [
      { name: "good", command: ["node", join(CHILDREN, "count-steps.ts")] },
      { name: "bad", command: ["false"], restart: { onFailure: false } },
    ],
    notify: [
      {
        on: ["job.failed", "supervisor.stopped"],
        command: ["/bin/sh", "-c", `cat >> ${told}; echo >> ${told}`],
      },
      { on: ["pause.completed"], jobs: ["good"], webhook: "env:HOOK" },
      { on: ["job.started"], webhook: "env:NOT_SET" },
    ],
  });
  await supervisor.start();
  await supervisor.reaches("bad", ["failed"]);
  await supervisor.reaches("good", ["running"]);
  const warning =
    "Events don't reach the webhook of env:NOT_SET: NOT_SET isn't set in the supervisor's environment. 2 lost; nothing else is affected.";
  await untilHolds(() => expect(supervisor.snapshot().supervisor.warnings).toEqual([warning]));
  expect(await supervisor.sayMeanwhile("pause", "good")).toBe(0);
  await until("the post", () => posted.length > 0);
  expect(await supervisor.sayMeanwhile("stop")).toBe(0);
  const events = await until("both events", () => {
    const lines = readFileSync(told, "utf8").trim().split("\n");
    return lines.length === 2 && lines.map((line) => JSON.parse(line));
  });
  expect(events).toMatchObject([
    { kind: "job.failed", job: "bad", actor: "job" },
    { kind: "supervisor.stopped", job: null },
  ]);
  expect(JSON.parse(posted.join(""))).toMatchObject({ kind: "pause.completed", job: "good" });
  expect(supervisor.audit().map(({ hash }) => hash)).toEqual(
    expect.arrayContaining(events.map(({ hash }) => hash)),
  );
  // The address is a secret, and what was told is the audit log's own row.
  const said = [
    supervisor.output,
    JSON.stringify(supervisor.audit()),
    JSON.stringify(events),
    posted.join(""),
  ];
  expect(said.filter((text) => text.includes("s3cret"))).toEqual([]);
});
