/** Lines that somebody may write into the control socket: answered, and never acted upon. */
import { parseRequest } from "../../src/control/parse-request.ts";
import type { Fault, Group } from "./fault.ts";

const line = (fault: string, text: string): Fault => ({
  fault,
  gives: async () => {
    const parsed = await parseRequest(text);
    if (parsed.ok) throw new Error(`taken: ${text}`);
    return parsed.error;
  },
});

export const requests: Group = {
  title: "Control socket: answered with `bad-request`",
  faults: [
    line("a line that isn't JSON", "pause everything"),
    line("a list", '["pause"]'),
    line("no verb", '{ "id": 1 }'),
    line("a verb from the prototype", '{ "id": 1, "verb": "constructor" }'),
    line(
      "a number where names belong",
      '{ "id": 1, "verb": "pause", "jobs": 7, "untilMs": null, "by": "me" }',
    ),
    line("no jobs at all", '{ "id": 1, "verb": "cancel", "jobs": [], "by": "me" }'),
    line(
      "a field that nobody knows",
      '{ "id": 1, "verb": "resume", "jobs": "all", "by": "me", "force": true }',
    ),
    line(
      "a job whose name leads out",
      '{ "id": 1, "verb": "add", "spec": { "name": "../x", "command": ["a"] }, "by": "me" }',
    ),
  ],
};
