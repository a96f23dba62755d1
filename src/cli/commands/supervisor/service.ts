/**
 * `service`: has systemd start this supervisor at login, or with the machine, and again after a crash. One that runs
 * already hands its jobs over.
 */
import type { Places } from "../../../config/places.ts";
import { projectName, tilde, USER } from "../../../config/project.ts";
import { isGone } from "../../../files/is-there.ts";
import { ownProgram } from "../../../own-files.ts";
import { Refusal } from "../../../refusal.ts";
import { shellWord } from "../../../words/shell-word.ts";
import { print, printJson, say } from "../../print.ts";
import { serviceState, startsWhen } from "../../service/service-state.ts";
import { unitName, unitPath, unitText } from "../../service/unit.ts";
import { mustBeOurs, removeUnit, writeUnit } from "../../service/unit-file.ts";
import { lingers, missingManager, stateOf, systemctl } from "../../service/user-manager.ts";
import { type Options, placesOf, tryConnect } from "../../supervisors/connect.ts";
import { stop } from "./stop.ts";

interface InstallOptions extends Options {
  /** Prints the unit, and does nothing. */
  print?: boolean;
}

export async function installService(options: InstallOptions): Promise<void> {
  const places = await placesOf(options);
  const text = unitText(places, [process.execPath, ownProgram("bin")]);
  if (options.print) return print(text.trimEnd());
  await mustHaveManager(places);
  const path = unitPath(places);
  writeUnit(path, text);
  await systemctl("daemon-reload");
  await systemctl("enable", unitName(places));
  const running = await tryConnect(places);
  running?.close();
  if (running !== null) await stop({ ...options, leaveJobs: true });
  await systemctl("start", unitName(places));
  print(`Installed and started: ${unitName(places)} (${tilde(path)}).`);
  say(
    "Jobs get the PATH of this shell, but nothing else of its environment: put what they need into their env or envFile.",
  );
  if (!(await lingers()))
    say("It stops when you log out and starts when you log in. To start it at boot: loginctl enable-linger");
}

export async function removeService(options: Options): Promise<void> {
  const places = await placesOf(options);
  const path = unitPath(places);
  if (isGone(path)) throw new Refusal(`No service is installed for ${projectName(places.project)}.`);
  mustBeOurs(path);
  const manager = await missingManager();
  if (manager === null) await systemctl("disable", unitName(places));
  removeUnit(path);
  if (manager === null) await systemctl("daemon-reload");
  print(`Removed: ${unitName(places)}. A supervisor that runs goes on. Stop it: supervisor stop`);
}

export async function serviceStatus(options: Options): Promise<void> {
  const places = await placesOf(options);
  const state = await serviceState(places);
  if (options.json) return printJson({ ...state });
  const { unit, path, installed, active, unavailable } = state;
  print(
    installed ? `${unit}: ${tilde(path)}` : `No service is installed for ${projectName(places.project)}.`,
  );
  if (active !== null) print(`${active}; ${startsWhen(state)}`);
  if (unavailable !== null) print(`No services of users here: ${unavailable}.`);
}

/** Whether systemd runs the supervisor of `places` now. */
export const runsAsService = async (places: Places): Promise<boolean> =>
  !isGone(unitPath(places)) && (await stateOf("is-active", unitName(places))) === "active";

/** Where there is none, how to begin with the machine all the same. */
async function mustHaveManager(places: Places): Promise<void> {
  const missing = await missingManager();
  if (missing === null) return;
  const config = places.project === USER ? "" : ` --config ${shellWord(places.project)}`;
  const line = `@reboot ${shellWord(process.execPath)} ${shellWord(ownProgram("bin"))} start --detach${config}`;
  throw new Refusal(
    `systemd can't run your services here (${missing}). To start it at boot with cron, add this line in 'crontab -e':\n${line}`,
  );
}
