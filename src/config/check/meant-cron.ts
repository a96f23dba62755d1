/** What somebody probably meant by a text that is no cron expression of five fields. Pure. */

const NICKNAMES: Record<string, string> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
};

/** Five fields, not yet checked; null where nothing can be guessed, or nothing would change. */
export function meantCron(expression: string): string | null {
  const text = expression.trim();
  const clock = /^([01]?\d|2[0-4]):([0-5]\d)$/.exec(text);
  if (clock !== null) return `${Number(clock[2])} ${Number(clock[1]) % 24} * * *`;
  const nickname = NICKNAMES[text.toLowerCase()];
  if (nickname !== undefined) return nickname;
  const meant = midnight(fiveOf(text.split(/\s+/))).join(" ");
  return meant === text || meant.split(" ").length !== 5 ? null : meant;
}

/** Without the seconds that some schedulers put first; with the days that were left out. */
function fiveOf(fields: string[]): string[] {
  if (fields.length === 6 && /^(\d+|\*)$/.test(fields[0] ?? "")) return fields.slice(1);
  return fields.length < 2 || fields.length > 4 ? fields : [...fields, ...Array(5 - fields.length).fill("*")];
}

/** The end of a day is hour 0 of the next one: the same where every day counts. */
function midnight(fields: string[]): string[] {
  const [minute = "", hour, ...days] = fields;
  return hour === "24" && days.every((field) => field === "*") ? [minute, "0", ...days] : fields;
}
