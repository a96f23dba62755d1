/** What the tests of the verbs against a real supervisor start from: a config, and a job that keeps the contract. */
import { resolve } from "node:path";

const COUNT = resolve(import.meta.dirname, "../children/count-steps.ts");
export const config = (jobs: object[], more: object = {}) =>
  JSON.stringify({ pollSeconds: 0.2, rules: [], balance: { settleSeconds: 0 }, jobs, ...more });
export const counting = { name: "count", command: ["node", COUNT, "--ms", "5"] };
