/** Configs with something wrong in them: every problem with its place and its fix. */
import { checkText } from "../../src/config/load.ts";
import { formatProblem } from "../../src/config/problem.ts";
import type { Group } from "./fault.ts";

const said = (text: string): string => {
  const loaded = checkText(text, "supervisor.config.json");
  if (loaded.ok) throw new Error(`no problem: ${text}`);
  return loaded.problems.map(formatProblem).join(" ");
};
const inRule = (more: string): string => said(`{"rules":[{"name":"busy",${more}}]}`);
const inJob = (more: string): string => said(`{"jobs":[{"name":"tts","command":["train"],${more}}]}`);
const inWindow = (more: string): string => said(`{"windows":[{"name":"night",${more}}]}`);
const inNotify = (text: string): string => said(`{"notify":[{${text}}]}`);
const clear = '"clear":{"below":10}';

export const config: Group = {
  title: "Configuration: refused; a running supervisor keeps the one before (`config.rejected`)",
  faults: [
    { fault: "an empty file", gives: () => said("") },
    { fault: "a brace is missing", gives: () => said('{ "jobs": []') },
    { fault: "a unit behind a number", gives: () => said('{ "pollSeconds": 30s }') },
    { fault: "5,000 brackets", gives: () => said("[".repeat(5000)) },
    { fault: "a key twice", gives: () => said('{ "jobs": [], "jobs": [] }') },
    { fault: "a mistyped key", gives: () => said('{ "pollSecond": 1 }') },
    { fault: "text where a number belongs", gives: () => said('{ "pollSeconds": "1" }') },
    { fault: "a number out of range", gives: () => said('{ "pollSeconds": 0 }') },
    { fault: "a mistyped metric", gives: () => inRule(`"metric":"gpu.temp","above":80,${clear}`) },
    { fault: "a rule without a threshold", gives: () => inRule(`"metric":"cpu.others",${clear}`) },
    {
      fault: "a rule that clears where it begins",
      gives: () => inRule('"metric":"cpu.others","above":50,"clear":{"below":60}'),
    },
    {
      fault: "a cron expression of four fields",
      gives: () => inWindow('"opens":"0 22 * *","closes":"0 7 * * *"'),
    },
    {
      fault: "an unknown time zone",
      gives: () => inWindow('"opens":"0 22 * * *","closes":"0 7 * * *","timezone":"Asia/Shangai"'),
    },
    {
      fault: "a job's name that leads out of its folder",
      gives: () => said('{"jobs":[{"name":"../x","command":["a"]}]}'),
    },
    {
      fault: "two jobs of one name",
      gives: () => said('{"jobs":[{"name":"a","command":["x"]},{"name":"a","command":["y"]}]}'),
    },
    { fault: "an empty command", gives: () => said('{"jobs":[{"name":"a","command":[]}]}') },
    {
      fault: "standby for a job of several ranks",
      gives: () =>
        said(
          '{"jobs":[{"name":"a","command":["torchrun","--nproc-per-node","2","say.py"],"pause":{"method":"standby"}}]}',
        ),
    },
    {
      fault: "a service with a command",
      gives: () =>
        inJob('"service":true,"pause":{"method":"http","server":"vllm","url":"http://127.0.0.1:8000"}'),
    },
    {
      fault: "a service that would be frozen",
      gives: () => said('{"jobs":[{"name":"llm","service":true,"pause":{"method":"freeze"}}]}'),
    },
    { fault: "an unknown pause method", gives: () => inJob('"pause":{"method":"stop"}') },
    {
      fault: "a mistyped kind of event to be told",
      gives: () => inNotify('"on":["job.fail"],"command":["mail"]'),
    },
    { fault: "events to be told to nobody", gives: () => inNotify('"on":["job.failed"]') },
    {
      fault: "a webhook with a secret in its URL",
      gives: () => inNotify('"on":["job.failed"],"webhook":"https://hooks.example.org/x?token=y"'),
    },
    {
      fault: "a webhook's header with its secret",
      gives: () =>
        inNotify('"on":["job.failed"],"webhook":"env:HOOK","headers":{"Authorization":"Bearer x"}'),
    },
  ],
};
