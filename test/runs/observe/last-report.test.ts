/** Covers: src/runs/observe/observe.ts */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { givenJob, givenState, start, until } from "../given.ts";

/** Reports once, when it is told to, and ends. */
const SCRIPT = `until [ -e "$0" ]; do sleep 0.01; done
printf '{"runId":"%s","rank":0,"worldSize":1,"host":"box","state":"failed","unreadable":true,"pid":1,"startTime":null,"sequence":0,"at":"2026-11-22T10:00:00Z"}' \\
  "$SUPERVISOR_RUN_ID" > "$SUPERVISOR_STATUS_DIR/rank-0.json"
exit 1`;

test("what a run says last is read, however soon after a look without a report it ends", async () => {
  const state = givenState();
  const go = join(state, "go");
  const run = await start(state, givenJob(["/bin/sh", "-c", SCRIPT, go]));
  // The older a run is that doesn't report, the more rarely its report is looked for.
  const begun = performance.now();
  await until("a run of some age", () => run.see().pid !== null && performance.now() > begun + 3000);
  writeFileSync(go, "");
  const seen = await until("its end", () => [run.see()].find(({ exit }) => exit !== null));
  expect(seen.ranks).toMatchObject([{ rank: 0, state: "failed", unreadable: true }]);
});
