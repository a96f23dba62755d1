/** Checkpoints, status files and directories that a job, or somebody else, has left wrong. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkpointName, MANIFEST_FILE } from "../../src/contract/names.ts";
import { removeStale } from "../../src/control/socket-file.ts";
import { prepareStateDirectory } from "../../src/files/state-directory.ts";
import { logPath } from "../../src/files/state-paths.ts";
import { holdLock } from "../../src/record/database/lock.ts";
import { inspectCheckpoint } from "../../src/runs/checkpoints/quick-check.ts";
import { type LastLook, listThirdParty } from "../../src/runs/checkpoints/third-party/list.ts";
import { launch } from "../../src/runs/launch/launch.ts";
import { readRanks } from "../../src/runs/observe/read-ranks.ts";
import { givenJob, givenRun } from "../runs/given.ts";
import { type Fault, type Group, thrown } from "./fault.ts";

/** A folder that goes with the fault; its name is left out of what is shown. */
export function within(act: (folder: string) => string | Promise<string>): () => Promise<string> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), "fault-"));
    try {
      return (await act(folder)).replaceAll(folder, "…");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

const file = { path: "model.bin", bytes: 5, sha256: "0".repeat(64) };
const manifest = { step: 7, createdAt: "2026-11-22T10:00:00.000Z", files: [file] };

/** A good checkpoint of step 7, spoilt. */
const checkpoint = (fault: string, spoil: (path: string) => void): Fault => ({
  fault,
  gives: within((folder) => {
    const path = join(folder, checkpointName(7));
    mkdirSync(path);
    writeFileSync(join(path, "model.bin"), "model");
    writeFileSync(join(path, MANIFEST_FILE), JSON.stringify(manifest));
    spoil(path);
    const found = inspectCheckpoint(path);
    if (!("reason" in found)) throw new Error(`taken: ${fault}`);
    return `Checkpoint ${found.path} isn't used: ${found.reason}.`;
  }),
});
/** A folder that a program without our library left at step 7. */
const thirdParty = (fault: string, where: { sinceMs?: number }, fill: (path: string) => void): Fault => ({
  fault,
  gives: within((folder) => {
    mkdirSync(join(folder, "checkpoint-7"));
    fill(join(folder, "checkpoint-7"));
    const seen: LastLook = new Map();
    const whole = { pattern: "checkpoint-*", cwd: folder, sinceMs: 0, written: false, ...where };
    listThirdParty(whole, seen);
    const [found] = listThirdParty(whole, seen).rejected;
    if (!found) throw new Error(`taken: ${fault}`);
    return `Checkpoint ${found.path} isn't used: ${found.reason}.`;
  }),
});
const rewrite = (path: string, text: string): void => writeFileSync(join(path, MANIFEST_FILE), text);
const listing = (path: string, files: object[]): void =>
  rewrite(path, JSON.stringify({ ...manifest, files }));

export const checkpoints: Group = {
  title: "Checkpoints: passed over for the one before (`checkpoint.rejected`)",
  faults: [
    checkpoint("no manifest", (path) => rmSync(join(path, MANIFEST_FILE))),
    checkpoint("a manifest cut short", (path) => rewrite(path, '{"step": 7')),
    checkpoint("a manifest without files", (path) => listing(path, [])),
    checkpoint("another step than its name says", (path) =>
      rewrite(path, JSON.stringify({ ...manifest, step: 9 })),
    ),
    checkpoint("a file is missing", (path) => rmSync(join(path, "model.bin"))),
    checkpoint("a file is too short", (path) => writeFileSync(join(path, "model.bin"), "mod")),
    checkpoint("a file that leads out by its path", (path) => {
      writeFileSync(join(path, "..", "outside"), "model");
      listing(path, [{ ...file, path: "../outside" }]);
    }),
    checkpoint("a file that is a link out", (path) => {
      rmSync(join(path, "model.bin"));
      symlinkSync("/etc/hostname", join(path, "model.bin"));
    }),
    checkpoint("a manifest that is a link", (path) => {
      rmSync(join(path, MANIFEST_FILE));
      symlinkSync("/etc/hostname", join(path, MANIFEST_FILE));
    }),
    checkpoint("a manifest that is a pipe", (path) => {
      rmSync(join(path, MANIFEST_FILE));
      execFileSync("mkfifo", [join(path, MANIFEST_FILE)]);
    }),
    thirdParty("a third party's file, older than the job", { sinceMs: Number.POSITIVE_INFINITY }, (path) =>
      writeFileSync(join(path, "state.txt"), "step 7"),
    ),
    thirdParty("a third party's archive, cut short", {}, (path) =>
      writeFileSync(join(path, "optimizer.pt"), "PK\x03\x04 and half of the rest"),
    ),
    thirdParty("a third party's tensors, cut short", {}, (path) => {
      const header = JSON.stringify({ w: { dtype: "F32", shape: [4], data_offsets: [0, 16] } });
      const length = Buffer.alloc(8);
      length.writeUInt32LE(header.length);
      writeFileSync(
        join(path, "model.safetensors"),
        Buffer.concat([length, Buffer.from(`${header}12345678`)]),
      );
    }),
    thirdParty("a third party's shard is missing", {}, (path) =>
      writeFileSync(join(path, "model-00001-of-00002.bin"), "weights"),
    ),
  ],
};

const report = {
  runId: "r1",
  pid: 4711,
  rank: 0,
  worldSize: 1,
  state: "running",
  sequence: 0,
  at: manifest.createdAt,
};

/** A status file of run r1 that isn't believed. */
const status = (fault: string, text: string): Fault => ({
  fault,
  gives: within((folder) => {
    writeFileSync(join(folder, "rank-0.json"), text);
    if (readRanks(folder, { runId: "r1" }).length > 0) throw new Error(`believed: ${fault}`);
    return "It is ignored: the job counts as one that has reported nothing yet.";
  }),
});

export const reports: Group = {
  title: "Status files of a job: ignored, never believed in part",
  faults: [
    status("text that isn't JSON", "step 7"),
    status("the report of another run", JSON.stringify({ ...report, runId: "r0" })),
    status("a state that there isn't", JSON.stringify({ ...report, state: "root" })),
    status("a rank beyond the world's size", JSON.stringify({ ...report, rank: 3 })),
    status("a negative pid", JSON.stringify({ ...report, pid: -1 })),
    status("70 KiB", JSON.stringify({ ...report, note: "x".repeat(70_000) })),
  ],
};

export const places: Group = {
  title: "Places: refused at the start",
  faults: [
    {
      fault: "the state directory is a link",
      gives: within((folder) => {
        symlinkSync("/tmp", join(folder, "state"));
        return thrown(() => prepareStateDirectory(join(folder, "state")));
      }),
    },
    {
      fault: "the state directory is a file",
      gives: within((folder) => {
        writeFileSync(join(folder, "state"), "");
        return thrown(() => prepareStateDirectory(join(folder, "state")));
      }),
    },
    {
      fault: "a folder in it is a link that somebody made before",
      gives: within((folder) => {
        symlinkSync("/tmp", join(folder, "logs"));
        return thrown(() => prepareStateDirectory(folder));
      }),
    },
    {
      fault: "the database's folder is open to every user",
      gives: within((folder) => {
        chmodSync(folder, 0o1777);
        const path = join(folder, "audit.sqlite");
        return thrown(() => holdLock(path, { config: null, socket: null }));
      }),
    },
    {
      fault: "the control socket's place is taken by a link",
      gives: within((folder) => {
        const path = join(folder, "supervisor.sock");
        symlinkSync("/tmp", path);
        return removeStale(path).then(
          () => "It was taken for a socket.",
          (error: Error) => error.message,
        );
      }),
    },
    {
      fault: "a job's log is a link that somebody made before",
      gives: within(async (folder) => {
        prepareStateDirectory(folder);
        symlinkSync("/tmp", logPath(folder, "job"));
        const where = { stateDirectory: folder, directory: folder };
        const launched = await launch(givenJob(["true"]), givenRun(), null, where);
        return launched.ok ? "It was launched." : launched.reason;
      }),
    },
    {
      fault: "the database's folder is a file",
      gives: within((folder) => {
        writeFileSync(join(folder, "db"), "");
        const path = join(folder, "db", "audit.sqlite");
        return thrown(() => holdLock(path, { config: null, socket: null }));
      }),
    },
  ],
};
