/** What `supervisor --help` prints: one text block, so that printing it loads nothing else. */
export const HELP = `Usage: supervisor [options] COMMAND

Runs training jobs on a shared machine and makes room when others need it.

Supervisor:
  start        start a supervisor and watch it; attach if one is already running
  stop         save and pause all jobs, then stop the supervisor
  restart      restart the supervisor; its jobs keep running
  dashboard    attach to the running supervisor
  service      have systemd start it: service install, remove or status

Jobs:
  run CMD...   submit a command as a new job; starts a supervisor if needed
  add CMD...   add a command to the config as a job
  edit JOB     change settings of a job
  pause JOB    make room; returns when each job is saved and gone
  resume JOB   let jobs run again; says what a waiting job waits for
  rerun JOB    begin jobs anew; their checkpoints are set aside
  restore JOB  bring a checkpoint back from a job's backup
  cancel JOB   end jobs for good
  remove JOB   take jobs that have no run off the list
  clean        remove every job of 'run' that has ended
  ask --gpu N  ask another user's supervised job for a turn on its GPU
  wait JOB     return when the jobs have ended

Looking:
  status       the machine and every job, now; --all: of all your supervisors;
               --host NAME: of another machine, over ssh; may be repeated
  why [JOB]    what a job waits for; without a name, all that aren't running
  logs JOB     what a job has written; -f: until it ends
  audit        what was decided, when and why; 'audit verify' proves it whole
  report       where the time went, and what pausing cost and saved
  replay       what a config would have done with recorded history

Config:
  check        all problems of a config at once
  doctor       what can be seen and done on this machine, for a bug report
  init         write a commented config to start from
  python       the line that installs the library for Python jobs
  completion   the script that completes in bash, zsh or fish
  help TOPIC   a command, or: config, pause, python, typescript, exit-codes

Options:
  --config FILE   use this config (default: ./supervisor.config.json, then
                  ~/.config/gpu-job-supervisor/supervisor.config.json)
  --json          print JSON for programs (commands that only look)
  -V, --version   print the version
  -h, --help      print this; after a command, its own options

Examples:
  supervisor run -- python train.py   submit a job
  supervisor pause train --for 2h     make room for two hours
  supervisor why                      what each job that isn't running waits for

Exit codes: 0 done, 1 failed, 2 bad usage or config, 3 no supervisor running
`;
