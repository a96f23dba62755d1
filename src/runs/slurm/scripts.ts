/**
 * The shell scripts that take a run to its nodes. Slurm keeps the batch script of the first submission for every later
 * run of the job, so that one only begins the run that is due. No shell ever sees the job's argv as anything but
 * quoted words.
 */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DEVICE_VARIABLES } from "../../config/check/jobs/device-environment.ts";
import { shellWord } from "../../words/shell-word.ts";

/**
 * Called by Slurm as `… FOLDER`, where FOLDER/run names the directory of the run that is due.
 *
 * - Exit code 75, the run's word for "saved, run me again", has Slurm keep the job and hold it. A run of the cluster's
 *   own `RequeueExitHold` comes to the same.
 * - A run that has begun before was requeued by Slurm: it is held, and the supervisor begins another.
 * - Signals are caught: those for the steps reach this shell, too, in some versions. SIGTERM comes from Slurm, which ends
 *   the job: holding it then would bring a cancelled job back.
 * - SIGUSR1 is Slurm's word that the time limit is near (submission.ts), for a supervisor that isn't there to ask: ranks
 *   of a job library take a ring without a word for a pause. Others are left alone: the signal might end them.
 */
const BATCH = `#!/bin/sh
# Part of gpu-job-supervisor: begins the run that is due, and has Slurm hold the job once that has paused.
folder=$1
trap : HUP INT USR2
trap 'over=1' TERM
trap warned USR1
over=

warned() {
  if [ -e "$run/status/control.json" ]; then return; fi
  for rank in "$run"/status/rank-*.json; do
    if [ -e "$rank" ]; then
      timeout 10 scancel --signal="$(cat "$run/signal")" "$SLURM_JOB_ID"
      return
    fi
  done
}

hold() {
  tries=0
  if [ -n "$over" ]; then return; fi
  until scontrol requeuehold "$SLURM_JOB_ID"; do
    tries=$((tries + 1))
    if [ "$tries" -ge 120 ]; then return; fi
    sleep 5
  done
}

{ IFS= read -r run < "$folder/run"; } 2>/dev/null || exit 125
if [ -e "$run/launcher" ]; then
  hold
  exit 75
fi
/bin/sh "$run/start.sh" &
started=$!
# A signal ends the wait, not what is waited for.
while kill -0 "$started" 2>/dev/null; do wait "$started"; done
status=125
{ read -r status < "$run/exit"; } 2>/dev/null
status=\${status%.*}
# A rank that is signalled again on its way out makes srun's code another one: the supervisor goes by the ranks' word.
if [ "$status" = 75 ]; then hold
elif [ "$status" != 0 ] && grep -q '"pause"' "$run/status/control.json" 2>/dev/null; then
  # The steps may have been ended first.
  sleep 1
  hold
fi
exit "\${status:-125}"
`;

/** One rank: what launchers tell each of theirs, then the job's own program. */
const TASK = `# Part of gpu-job-supervisor: tells a rank which it is, and becomes the job's program.
export RANK="$SLURM_PROCID" WORLD_SIZE="$SLURM_NTASKS" LOCAL_RANK="$SLURM_LOCALID"
exec "$@"
`;

/** Where the ranks find each other, unless the job's own settings say it. The batch script runs on the first node. */
const MEETING = `export MASTER_ADDR="\${MASTER_ADDR:-$(hostname)}"
export MASTER_PORT="\${MASTER_PORT:-$((20000 + SLURM_JOB_ID % 20000))}"`;

/** Of the submitting shell or of another Slurm job: they would tell the new job what it isn't. */
const FOREIGN = /^(SLURM|SBATCH|SRUN|SQUEUE|SCANCEL)_/;

/** Nobody may set them, in Bash at least: a script that does ends there. People export the first for Compose files. */
const FIXED = ["UID", "EUID", "PPID", "BASHOPTS", "SHELLOPTS", "BASH_VERSINFO"];

/** The script that sbatch takes, with the folder that it is called with. */
export function writeBatchScript(folder: string): string {
  const path = join(folder, "batch.sh");
  writeFileSync(path, BATCH, { mode: 0o700 });
  return path;
}

/** Names the run that the job begins next; a reader sees the former or this one. */
export function pointTo(folder: string, runDirectory: string): void {
  writeFileSync(join(folder, "run.new"), `${runDirectory}\n`, { mode: 0o600 });
  renameSync(join(folder, "run.new"), join(folder, "run"));
}

export interface Start {
  runDirectory: string;
  launcher: string;
  cwd: string;
  env: Readonly<Record<string, string>>;
  /** Set by the job's own `env`, which the cluster's own choice doesn't replace. */
  own: Readonly<Record<string, string>>;
  /** Its pause signal, as Slurm names it: "USR2". */
  signal: string;
  /** The line that begins the run in its log. */
  begin: string;
  argv: readonly string[];
}

/** `start.sh`, which the batch script runs on the first node, and what each rank runs. Holds secrets: for its owner alone. */
export function writeStart({ runDirectory, launcher, cwd, env, own, signal, begin, argv }: Start): void {
  const task = join(runDirectory, "task.sh");
  writeFileSync(task, TASK, { mode: 0o600 });
  writeFileSync(join(runDirectory, "signal"), `${signal}\n`, { mode: 0o600 });
  const words = [launcher, "keep", runDirectory, "", "slurm", begin];
  const ranks = ["srun", "--kill-on-bad-exit=0", "/bin/sh", task, ...argv];
  const passed = Object.entries(env).filter(([name]) => isPassedOn(name, own));
  const lines = [
    `cd -- ${shellWord(cwd)} || exit 125`,
    ...passed.map(([name, value]) => `export ${name}=${shellWord(value)}`),
    MEETING,
    `exec /bin/sh ${[...words, ...ranks].map(shellWord).join(" ")}`,
  ];
  writeFileSync(join(runDirectory, "start.sh"), `${lines.join("\n")}\n`, { mode: 0o600 });
}

/** Slurm tells a job its GPUs; a name that no shell, or not every one, can set stays behind. */
function isPassedOn(name: string, own: Readonly<Record<string, string>>): boolean {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || FIXED.includes(name)) return false;
  if (name === "SLURM_CONF" || Object.hasOwn(own, name)) return true;
  return !FOREIGN.test(name) && !DEVICE_VARIABLES.includes(name);
}
