/** What is told of a copy that is stored. */
import { expect, test } from "vitest";
import { at, makeCheckpoint, runningJob, Story } from "../../make.ts";

const of = makeCheckpoint(300, at(-9));
const upload = { kind: "backup", verb: "upload", of, tookMs: 900, ok: true, bytes: 9 } as const;
const backup = { to: "s3://voice/lab", pathStyle: false, keep: 3, partMiB: 16 } as const;

test("older ones that can't be removed are told of with it: its job may have no other upload", () => {
  const told = new Story(runningJob({ backup })).on(1, upload).reasons.at(-1);
  expect(told).toMatch(/^Checkpoint of step 300 \(9 B\) is at s3:\/\/voice\/lab after [^;]+\.$/);
  const untidied = new Story(runningJob({ backup })).on(1, { ...upload, untidied: "the server denies it" });
  expect(untidied.reasons.at(-1)).toBe(
    told?.replace(/\.$/, "; older backups there can't be removed: the server denies it."),
  );
});
