/**
 * Command lines that show how each command is meant to be used: in its own help and in the manual page. Held to the
 * declarations by a test.
 */
export type Example = [line: string, meaning: string];

export const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  start: [
    ["supervisor start", "start and watch; q leaves everything running"],
    ["supervisor start --detach", "from a script"],
  ],
  stop: [["supervisor stop --leave-jobs", "the jobs go on; the next start finds them"]],
  restart: [["supervisor restart", "after an upgrade"]],
  service: [
    ["supervisor service install", "once; it starts with your login from then on"],
    ["supervisor service install --print", "only look at the unit"],
  ],
  run: [
    ["supervisor run -- python train.py --epochs 20", "a job named after its program"],
    ["supervisor run --name tts --gpus 2 --wait -- torchrun train.py", "ends with the job's exit code"],
    [
      "supervisor run --checkpoint-glob 'out/checkpoint-*' --resume-args '--resume {checkpoint}' -- python train.py",
      "a script that saves by itself",
    ],
    ["supervisor run -- bash -c 'python prepare.py && python train.py'", "what needs a shell"],
  ],
  add: [["supervisor add --name tts --set priority=20 -- python train.py", "into the config"]],
  edit: [["supervisor edit tts priority=30 pause.graceSeconds=300", "its settings there"]],
  pause: [
    ["supervisor pause tts --for 2h", "goes on by itself after that"],
    ["supervisor pause --all --until 18:00", "everything, for the day"],
    ["supervisor pause --gpu 0", "the jobs on one GPU"],
  ],
  resume: [
    ["supervisor resume tts", "now, where there is room"],
    ["supervisor resume --all --at 22:00", "not before the evening"],
  ],
  rerun: [["supervisor rerun tts", "from the beginning"]],
  restore: [["supervisor restore tts --step 12000", "an earlier checkpoint"]],
  cancel: [["supervisor cancel tts", "ends it; its checkpoints stay"]],
  remove: [["supervisor remove tts --checkpoints", "and all that it has saved"]],
  clean: [["supervisor clean", "what has ended, off the list"]],
  wait: [["supervisor wait tts --timeout 8h && ./evaluate.sh", "only once it has finished"]],
  ask: [["supervisor ask --gpu 0 --for 2h", "its owner is told, or yields"]],
  status: [
    ["supervisor status", "once, as lines"],
    ["supervisor status --json", "for programs"],
    ["supervisor status --host gpu1 --host gpu2", "of other machines, over ssh"],
  ],
  why: [["supervisor why tts", "what it waits for, and what helps sooner"]],
  logs: [
    ["supervisor logs tts -f", "until it ends, with its outcome as exit code"],
    ["supervisor logs tts --run 3", "all of its third run"],
  ],
  audit: [
    ["supervisor audit --job tts --since 2h", "what happened to it, and why"],
    ["supervisor audit verify", "whether the log is whole"],
  ],
  report: [
    ["supervisor report --since 7d", "where the week went"],
    ["supervisor report --html report.html", "as a page with plots"],
  ],
  replay: [
    ["supervisor replay --config now.json --config stricter.json", "two configs side by side"],
    ["supervisor replay --suggest", "which thresholds would have been better"],
  ],
  check: [["supervisor check", "before an edit counts"]],
  doctor: [["supervisor doctor --json > doctor.json", "to attach to a report"]],
  python: [["supervisor python --python .venv/bin/python", "for this interpreter"]],
  completion: [
    ["source <(supervisor completion bash)", "in ~/.bashrc"],
    ["source <(supervisor completion zsh)", "in ~/.zshrc, after compinit"],
    ["supervisor completion fish > ~/.config/fish/completions/supervisor.fish", "once"],
  ],
};

/** As they stand below a command's help; empty where it has none. */
export function examplesText(command: string): string {
  const examples = EXAMPLES[command] ?? [];
  const lines = examples.map(([line, meaning]) => `  ${line}\n      ${meaning}\n`);
  return lines.length === 0 ? "" : `\nExamples:\n${lines.join("")}`;
}
