/**
 * The job's first process where it runs in a container: it starts the engine's client, and stays until the container
 * itself has ended. A client that is killed leaves its container running; the engine is asked for its end then.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ContainerCommand } from "../../files/container-command.ts";
import {
  containerClientRecord,
  containerIdRecord,
  containerRemovedRecord,
  runDirectory,
} from "../../files/state-paths.ts";

/** How long an engine may take to answer; one that hangs is asked again. */
const ANSWER_SECONDS = 60;

/** Called as `sh container.sh ARGV…`; ends with the container's exit code, where the engine can tell it. */
const scriptFor = (client: string, id: string, removed: string): string => `# Part of gpu-job-supervisor.
trap : HUP INT QUIT TERM USR1 USR2 ALRM PIPE
limit=$(command -v timeout) && limit="$limit ${ANSWER_SECONDS}"
client() { $limit ${client} container "$@" 2>&1; }
"$@"
status=$?
id=
{ read -r id < ${id}; } 2>/dev/null
[ -n "$id" ] || exit "$status"
while :; do
  said=$(client inspect --format '{{.State.Status}} {{.State.ExitCode}}' "$id")
  case $said in
    exited\\ *|stopped\\ *|dead\\ *) exit "\${said#* }" ;;
    created\\ *|configured\\ *|initialized\\ *) exit "$status" ;;
    *[Nn]'o such container'*) : > ${removed}; exit "$status" ;;
    running\\ *|paused\\ *) client wait "$id" > /dev/null || sleep 1 ;;
    *) sleep 1 ;;
  esac
done
`;

/** Writes the script and the records that a later supervisor knows the container by. Returns the script's path. */
export function writeContainerFiles(
  stateDirectory: string,
  runId: string,
  { program, before }: ContainerCommand,
): string {
  const client = [program, ...before];
  const script = join(runDirectory(stateDirectory, runId), "container.sh");
  const id = quoted(containerIdRecord(stateDirectory, runId));
  const removed = quoted(containerRemovedRecord(stateDirectory, runId));
  writeFileSync(script, scriptFor(client.map(quoted).join(" "), id, removed), { mode: 0o600 });
  writeFileSync(containerClientRecord(stateDirectory, runId), JSON.stringify(client), { mode: 0o600 });
  return script;
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
