/**
 * The parent of every job: a POSIX shell script that outlives the supervisor and leaves records for it.
 * Written into each run's directory, so that source and build use the same one. It must never interpret
 * the job's argv, never ignore a signal (a child would inherit that), and never start a job that it
 * can't record.
 */
import { closeSync, fstatSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../../files/make-folder.ts";
import { exitRecord, runDirectory, statusDirectory } from "../../files/state-paths.ts";

/**
 * Called as `sh launcher.sh keep RUN-DIRECTORY CGROUP BOOT-ID BEGIN ARGV…`, and by itself as `… job …`. BEGIN is the
 * line that it writes to the log, once it is sure that no other launcher has this run.
 *
 * - `trap :` catches: an ignored signal would stay ignored in the job, and a deadly one would lose
 *   the exit record when a whole process group is signalled.
 * - `&` would leave SIGINT ignored in the job; instead, a second shell in the foreground writes its own
 *   pid and becomes the job.
 * - What the two shells would change of the job's environment is put back by SUPERVISOR_RESTORE.
 * - The shell itself writes the exit record, over reserved bytes: a full disk can't lose it, nor can a kill
 *   of every other process of the run, which would take a helper such as `mv` with it. Its dot comes last.
 */
const SCRIPT = `# Part of gpu-job-supervisor: starts a job, waits for it, records how it ended.
mode=$1 run=$2 cgroup=$3 boot=$4 begin=$5
shift 5

identity() {
  started=-
  if { read -r stat < "/proc/$$/stat"; } 2>/dev/null; then
    set -- \${stat##*) }
    started=\${20}
  fi
  printf '%s %s %s\\n' "$$" "$started" "$boot"
}

if [ "$mode" = job ]; then
  if [ -n "$cgroup" ]; then { echo "$$" > "$cgroup/cgroup.procs"; } 2>/dev/null; fi
  if ! identity > "$run/pid"; then
    echo "supervisor: the job was not started: its pid can't be recorded in $run" >&2
    exit 125
  fi
  eval "$SUPERVISOR_RESTORE"
  exec "$@"
fi

trap : HUP INT QUIT TERM USR1 USR2 ALRM PIPE
( set -C; identity > "$run/launcher" ) 2>/dev/null || exit 125
{ printf '%s\\n' "$begin"; } 2>/dev/null
/bin/sh "$0" job "$run" "$cgroup" "$boot" "" "$@"
status=$?
case $status in
  126) echo "supervisor: exit code 126: something could not be executed (started: $1)" >&2 ;;
  127) echo "supervisor: exit code 127: a command was not found (started: $1)" >&2 ;;
esac
printf '%-4s\\n' "$status." 1<> "$run/exit"
`;

/** The variables that the script uses: a job may have some of the same names. */
export const ASSIGNED = ["mode", "run", "cgroup", "boot", "begin", "started", "stat", "status"];

const SCRIPT_NAME = "launcher.sh";

export interface RunFiles {
  launcher: string;
  directory: string;
  status: string;
}

/** Makes the run's directory with everything that the launcher needs. Throws what the disk throws. */
export function writeRunFiles(stateDirectory: string, runId: string): RunFiles {
  const directory = runDirectory(stateDirectory, runId);
  const status = statusDirectory(stateDirectory, runId);
  makeFolder(status);
  const launcher = join(directory, SCRIPT_NAME);
  writeFileSync(launcher, SCRIPT, { mode: 0o600 });
  // Never overwrites the record of a run that has already begun.
  const reserved = openSync(exitRecord(stateDirectory, runId), "a", 0o600);
  try {
    if (fstatSync(reserved).size === 0) writeSync(reserved, "    \n");
  } finally {
    closeSync(reserved);
  }
  return { launcher, directory, status };
}
