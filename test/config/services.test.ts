/**
 * Services in a config: servers that somebody else starts and ends.
 * Covers: src/config/check/jobs/check-service.ts
 */
import { expect, it } from "vitest";
import { checkText } from "../../src/config/load.ts";
import { problems } from "./texts.ts";

const jobs = (more: string): string => `{"jobs":[{"name":"llm",${more}}]}`;
const HTTP = '"pause":{"method":"http","server":"vllm"}';

/** ▸ marks where the message must point. */
it.each([
  [jobs(`"service":true,"gpus":0,${HTTP},▸"command":["vllm"]`), "jobs[0].command must not stand beside"],
  [jobs(`"service":true,"gpus":0,${HTTP},▸"restart":{}`), "jobs[0].restart must not stand beside"],
  [jobs(`"service":true,"gpus":0,▸"leftovers":"wait",${HTTP}`), "jobs[0].leftovers must not stand beside"],
  [
    jobs('"service":true,"gpus":0,"pause":{"method":"http","server":"vllm",▸"signal":"SIGHUP"}'),
    "jobs[0].pause.signal must not stand beside",
  ],
  [
    jobs('"service":true,"gpus":0,"pause":{"method":"http","server":"vllm","otherwise":▸"freeze"}'),
    'jobs[0].pause.otherwise must be "wait" for a service, got "freeze"',
  ],
  [
    jobs('"service":true,"gpus":0,"pause":{"method":"http","server":"vllm","onTimeout":▸"kill"}'),
    'jobs[0].pause.onTimeout must be "wait" for a service, got "kill"',
  ],
  [
    jobs('"service":true,"gpus":0,"pause":{"method":▸"freeze"}'),
    'jobs[0].pause.method must be "http" for a service, got "freeze"',
  ],
  [jobs(`"service":true,"gpus":▸2,${HTTP}`), "jobs[0].gpus must be 0 for a service, got 2"],
  [jobs(`"service":▸"yes","gpus":0,${HTTP}`), "jobs[0].service must be true or false"],
])("%s", (marked, message) => {
  const at = marked.indexOf("▸");
  const [first = ""] = problems(marked.replace("▸", ""));
  expect(first).toContain(message);
  expect(first).toContain(`c.json:1:${at + 1}:`);
});

it("all that is missing is told at once", () => {
  expect(problems(jobs('"service":true'))).toEqual([
    expect.stringContaining("jobs[0].pause.method is missing: a service is only asked."),
    expect.stringContaining(
      'jobs[0].gpuIds is missing: name the GPUs that the service uses, or write "gpus": 0.',
    ),
  ]);
});

it("a job that is no service needs its command", () => {
  const message = "jobs[0].command is missing: it must be a list of strings";
  expect(problems(jobs('"priority":1'))).toEqual([expect.stringContaining(message)]);
  expect(problems(jobs(`"service":false,${HTTP}`))).toEqual([expect.stringContaining(message)]);
});

it("one that is right has no command, and nothing of it is looked for on this disk", () => {
  const checked = checkText(jobs(`"service":true,"gpuIds":[0],${HTTP}`), "c.json");
  if (!checked.ok) throw new Error(checked.problems.join());
  expect(checked.config.jobs[0]).toMatchObject({
    service: true,
    command: [],
    pause: { calls: { url: "http://127.0.0.1:8000" } },
  });
  expect(checked.warnings.join()).not.toContain("jobs[0]");
});
