/** Where the samples of a period have gaps, and how long the machine was awake in each. Reads only. */
import { openReadOnly, unreadable } from "./database/open-read-only.ts";

/** Between two samples: wall times, and what the monotonic clock counted; ms. */
export interface SampleGap {
  fromMs: number;
  toMs: number;
  awakeMs: number;
}

const BETWEEN = `
  SELECT at_ms AS toMs, lag(at_ms) OVER (ORDER BY at_ms) AS fromMs FROM samples
  WHERE at_ms >= coalesce((SELECT max(at_ms) FROM samples WHERE at_ms <= @sinceMs), @sinceMs)
    AND at_ms <= coalesce((SELECT min(at_ms) FROM samples WHERE at_ms >= @untilMs), @untilMs)`;

/** Those that are longer than `longerThanMs`, oldest first; also those that the period cuts. Throws DatabaseError. */
export function sampleGaps(
  path: string,
  period: { sinceMs: number; untilMs: number; longerThanMs: number },
): SampleGap[] {
  const db = openReadOnly(path);
  try {
    // Only of the few long ones the sample itself is read.
    const sql = `SELECT fromMs, toMs, json_extract(later.data, '$.t') - json_extract(earlier.data, '$.t') AS awakeMs
      FROM (${BETWEEN}) JOIN samples earlier ON earlier.at_ms = fromMs JOIN samples later ON later.at_ms = toMs
      WHERE toMs - fromMs > @longerThanMs ORDER BY toMs`;
    return db.prepare<typeof period, SampleGap>(sql).all(period);
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    db.close();
  }
}
