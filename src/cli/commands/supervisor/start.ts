/**
 * `start`: on a terminal, a supervisor in a session of its own with a dashboard attached; otherwise
 * headless in the foreground. The supervisor itself is src/supervise/run-supervisor.ts.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import v8 from "node:v8";
import { findConfig } from "../../../config/find.ts";
import type { Places } from "../../../config/places.ts";
import { projectName } from "../../../config/project.ts";
import type { AuditEvent } from "../../../model/event.ts";
import { misuse } from "../../../refusal.ts";
import { print, say } from "../../print.ts";
import { type Options, placesOf, sayWhich, tryConnect } from "../../supervisors/connect.ts";
import { leftElsewhere } from "../../supervisors/left-elsewhere.ts";
import { warningsAtStart } from "./warnings-at-start.ts";

export interface StartOptions extends Options {
  headless?: boolean;
  detach?: boolean;
  adopt?: boolean;
}

export async function start(options: StartOptions): Promise<number> {
  if (options.headless && options.detach) throw misuse("Give --headless or --detach, not both.");
  const places = await placesOf(options);
  if (options.detach) return detached(places, options);
  const terminal = process.stdin.isTTY && process.stdout.isTTY;
  return options.headless || !terminal ? headless(places, options) : attached(places, options);
}

async function detached(places: Places, options: StartOptions): Promise<number> {
  const { adopt = false } = options;
  const running = await tryConnect(places);
  running?.close();
  if (running === null) {
    const { spawnSupervisor } = await import("../../supervisors/spawn-supervisor.ts");
    const client = await spawnSupervisor(places, { watch: true, adopt });
    for (const warning of await warningsAtStart(client)) say(`! ${warning}`);
    client.close();
  }
  sayWhich(places, options);
  const what = running
    ? `A supervisor is already running for ${projectName(places.project)}`
    : "Supervisor started";
  print(`${what}. Watch: supervisor dashboard   Stop: supervisor stop`);
  return 0;
}

async function attached(places: Places, options: StartOptions): Promise<number> {
  const { adopt = false } = options;
  const running = await tryConnect(places, true);
  // Started first: loading the dashboard takes this process about as long as a supervisor takes to start.
  const client =
    running ??
    (await import("../../supervisors/spawn-supervisor.ts")).spawnSupervisor(places, { watch: true, adopt });
  sayWhich(places, options);
  const attach = import("./dashboard.ts").then((module) => module.prepare());
  const [there, show] = await Promise.all([client, attach]);
  return show(there, places.stateDirectory);
}

async function headless(places: Places, options: StartOptions): Promise<number> {
  keepSmall();
  const { loadConfigApart } = await import("../../../config/check/check-apart.ts");
  const checking = loadConfigApart(findConfig(options.config));
  // That process is started first, and works while the rest loads, which would hold its start up. One turn is enough
  // where Node loads modules at once (24); where it doesn't, nothing is lost but the lead.
  await nextTurn();
  const [loaded, { tellProblems: tell }, { formatEvent }, { runSupervisor: supervise }] = await Promise.all([
    checking,
    import("../../tell-problems.ts"),
    import("../../../show/event-words.ts"),
    import("../../../supervise/run-supervisor.ts"),
  ]);
  tell(loaded);
  if (!loaded.ok) return 2;
  // Refuses where a supervisor of another config uses this state directory; one of this config has the lock.
  (await tryConnect(places))?.close();
  const left = leftElsewhere(places)();
  if (left !== null) say(left);
  // The reader of our output may go away; the jobs stay supervised.
  for (const stream of [process.stdout, process.stderr])
    stream.removeAllListeners("error").on("error", () => {});
  const adopt = options.adopt ?? false;
  const onEvent = (event: AuditEvent): void => print(formatEvent(event));
  // The folder that it was started in may be deleted or unmounted; every path of a config is absolute.
  process.chdir("/");
  const unrecorded = await supervise(loaded.config, { adopt, onEvent });
  if (unrecorded !== null) say(`! ${unrecorded}`);
  // Its job is done: with another code a service would be started again.
  return 0;
}

/**
 * A supervisor lives for months beside other people's programs: memory before speed, measured in bench/idle.ts. V8's
 * last compiler takes 3 to 7 MiB; without it a supervisor of one job uses as much CPU, one of a hundred up to a tenth more.
 * Its collections of an idle heap are worth less: shrinking it each time saves 5 MiB, and costs a hundred jobs a fifth more.
 */
const keepSmall = (): void => {
  for (const flag of ["--optimize-for-size", "--no-turbofan", "--no-memory-reducer-favors-memory"])
    v8.setFlagsFromString(flag);
};
