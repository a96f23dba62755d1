/**
 * Covers: src/config/check/jobs/check-container.ts, src/config/check/check-meaning.ts, src/config/check/check-windows.ts,
 * src/config/check/explain.ts, src/config/check/suggest.ts, src/config/schema/job-schema.ts
 */
import { describe, expect, it } from "vitest";
import { jobSchema } from "../../src/config/schema/job-schema.ts";
import { configSchema } from "../../src/config/schema/schema.ts";
import { CRON, job, problems, rule, window } from "./texts.ts";

/** ▸ marks where the message must point. */
describe("each problem says where it is, what was expected and found, and what to write", () => {
  it.each([
    ["▸[]", "the document must be an object, got []."],
    ['{▸"pollSecond":1}', "pollSecond is not a known key. Did you mean 'pollSeconds'?"],
    [
      '{▸"__proto__":1}',
      `__proto__ is not a known key. Known here: ${Object.keys(configSchema.shape).slice(1).join(", ")}.`,
    ],
    ['{"pollSeconds":▸100}', "pollSeconds must be a number from 0.1 to 60, got 100."],
    ['{"pollSeconds":▸1e999}', "pollSeconds must be a number from 0.1 to 60, got Infinity."],
    [
      '{"balance":{"maxPauseOverhead":▸"5%"}}',
      'balance.maxPauseOverhead must be a number between 0 and 1, got "5%". Write 0.05.',
    ],
    [
      '{"notify":[{"on":["job.failed"],"command":["tell"],"format":▸"ntfy"}]}',
      `notify[0].format must not be "ntfy" for a command: only a webhook's URL names a topic.`,
    ],
    [
      '{"notify":[{"on":["job.failed"],"webhook":"env:HOOK","format":▸"Slack"}]}',
      'notify[0].format must be "json", "slack", "discord", "ntfy" or "text", got "Slack". Write "slack".',
    ],
    [
      '{"rules":[▸{"name":"x","metric":"process.running","above":0,"clear":{"below":1}}]}',
      `rules[0] must have 'programs', since its metric is process.running. Write "programs": ["blender"].`,
    ],
    [
      '{"rules":[{"name":"x","metric":"cpu.others",▸"programs":["a"],"above":9,"clear":{"below":1}}]}',
      'rules[0].programs must not stand beside metric "cpu.others": only process.running has programs.',
    ],
    [
      '{"rules":[{"name":"x","metric":"gpu.ours.idle","above":80,"clear":{"below":70},"action":▸"freeze"}]}',
      'rules[0].action must be "notify" or left out with metric "gpu.ours.idle": a job that is paused for idling would idle again when it is back.',
    ],
    [
      '{"rules":[{"name":"x","metric":"process.running","programs":["a"],"above":0,"clear":{"below":▸2}}]}',
      "rules[0].clear.below must be at most 1 (where the pressure begins), got 2: the rule would be in pressure and clear at once.",
    ],
    ['{"metrics":▸{}}', "metrics must have 'file' or 'port' or both, but has neither."],
    [
      '{"metrics":{"file":▸"gpu.txt"}}',
      'metrics.file must be a file whose name ends in .prom: node_exporter reads no other, got "gpu.txt".',
    ],
    ['{"metrics":{"port":▸70000}}', "metrics.port must be a whole number from 1 to 65535, got 70000."],
    ['{"others":{"ignore":▸"Xorg"}}', 'others.ignore must be a list of strings, got "Xorg". Write ["Xorg"].'],
    [
      job('"pause":{"graceSeconds":▸"30s"}'),
      'jobs[0].pause.graceSeconds must be "auto" or a positive number, got "30s". Write 30.',
    ],
    [
      job('"pause":{"graceSeconds":▸"2 min"}'),
      'jobs[0].pause.graceSeconds must be "auto" or a positive number, got "2 min". Write 120.',
    ],
    [
      job('"pause":{"graceSeconds":▸"soon"}'),
      'jobs[0].pause.graceSeconds must be "auto" or a positive number, got "soon".',
    ],
    [
      job('"pause":{"signal":▸"USR1"}'),
      'jobs[0].pause.signal must be "SIGUSR2", "SIGUSR1", "SIGTERM", "SIGINT", "SIGHUP" or "SIGQUIT", got "USR1". Write "SIGUSR1".',
    ],
    [
      job('"gpuMemoryMiB":▸"5 GiB"'),
      'jobs[0].gpuMemoryMiB must be a positive number, got "5 GiB". Write 5120.',
    ],
    [
      job('"gpuMemoryMiB":▸"5 GB"'),
      'jobs[0].gpuMemoryMiB must be a positive number, got "5 GB". Write 4768.',
    ],
    [job('"gpus":▸1.5'), "jobs[0].gpus must be a whole number of at least 0, got 1.5."],
    [job('▸"priorty":1'), "jobs[0].priorty is not a known key. Did you mean 'priority'?"],
    [job('▸"nmae":"b"'), "jobs[0].nmae is not a known key. Did you mean 'name'?"],
    [
      job('▸"nice":10'),
      `jobs[0].nice is not a known key. Known here: ${Object.keys(jobSchema.shape).join(", ")}.`,
    ],
    [job('▸"windows":["night"]'), "jobs[0].windows is not a known key. 'windows' belongs at the top level."],
    [
      job('▸"onTimeout":"wait"'),
      "jobs[0].onTimeout is not a known key. 'onTimeout' belongs in 'jobs[].pause'.",
    ],
    ['{▸"above":5}', "above is not a known key. 'above' belongs in 'rules[]' or in 'rules[].clear'."],
    [
      job('"env":{"A":"b",▸"CUDA_VISIBLE_DEVICES":"2, 5"}'),
      'jobs[0].env.CUDA_VISIBLE_DEVICES must not be set, got "2, 5": the supervisor tells the job its GPUs, and would hold and watch others. Write "gpuIds": [2, 5].',
    ],
    [
      job('"env":{▸"CUDA_VISIBLE_DEVICES":"GPU-8a"}'),
      'jobs[0].env.CUDA_VISIBLE_DEVICES must not be set, got "GPU-8a": the supervisor tells the job its GPUs, and would hold and watch others. Write "gpuIds": ["GPU-8a"].',
    ],
    [
      job('"env":{▸"CUDA_VISIBLE_DEVICES":"-1"}'),
      'jobs[0].env.CUDA_VISIBLE_DEVICES must not be set, got "-1": the supervisor tells the job its GPUs, and would hold and watch others. Write "gpus": 0.',
    ],
    [
      job('"env":{▸"ROCR_VISIBLE_DEVICES":"1"}'),
      'jobs[0].env.ROCR_VISIBLE_DEVICES must not be set, got "1": the supervisor tells the job its GPUs, and would hold and watch others. Use "gpuIds" (or "gpus": 0 for none).',
    ],
    [job('"env":{"A":▸1}'), 'jobs[0].env.A must be a string, got 1. Write "1".'],
    [
      job('"checkpoint":{"everyMinutes":▸"2 h"}'),
      'jobs[0].checkpoint.everyMinutes must be a number of at least 0, got "2 h". Write 120.',
    ],
    [
      job('"restart":{"onFailure":▸"true"}'),
      'jobs[0].restart.onFailure must be true or false, got "true". Write true.',
    ],
    [
      '{"jobs":[▸{"name":"a"}]}',
      "jobs[0].command is missing: it must be a list of strings that isn't empty.",
    ],
    [
      '{"jobs":[{"name":▸"a b","command":["true"]}]}',
      `jobs[0].name must be a name of letters, digits, '.', '_' and '-', at most 64 long, got "a b". Write "a-b".`,
    ],
    [
      '{"jobs":[{"name":"a","command":▸"python train.py"}]}',
      `jobs[0].command must be a list of strings that isn't empty, got "python train.py". Write ["python","train.py"].`,
    ],
    [
      '{"jobs":[{"name":"a","command":▸"a && b"}]}',
      `jobs[0].command must be a list of strings that isn't empty, got "a && b". Write ["bash","-c","a && b"].`,
    ],
    [
      '{"jobs":[{"name":"a","command":["true"],"pause":{"exitCodes":▸143}}]}',
      "jobs[0].pause.exitCodes must be a list, got 143. Write [143].",
    ],
    [
      '{"jobs":[{"name":"a","command":["true"],"gpuIds":▸0}]}',
      "jobs[0].gpuIds must be a list, got 0. Write [0].",
    ],
    ['{"jobs":[{"name":"a","command":[▸""]}]}', 'jobs[0].command[0] must be a program, got "".'],
    [
      '{"jobs":[{"name":"a","command":[▸"/usr/bin/docker","exec","box","true"]}]}',
      `jobs[0].command[0] must not be "docker exec": the supervisor knows containers that 'podman run' or 'docker run' starts. Write that, or "container": {"engine": "podman", "image": "…"}.`,
    ],
    [
      '{"jobs":[{"name":"a","command":[▸"sudo","podman","run","box"]}]}',
      `jobs[0].command[0] must not be "sudo" before a container client: it would hide the container's variables. Run the supervisor as the user whose containers they are.`,
    ],
    [
      '{"jobs":[{"name":"a","command":["podman","--log-level","error","run","-e","A=-d",▸"-itd","box","-d"]}]}',
      'jobs[0].command[6] must not be "-itd": the run would end with the client. Remove it: the supervisor is in the background anyway.',
    ],
    [
      '{"jobs":[{"name":"a","command":["x"],"container":{"engine":"podman","image":"box","options":["-v","a:b",▸"--restart=always"]}}]}',
      'jobs[0].container.options[2] must not be "--restart=always": the supervisor starts it again. Remove it, and see "restart".',
    ],
    [
      '{"jobs":[{"name":"a","command":["x"],▸"container":{"engine":"podman","image":"box"},"executor":{"kind":"slurm"}}]}',
      'jobs[0].container is about a container on this machine, and this job runs on a cluster. Write the cluster\'s own: "executor.options": ["--container-image=…"].',
    ],
    [
      '{"jobs":[{"name":"a","command":["x"]},{"name":▸"a","command":["x"]}]}',
      'jobs[1].name must be unique, but jobs[0] is named "a" too.',
    ],
    [
      rule('"metric":▸"cpu.other","above":1,"clear":{"below":1}'),
      'rules[0].metric must be a known metric, got "cpu.other". Write "cpu.others".',
    ],
    [
      '{"rules":[▸{"name":"r","metric":"cpu.others","clear":{"below":1}}]}',
      "rules[0] must have one of 'above' and 'below', but has neither.",
    ],
    [
      '{"rules":[▸{"name":"r","metric":"cpu.others","above":1,"below":2,"clear":{"below":1}}]}',
      "rules[0] must have one of 'above' and 'below', but has both.",
    ],
    [
      rule('"metric":"cpu.others","above":60,"clear":{"below":30},"prefer":▸"standby"'),
      'rules[0].prefer must be "inference" or "training", got "standby".',
    ],
    [
      rule('"metric":"cpu.others","above":60,"clear":{"below":▸80}'),
      "rules[0].clear.below must be at most 60 (where the pressure begins), got 80: the rule would be in pressure and clear at once.",
    ],
    [
      rule('"metric":"memory.availablePercent","below":5,"clear":{"above":▸3}'),
      "rules[0].clear.above must be at least 5 (where the pressure begins), got 3: the rule would be in pressure and clear at once.",
    ],
    [
      rule('"metric":"cpu.others","above":60,"clear":{▸"above":80}'),
      `rules[0].clear.above is on the same side as the pressure: a rule with 'above' clears 'below'. Write "below".`,
    ],
    [
      rule('"metric":"gpu.temperature","above":▸"90 °C","clear":{"below":75}'),
      'rules[0].above must be a number, got "90 °C". Write 90.',
    ],
    [
      rule('"metric":"memory.availableMiB","below":▸"2GiB","clear":{"above":4000}'),
      'rules[0].below must be a number, got "2GiB". Write 2048.',
    ],
    [
      rule('"metric":"cpu.others","above":60,"clear":{"below":30},"jobs":[▸"train"]'),
      'rules[0].jobs[0] must be the name of a job, got "train". There are none.',
    ],
    [
      window('"opens":▸"22:00","closes":"0 7 * * *"'),
      `windows[0].opens ${CRON}, got "22:00". Write "0 22 * * *".`,
    ],
    [
      window('"opens":▸"0 0 22 * * *","closes":"0 7 * * *"'),
      `windows[0].opens ${CRON}, got "0 0 22 * * *". Write "0 22 * * *".`,
    ],
    [
      window('"opens":▸"@daily","closes":"0 7 * * *"'),
      `windows[0].opens ${CRON}, got "@daily". Write "0 0 * * *".`,
    ],
    [
      window('"opens":"0 22 * * *","closes":▸"0 24"'),
      `windows[0].closes ${CRON}, got "0 24". Write "0 0 * * *".`,
    ],
    [
      window('"opens":▸"0 25 * * *","closes":"0 7 * * *"'),
      `windows[0].opens ${CRON}, got "0 25 * * *". The hour can't be "25".`,
    ],
    [
      '{"windows":[▸{"name":"w","opens":"0 22 * * *"}]}',
      "windows[0].closes is missing: it must be a string.",
    ],
    [
      window('"opens":"0 22 * * *","closes":"0 7 * * *","timezone":▸"Asia/Shangai"'),
      'windows[0].timezone must be an IANA time zone, got "Asia/Shangai". Did you mean "Asia/Shanghai"?',
    ],
  ])("%s", (text, message) => {
    const column = text.indexOf("▸") + 1;
    expect(problems(text.replace("▸", ""))).toEqual([`c.json:1:${column}: ${message}`]);
  });

  it("and they come all at once, in the order of the file", () => {
    const found = problems(`{
      "pollSecond": 1,
      "rules": [{ "name": "r", "metric": "cpu.others", "above": 60, "clear": { "below": 80 }, "jobs": ["trian"] }],
      "windows": [{ "name": "w", "opens": "nope", "closes": "0 7 * * *", "timezone": "Mars" }],
      "jobs": [{ "name": "train", "command": ["docker"], "pause": { "graceSeconds": "30s" } }]
    }`);
    expect(found.map((line) => line.split(" ", 2).join(" "))).toEqual([
      "c.json:2:7: pollSecond",
      "c.json:3:89: rules[0].clear.below",
      "c.json:3:104: rules[0].jobs[0]",
      "c.json:4:43: windows[0].opens",
      "c.json:4:86: windows[0].timezone",
      "c.json:5:47: jobs[0].command[0]",
      "c.json:5:85: jobs[0].pause.graceSeconds",
    ]);
  });
});
