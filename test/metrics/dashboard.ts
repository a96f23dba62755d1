/** Every expression of the shipped dashboard and alerts, as Prometheus would be asked. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const DOCS = resolve(import.meta.dirname, "../../docs");
export const ALERTS = join(DOCS, "prometheus/alerts.yml");

/** With its variables filled in as Grafana does where all is chosen. */
export function dashboardExpressions(): string[] {
  const dashboard = JSON.parse(readFileSync(join(DOCS, "grafana/dashboard.json"), "utf8"));
  const found: string[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === "expr") found.push(value);
      else visit(value);
    }
  };
  visit(dashboard);
  for (const { query } of dashboard.templating.list) {
    const series = /^label_values\((.+), (\w+)\)$/.exec(query?.query ?? "");
    if (series) found.push(`count by (${series[2]}) (${series[1]})`);
  }
  return found.map((text) =>
    text.replaceAll(/\$(instance|project|job)\b/g, ".*").replaceAll(/\$__(rate_interval|range)/g, "1m"),
  );
}

/** The alerts' expressions, of one line or of a block. */
export const alertExpressions = (): string[] =>
  [...readFileSync(ALERTS, "utf8").matchAll(/^ +expr: (?:\|\n((?: {10}.*\n)+)|(.+)\n)/gm)].map(
    ([, block, line]) => (block ?? line ?? "").trim(),
  );

export const namesIn = (expression: string): string[] => expression.match(/\bgpu_job_supervisor_\w+/g) ?? [];
