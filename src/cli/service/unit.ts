/** The systemd user unit of one supervisor: its name, its place and its text. Computes only. */
import { basename, dirname, join } from "node:path";
import type { Places } from "../../config/places.ts";
import { projectName, USER } from "../../config/project.ts";
import { mustHaveHome } from "../../files/home.ts";
import { stateName } from "../../files/state-paths.ts";

/** By its first line a unit is known as one that we may replace and remove. */
export const MARK = "# Written by 'supervisor service install'; 'supervisor service remove' takes it away.";

/** What decides where a supervisor keeps its files, and which programs its jobs find. */
const KEPT = [
  "PATH",
  "XDG_STATE_HOME",
  "XDG_CONFIG_HOME",
  "GPU_JOB_SUPERVISOR_LOCKS",
  "GPU_JOB_SUPERVISOR_CLAIMS",
];

/** One for each project, so that several stand side by side. */
export function unitName({ project }: Places): string {
  if (project === USER) return "gpu-job-supervisor.service";
  const folder = basename(dirname(project)).replace(/[^A-Za-z0-9_.-]+/g, "-");
  return `gpu-job-supervisor-${folder.slice(0, 40)}-${stateName(project)}.service`;
}

/** Throws Refusal for a user without a home. */
export function unitPath(places: Places, env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CONFIG_HOME ?? join(mustHaveHome(env), ".config"), "systemd/user", unitName(places));
}

/** `program`: Node and the built command line. */
export function unitText(places: Places, program: string[], env: NodeJS.ProcessEnv = process.env): string {
  const config = places.project === USER ? [] : ["--config", places.project];
  const words = [...program, "start", "--headless", ...config];
  const kept = KEPT.filter((name) => env[name]).map(
    (name) => `Environment=${quoted(`${name}=${env[name]}`)}`,
  );
  return `${MARK}
[Unit]
Description=Supervisor of training jobs, for ${oneLine(projectName(places.project))}

[Service]
Type=exec
ExecStart=${words.map((word) => quoted(word).replaceAll("$", "$$$$")).join(" ")}
WorkingDirectory=/
${kept.join("\n")}
# Jobs outlive the supervisor, and the next one takes them over.
KillMode=process
# Each run gets a cgroup of its own below this one.
Delegate=yes
# A stop waits until the jobs are saved.
TimeoutStopSec=15min
Restart=on-failure
RestartSec=10
# A config with problems doesn't get better by another try.
RestartPreventExitStatus=2

[Install]
WantedBy=default.target
`;
}

/** One word of a unit's line; a percent sign would begin a specifier. */
const quoted = (text: string): string => `"${oneLine(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
const oneLine = (text: string): string => text.replaceAll("\n", " ").replaceAll("%", "%%");
