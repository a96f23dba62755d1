/** `restart`: a new supervisor in place of the one that runs, after an upgrade say; the jobs go on meanwhile. */
import { loadConfigApart } from "../../../config/check/check-apart.ts";
import { findConfig } from "../../../config/find.ts";
import { print } from "../../print.ts";
import { unitName } from "../../service/unit.ts";
import { systemctl } from "../../service/user-manager.ts";
import { mustConnect, type Options, placesOf } from "../../supervisors/connect.ts";
import { tellProblems } from "../../tell-problems.ts";
import { runsAsService } from "./service.ts";
import { start } from "./start.ts";
import { stop } from "./stop.ts";

export async function restart(options: Options): Promise<number> {
  (await mustConnect(options)).close();
  // The one that runs has a config in force; a new one couldn't start with a broken file.
  const loaded = await loadConfigApart(findConfig(options.config));
  if (!loaded.ok) {
    tellProblems(loaded);
    return 2;
  }
  const places = await placesOf(options);
  const service = await runsAsService(places);
  const stopped = await stop({ ...options, leaveJobs: true });
  if (!service) return Math.max(stopped, await start({ ...options, detach: true }));
  await systemctl("start", unitName(places));
  print(`Started by systemd: ${unitName(places)}.`);
  return stopped;
}
