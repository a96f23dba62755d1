/** Why a rule in pressure doesn't pause a job, as half a sentence. Pure. */
import type { Spared } from "../../model/why.ts";
import { percent } from "../number.ts";
import { size } from "../size.ts";

/** "'ray' uses 0.3 % of the CPU: a pause would free nothing"; `subject`: "it", or the job's name. */
export function sparedText(spared: Spared, subject: string): string {
  switch (spared.because) {
    case "use": {
      const use =
        spared.of === "cpu" ? `${percent(spared.value)} of the CPU` : `${size(spared.value)} of memory`;
      return `${subject} uses ${use}: a pause would free nothing`;
    }
    case "means":
      return `${subject} can't be paused in a way that helps: nothing shows that it saves`;
    case "parks":
      return `${subject} can't be paused in a way that helps: parking takes host memory, and nothing shows that it saves`;
    case "excused":
      return `${subject} was resumed by hand, so the rule spares it until the rule has cleared once`;
    case "blamed":
      return `${subject} was blamed for its own use, and counts again after a resume by hand`;
  }
}

/** "rule 'x' is in pressure and doesn't pause it: …" */
export const sparedBy = (spared: Spared): string =>
  `rule '${spared.rule}' is in pressure and doesn't pause it: ${sparedText(spared, "it")}`;
