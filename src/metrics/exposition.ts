/**
 * Families of metrics as text in Prometheus's exposition format 0.0.4. Written by ourselves: the client
 * library takes 11 MiB of memory. Pure.
 */

export type Labels = Readonly<Record<string, string | number>>;

export interface Series {
  labels?: Labels;
  value: number;
}

export interface Family {
  /** Without the prefix that all names share. */
  name: string;
  type: "gauge" | "counter";
  help: string;
  series: Series[];
}

/** Counts of values by upper limit, cumulative as Prometheus wants them; the last limit is infinity. */
export interface Histogram {
  name: string;
  type: "histogram";
  help: string;
  buckets: { le: number; count: number }[];
  sum: number;
}

export const PREFIX = "gpu_job_supervisor_";

/** All series get the `common` labels. A family without series is left out. */
export function exposition(families: readonly (Family | Histogram)[], common: Labels): string {
  const shared = labelsText(common);
  const texts = families.flatMap((family) => {
    const name = `${PREFIX}${family.name}`;
    const lines =
      family.type === "histogram" ? histogramLines(name, family, shared) : seriesLines(name, family, shared);
    if (lines.length === 0) return [];
    return [`# HELP ${name} ${escapeHelp(family.help)}`, `# TYPE ${name} ${family.type}`, ...lines];
  });
  return `${texts.join("\n")}\n`;
}

const seriesLines = (name: string, { series }: Family, shared: string): string[] =>
  series.map(({ labels, value }) =>
    line(name, labels === undefined ? "" : labelsText(labels), shared, value),
  );

function histogramLines(name: string, { buckets, sum }: Histogram, shared: string): string[] {
  const all = buckets.at(-1)?.count ?? 0;
  return [
    ...buckets.map(({ le, count }) => line(`${name}_bucket`, `le="${figure(le)}"`, shared, count)),
    line(`${name}_sum`, "", shared, sum),
    line(`${name}_count`, "", shared, all),
  ];
}

function line(name: string, own: string, shared: string, value: number): string {
  const labels = own === "" || shared === "" ? own + shared : `${own},${shared}`;
  return `${name}${labels === "" ? "" : `{${labels}}`} ${figure(value)}`;
}

/** A thousand jobs have tens of thousands of series: built without lists in between. */
function labelsText(labels: Labels): string {
  let text = "";
  for (const name in labels) {
    const value = String(labels[name]);
    text += `${text === "" ? "" : ","}${name}="${/[\\"\n]/.test(value) ? escapeLabel(value) : value}"`;
  }
  return text;
}

function figure(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');
