/** What to say where a new job is given the name of one that is there. */
import type { StateName } from "../../model/state.ts";

interface Taken {
  name: string;
  state: StateName;
  /** Then it can be run again under its own name, or make way. */
  ended: boolean;
  /** Where it works, if not here. */
  elsewhere: string | null;
}

export function nameTaken({ name, state, ended, elsewhere }: Taken): string {
  const where = elsewhere === null ? "" : `, and works in ${elsewhere}`;
  const taken = `There is already a job '${name}'; it is ${state}${where}.`;
  if (!ended) return `${taken} To run another, give this one another --name.`;
  const ways = [
    ...(state === "finished" ? [] : [[`supervisor resume ${name}`, "continues that job"]]),
    [`supervisor rerun ${name}`, "that one runs again, from its beginning"],
    [`supervisor remove ${name}`, "its name is free; all that have ended: supervisor clean"],
    ["supervisor run --name …", "this one runs under another name"],
  ];
  const widest = Math.max(...ways.map(([command = ""]) => command.length));
  return [taken, ...ways.map(([command = "", does]) => `  ${command.padEnd(widest)}   ${does}`)].join("\n");
}
