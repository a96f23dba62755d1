/** `status --host`: the supervisors of several machines, side by side. */
import { projectName } from "../../../config/project.ts";
import { misuse } from "../../../refusal.ts";
import type { Shown } from "../../../show/plain-all.ts";
import { formatHosts, type HostShown } from "../../../show/plain-hosts.ts";
import { print, printJson, width } from "../../print.ts";
import { askHost, type HostAnswer, type RemoteSupervisor } from "../../supervisors/ask-host.ts";
import type { Options } from "../../supervisors/connect.ts";

/** 0 when every host has answered, if only that nothing runs there. */
export async function statusOfHosts(hosts: string[], options: Options): Promise<number> {
  if (options.config !== undefined)
    throw misuse("--host shows all of your supervisors on a host; --config names one on this machine.");
  const answers = await Promise.all([...new Set(hosts)].map(askHost));
  if (options.json) printJson({ hosts: answers });
  else print(formatHosts(answers.map(shown), width()));
  return answers.every((answer) => "supervisors" in answer) ? 0 : 1;
}

function shown(answer: HostAnswer): HostShown {
  if ("error" in answer) return answer;
  return { host: answer.host, supervisors: answer.supervisors.map(named) };
}

/** By the project's path: whose home it is in can't be known from here. */
function named(one: RemoteSupervisor): Shown {
  const name = projectName(one.project);
  return "error" in one ? { name, pid: one.pid, error: one.error } : { name, snapshot: one };
}
