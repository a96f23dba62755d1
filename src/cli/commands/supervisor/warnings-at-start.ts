/** What a new supervisor warns of, once it knows which of its rules can see. */
import type { ControlClient } from "../../../control/client.ts";
import type { RuleView, Snapshot } from "../../../control/protocol.ts";

/** A rule at a slow poll may take longer: `status` tells of it later. */
const WITHIN_MS = 6000;

/** `client` must watch. Ends with the connection, too. */
export function warningsAtStart(client: ControlClient): Promise<string[]> {
  let warnings: string[] = [];
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      resolve(warnings);
    };
    const timer = setTimeout(done, WITHIN_MS);
    client.onClose(done);
    client.onSnapshot(({ rules, supervisor }: Snapshot) => {
      warnings = supervisor.warnings;
      if (rules.every(isJudged)) done();
    });
  });
}

const isJudged = ({ lastValue, blind }: RuleView): boolean => lastValue !== null || blind === true;
