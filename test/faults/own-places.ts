/** What is removed or taken away under a running supervisor, and what it says of it. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { serveControl } from "../../src/control/serve.ts";
import { prepareStateDirectory, watchStateDirectory } from "../../src/files/state-directory.ts";
import type { NewEvent } from "../../src/model/event.ts";
import { holdLock, holdStateDirectory } from "../../src/record/database/lock.ts";
import { createJournal } from "../../src/record/journal.ts";
import { launch } from "../../src/runs/launch/launch.ts";
import { Unreaped } from "../../src/sense/proc/unreaped.ts";
import { Helper } from "../../src/spawn/helper.ts";
import { type Look, OwnPlaces } from "../../src/supervise/own-places/own-places.ts";
import { at, event, RETENTION } from "../record/material.ts";
import { givenJob, givenRun } from "../runs/given.ts";
import { type Fault, type Group, thrown } from "./fault.ts";
import { within } from "./files.ts";

const NOTE = { config: null, socket: null };
const ROOT = join(import.meta.dirname, "../..");

/** What a supervisor says after a look: an event, or a warning as long as it lasts. */
async function says(look: Look): Promise<string> {
  const told: NewEvent[] = [];
  const places = new OwnPlaces([look], (events) => told.push(...events));
  let bug: unknown = null;
  places.lookIfDue(0, (error) => {
    bug = error;
  });
  await places.idle();
  if (bug !== null) throw bug;
  const [warning = "nothing"] = places.problems;
  return told[0] ? `\`${told[0].kind}\` ${told[0].reason}` : `A warning: ${warning}`;
}

/** A journal with an event, harmed; then looked at. */
const database = (fault: string, harm: (path: string) => void): Fault => ({
  fault,
  gives: within(async (folder) => {
    const path = join(folder, "db", "audit.sqlite");
    const journal = createJournal(path, { retention: RETENTION });
    journal.append([event("one")], at(1));
    harm(path);
    const said = await says(() => journal.look());
    journal.close();
    return said.replace(/replaced-\w+/, "replaced-20261122T100000Z");
  }),
});

/** As if our Node were gone. */
async function withoutNode(act: () => Promise<string>): Promise<string> {
  const { execPath } = process;
  process.execPath = "/opt/node-24/bin/node";
  try {
    return await act();
  } finally {
    process.execPath = execPath;
  }
}

export const ownPlaces: Group = {
  title: "The supervisor's own places and programs, removed while it runs",
  faults: [
    {
      fault: "the control socket is swept away",
      gives: within(async (folder) => {
        const path = join(folder, "supervisor.sock");
        const refuse = async () => ({ ok: false, code: "refused", error: "" }) as const;
        const server = await serveControl(path, { snapshot: () => ({}) as never, onRequest: refuse });
        rmSync(path);
        const said = await says(() => server.look());
        await server.close();
        return said;
      }),
    },
    {
      fault: "the state directory is removed",
      gives: within((folder) => {
        const state = join(folder, "state");
        prepareStateDirectory(state);
        const look = watchStateDirectory(state);
        rmSync(state, { recursive: true });
        return says(look);
      }),
    },
    {
      fault: "the lock is removed",
      gives: within(async (folder) => {
        const lock = holdLock(join(folder, "audit.sqlite"), NOTE);
        rmSync(join(folder, "audit.sqlite.lock"));
        const said = await says(() => lock.look());
        lock.release();
        return said;
      }),
    },
    database("the database is removed", (path) => rmSync(path)),
    database("another file gets the database's name", (path) => {
      rmSync(path);
      writeFileSync(path, "");
    }),
    database("the database is removed and can't be written again", (path) => {
      rmSync(dirname(path), { recursive: true });
      writeFileSync(dirname(path), "");
    }),
    {
      fault: "all of it is removed, then a second supervisor is started",
      gives: within((folder) => {
        const state = join(folder, "state");
        mkdirSync(state);
        const first = holdStateDirectory(state, [join(folder, "locks")], NOTE);
        rmSync(state, { recursive: true });
        mkdirSync(state);
        const { pid, user, host, since } = first.holder;
        const said = thrown(() => holdStateDirectory(state, [join(folder, "locks")], NOTE));
        first.release();
        return said
          .replace(` pid ${pid} of ${user} on ${host}`, " pid 4711 of ana on box")
          .replace(since, "2026-11-22T10:00:00.000Z");
      }),
    },
    {
      fault: "one of its programs is gone, as in an upgrade",
      gives: async () => {
        const { path } = new Helper(
          "runs/checkpoints/gone-child",
          "no checkpoint is verified and no job resumes",
        );
        return (await says(() => Helper.look())).replace(path, path.replace(ROOT, "…"));
      },
    },
    {
      fault: "its Node is gone, and a job of `node` is due",
      gives: within((folder) =>
        withoutNode(async () => {
          const where = { stateDirectory: folder, directory: folder };
          const launched = await launch(givenJob(["node", "train.js"]), givenRun(), null, where);
          return launched.ok
            ? "It was launched."
            : `\`job.failed\` It couldn't be launched: ${launched.reason}. It is tried again in 30 s; this doesn't count as a failure.`;
        }),
      ),
    },
    {
      fault: "it is process 1 of a container (a warning, as long as it lasts)",
      gives: () => new Unreaped().look(1) ?? "",
    },
    {
      fault: "the home directory can't be written to",
      gives: () => thrown(() => prepareStateDirectory("/proc/none/.local/state/gpu-job-supervisor")),
    },
  ],
};
