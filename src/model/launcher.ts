/** What a command and its environment tell of how many ranks it starts, before any of them is seen. */

/** By program or module: the options that tell a launcher the number. */
const TORCHRUN = ["--nproc-per-node", "--nproc_per_node", "--nnodes"];
const LAUNCHERS: Readonly<Record<string, readonly string[]>> = {
  torchrun: TORCHRUN,
  "torch.distributed.run": TORCHRUN,
  "torch.distributed.launch": TORCHRUN,
  accelerate: ["--num-processes", "--num_processes"],
  deepspeed: ["--num_gpus", "--num_nodes"],
  mpirun: ["-np", "--np"],
  mpiexec: ["-np", "--np"],
  horovodrun: ["-np", "--num-proc"],
};

/** The option that a shell takes a line by, alone or with others: -c, -lc. */
const IS_SHELLS = /^-[a-z]*c$/;

/** What tells of several ranks, as it is written; null where nothing does. A shell's `-c` is looked into by its words. */
export function severalTold(
  command: readonly string[],
  env: Readonly<Record<string, unknown>>,
): string | null {
  if (isSeveral(env.WORLD_SIZE)) return `"WORLD_SIZE": ${JSON.stringify(env.WORLD_SIZE)}`;
  let told = toldBy.get(command);
  if (told === undefined) {
    told = optionIn(command);
    toldBy.set(command, told);
  }
  return told;
}

/** By command: a tick asks this several times for every job. */
const toldBy = new WeakMap<readonly string[], string | null>();

function optionIn(command: readonly string[]): string | null {
  const words = command.flatMap((word, i) =>
    IS_SHELLS.test(command[i - 1] ?? "") ? word.split(/\s+/) : [word],
  );
  const at = words.findIndex((word) => Object.hasOwn(LAUNCHERS, nameIn(word)));
  const options = LAUNCHERS[nameIn(words[at] ?? "")] ?? [];
  // What stands behind the script is the script's own; a shell's words may go on with another command.
  const script = words.findIndex((word, i) => i > at && word.endsWith(".py"));
  const own = script === -1 || command.some((word) => IS_SHELLS.test(word)) ? words : words.slice(0, script);
  for (const [i, word] of own.entries()) {
    const [name = "", value] = word.split("=");
    if (i <= at || !options.includes(name)) continue;
    if (isSeveral(value ?? words[i + 1])) return value === undefined ? `${name} ${words[i + 1]}` : word;
  }
  return null;
}

const nameIn = (word: string): string => word.slice(word.lastIndexOf("/") + 1);

/** A range such as 1:4 may turn out to be one. */
const isSeveral = (count: unknown): boolean =>
  count !== undefined && /^\d+$/.test(String(count)) && Number(count) > 1;
