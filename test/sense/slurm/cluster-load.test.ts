/** What Slurm's commands print, as lines in the form that is asked for: what counts as others' and what doesn't. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ClusterReadings, watchCluster } from "../../../src/sense/slurm/cluster-load.ts";
import { until } from "../../until.ts";

const ME = userInfo().username;
const PATH = process.env.PATH;
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cluster-load-"));
  process.env.PATH = `${directory}:${PATH}`;
});
afterEach(() => {
  process.env.PATH = PATH;
  rmSync(directory, { recursive: true });
});

function says(program: string, ...lines: string[]): void {
  const path = join(directory, program);
  writeFileSync(path, `#!/bin/sh\ncat <<'END'\n${lines.join("\n")}\nEND\n`);
  chmodSync(path, 0o755);
}

async function readings(...partitions: (string | null)[]): Promise<ClusterReadings> {
  const read = watchCluster(() => partitions);
  return await until("all readings", () => {
    const found = read(performance.now());
    const waiting = Object.values(found).some(
      (one) => "unavailable" in one && one.unavailable.includes("hasn't been asked"),
    );
    return !waiting && found;
  });
}

test("others' jobs in our partitions count, and of those that wait the ones that nodes would help", async () => {
  says(
    "squeue",
    `${ME}|train|RUNNING|16|None`,
    "bob|train|RUNNING|6|None",
    "eve|train,long|RUNNING|2|None",
    "bob|other|RUNNING|64|None",
    "bob|train|PENDING|8|Resources",
    "eve|other,train|PENDING|8|Priority",
    "eve|train|PENDING|8|JobHeldUser",
    `${ME}|train|PENDING|8|Priority`,
  );
  says(
    "sinfo",
    "train*|mix|2|24/8/0/32",
    "train*|idle|1|0/16/0/16",
    "train*|down|1|0/0/16/16",
    "other|idle|9|0/9/0/9",
  );
  const none = { atMs: expect.any(Number) };
  const expected = {
    "slurm.pendingOthers": { ...none, value: 2 },
    "slurm.idleNodes": { ...none, value: 1 },
    // 8 of 48 CPUs: those of the node that is down can't be used.
    "slurm.othersPercent": { ...none, value: (100 * 8) / 48 },
  };
  expect(await readings("train")).toEqual(expected);
  expect(await readings(null)).toEqual(expected);
});

test("a partition without a node that can be used has no load, and a command that fails is told", async () => {
  says("squeue", "bob|train|RUNNING|6|None");
  says("sinfo", "train|down|2|0/0/32/32");
  expect((await readings("train"))["slurm.othersPercent"]).toEqual({
    unavailable: "no node of the partition can be used",
  });
  writeFileSync(join(directory, "sinfo"), "#!/bin/sh\necho 'sinfo: error: no controller' >&2\nexit 1\n");
  const told = { unavailable: "sinfo gave no answer: sinfo: error: no controller" };
  const found = await readings("train");
  expect(found).toMatchObject({ "slurm.idleNodes": told, "slurm.othersPercent": told });
  expect(found["slurm.pendingOthers"]).toMatchObject({ value: 0 });
});
