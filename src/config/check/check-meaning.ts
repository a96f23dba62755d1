/**
 * Errors that no shape can express: duplicate or unknown names, thresholds on the wrong side.
 * Works on the raw document, even where other parts of it are wrong, so that all problems are reported
 * at once.
 */
import { OURS_IDLE } from "../../model/machine.ts";
import { type Entry, type Fields, formatPath, type Path, show } from "../problem.ts";
import { checkTariff } from "./check-tariff.ts";
import { checkWindow } from "./check-windows.ts";
import type { Finding } from "./explain.ts";
import { checkContainer } from "./jobs/check-container.ts";
import { checkExecutor } from "./jobs/check-executor.ts";
import { checkOrder } from "./jobs/check-order.ts";
import { checkRanks } from "./jobs/check-ranks.ts";
import { checkServer } from "./jobs/check-server.ts";
import { checkService } from "./jobs/check-service.ts";
import { checkDevices } from "./jobs/device-environment.ts";
import { closest } from "./suggest.ts";

export function checkMeaning(root: unknown): Finding[] {
  const [rules, windows, jobs] = [entries(root, "rules"), entries(root, "windows"), entries(root, "jobs")];
  const notify = entries(root, "notify");
  return [
    ...[rules, windows, jobs].flatMap(namesTwice),
    ...[...rules, ...windows, ...notify].flatMap((entry) => unknownJobs(entry, "jobs", jobs)),
    ...["after", "afterAny"].flatMap((key) => jobs.flatMap((entry) => unknownJobs(entry, key, jobs))),
    ...rules.flatMap(checkThresholds),
    ...rules.flatMap(checkPrograms),
    ...rules.flatMap(checkAction),
    ...windows.flatMap(checkWindow),
    ...jobs.flatMap(checkJob),
    ...jobs.flatMap(checkContainer),
    ...jobs.flatMap(checkDevices),
    ...jobs.flatMap(checkBackup),
    ...jobs.flatMap(checkExecutor),
    ...jobs.flatMap(checkRanks),
    ...jobs.flatMap(checkServer),
    ...checkOrder(jobs),
    ...jobs.flatMap(checkService),
    ...notify.flatMap(checkNotify),
    ...checkMetrics(root),
    ...checkTariff(root),
  ];
}

/** The objects in a list of the document; the schema refuses anything else in it. */
export function entries(root: unknown, key: string): Entry[] {
  const list = (root as Fields | null | undefined)?.[key];
  if (!Array.isArray(list)) return [];
  return list.flatMap((fields: unknown, i) =>
    typeof fields === "object" && fields !== null && !Array.isArray(fields)
      ? [{ path: [key, i], fields: fields as Fields }]
      : [],
  );
}

function namesTwice(list: Entry[]): Finding[] {
  const first = new Map<unknown, Path>();
  return list.flatMap(({ path, fields }) => {
    const before = first.get(fields.name);
    if (typeof fields.name !== "string") return [];
    if (before === undefined) {
      first.set(fields.name, path);
      return [];
    }
    const here = [...path, "name"];
    return [
      {
        path: here,
        message: `${formatPath(here)} must be unique, but ${formatPath(before)} is named ${show(fields.name)} too.`,
      },
    ];
  });
}

function unknownJobs({ path, fields }: Entry, key: string, jobs: Entry[]): Finding[] {
  const names = fields[key];
  if (!Array.isArray(names)) return [];
  const known = jobs.map((job) => job.fields.name).filter((name) => typeof name === "string");
  return names.flatMap((name: unknown, i) => {
    if (typeof name !== "string" || known.includes(name)) return [];
    const here = [...path, key, i];
    const guess = closest(name, known);
    const hint =
      guess !== null
        ? `Did you mean '${guess}'?`
        : known.length > 0
          ? `There are: ${known.join(", ")}.`
          : "There are none.";
    return [
      { path: here, message: `${formatPath(here)} must be the name of a job, got ${show(name)}. ${hint}` },
    ];
  });
}

function checkPrograms({ path, fields: { metric, programs } }: Entry): Finding[] {
  const wants = metric === "process.running";
  if (typeof metric !== "string" || wants === (programs !== undefined)) return [];
  const message = wants
    ? `${formatPath(path)} must have 'programs', since its metric is process.running. Write "programs": ["blender"].`
    : `${formatPath([...path, "programs"])} must not stand beside metric ${show(metric)}: only process.running has programs.`;
  return [wants ? { path, message } : { path: [...path, "programs"], part: "key", message }];
}

function checkAction({ path, fields: { metric, action } }: Entry): Finding[] {
  if (metric !== OURS_IDLE || action === undefined || action === "notify") return [];
  const here = [...path, "action"];
  const message = `${formatPath(here)} must be "notify" or left out with metric ${show(metric)}: a job that is paused for idling would idle again when it is back.`;
  return [{ path: here, message }];
}

const isNumber = (value: unknown): value is number => typeof value === "number";

function checkThresholds({ path, fields }: Entry): Finding[] {
  const clear = (
    typeof fields.clear === "object" && fields.clear !== null ? fields.clear : null
  ) as Fields | null;
  const found = [...oneSide(path, fields), ...(clear === null ? [] : oneSide([...path, "clear"], clear))];
  if (found.length > 0 || clear === null) return found;
  const side = "above" in fields ? "above" : "below";
  const other = side === "above" ? "below" : "above";
  const [pressure, at] = [fields[side], clear[other]];
  if (at === undefined) {
    const here = [...path, "clear", side];
    return [
      {
        path: here,
        part: "key",
        message: `${formatPath(here)} is on the same side as the pressure: a rule with '${side}' clears '${other}'. Write "${other}".`,
      },
    ];
  }
  if (!isNumber(pressure) || !isNumber(at)) return [];
  // More than 0 and less than 1 can't both be, of what is counted.
  const whole = fields.metric === "process.running" ? 1 : 0;
  const limit = side === "above" ? pressure + whole : pressure - whole;
  if (side === "above" ? at <= limit : at >= limit) return [];
  const here = [...path, "clear", other];
  const most = side === "above" ? "at most" : "at least";
  return [
    {
      path: here,
      message: `${formatPath(here)} must be ${most} ${limit} (where the pressure begins), got ${at}: the rule would be in pressure and clear at once.`,
    },
  ];
}

function oneSide(path: Path, fields: Fields): Finding[] {
  if ("above" in fields !== "below" in fields) return [];
  const has = "above" in fields ? "has both" : "has neither";
  return [{ path, message: `${formatPath(path)} must have one of 'above' and 'below', but ${has}.` }];
}

function checkNotify({ path, fields }: Entry): Finding[] {
  if ("command" in fields !== "webhook" in fields) {
    if (fields.format !== "ntfy" || "webhook" in fields) return [];
    const here = [...path, "format"];
    return [
      {
        path: here,
        message: `${formatPath(here)} must not be "ntfy" for a command: only a webhook's URL names a topic.`,
      },
    ];
  }
  const has = "command" in fields ? "has both" : "has neither";
  return [{ path, message: `${formatPath(path)} must have one of 'command' and 'webhook', but ${has}.` }];
}

function checkMetrics(root: unknown): Finding[] {
  const fields = (root as Fields | null | undefined)?.metrics;
  if (typeof fields !== "object" || fields === null || "file" in fields || "port" in fields) return [];
  return [{ path: ["metrics"], message: "metrics must have 'file' or 'port' or both, but has neither." }];
}

function checkJob({ path, fields }: Entry): Finding[] {
  const { command } = fields;
  if (!Array.isArray(command)) return [];
  const at = command[0] === "sudo" ? 1 : 0;
  const program = command[at];
  if (typeof program !== "string") return [];
  const here = [...path, "command", at];
  return program === "" ? [{ path: here, message: `${formatPath(here)} must be a program, got "".` }] : [];
}

function checkBackup({ path, fields }: Entry): Finding[] {
  const { backup, checkpoint } = fields as Record<string, Fields | null | undefined>;
  if (typeof backup !== "object" || backup === null) return [];
  const found: Finding[] = [];
  if (typeof checkpoint?.glob === "string") {
    const here = [...path, "backup"];
    const message = `${formatPath(here)} must not stand beside 'checkpoint.glob': only checkpoints with a manifest are copied. For other files have a 'notify' command run on "checkpoint.verified".`;
    found.push({ path: here, part: "key", message });
  }
  if (typeof backup.endpoint === "string" && /^https?:\/\/[^/]*@/.test(backup.endpoint)) {
    const here = [...path, "backup", "endpoint"];
    const message = `${formatPath(here)} must hold no name or password: credentials come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) or AWS_PROFILE.`;
    found.push({ path: here, message });
  }
  return found;
}
