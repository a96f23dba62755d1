/**
 * Covers: src/spawn/exact-environment.ts, src/sense/proc/open-files.ts, src/runs/launch/job-environment.ts
 *
 * A job beside the same program started by hand from the same shell, on the built command line.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { BIN, CommandLine } from "../../cli/command-line.ts";
import { hasPython } from "../given.ts";

const LOOK = `import json, os, resource, sys
env = {k.decode("latin1"): v.decode("latin1") for k, v in os.environb.items()}
names = [n for n in dir(resource) if n.startswith("RLIMIT_")]
mask = os.umask(0)
limits = {n: resource.getrlimit(getattr(resource, n)) for n in names}
json.dump({"env": env, "limits": limits, "umask": mask}, open(sys.argv[1], "w"))
`;

const cli = new CommandLine();
afterAll(() => cli.close());

test.runIf(hasPython)("a job gets what a direct start would give, byte for byte, plus ours", () => {
  const look = cli.write("look.py", LOOK);
  // As a shell has it: Node's own environment can't hold such bytes, nor can its limit be lower.
  const script = `unset PYTHONUNBUFFERED; umask 027; ulimit -S -n 900; ulimit -S -c 0; helper() { echo "a b"; }; export -f helper
run=x status=y mode='z
'; export run status mode; export IFS=: GREETING=$'caf\\xe9\\n' "TILDE=~"
exec env 'dotted.name=1 2' 'da-sh=ü' $'r.aw=\\xff\\n' bash --norc -c '
python3 ${look} ${cli.file("direct.json")}
"$0" ${BIN} run --wait --name look -- python3 ${look} ${cli.file("job.json")}; exit $?' ${process.execPath}`;
  execFileSync("bash", ["--norc", "-c", script], { cwd: cli.directory, env: cli.env, stdio: "pipe" });
  const read = (name: string) => JSON.parse(readFileSync(cli.file(name), "latin1"));
  const [direct, job] = [read("direct.json"), read("job.json")];
  const foreign = (env: Record<string, string>) =>
    Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("SUPERVISOR_")));
  expect(direct.env["dotted.name"]).toBe("1 2");
  // Bash names the program that it starts in `_`.
  const { PYTHONUNBUFFERED, _: mine, ...rest } = foreign(job.env);
  const { _: other, ...wanted } = foreign(direct.env);
  expect({ env: rest, limits: job.limits, umask: job.umask }).toEqual({
    env: wanted,
    limits: direct.limits,
    umask: direct.umask,
  });
  expect([PYTHONUNBUFFERED, typeof mine]).toEqual(["1", typeof other]);
});
