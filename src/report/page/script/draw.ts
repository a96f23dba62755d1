/** One metric's plot: the range of its values, and the thresholds of the rules that read it. */
import uPlot from "uplot";
import type { Plots, Series } from "../plots.ts";

export interface Plot {
  element: HTMLElement;
  chart: uPlot;
}

interface Around {
  width: number;
  /** Plots of one key have one cursor. */
  sync: string;
  /** The reader has chosen this stretch; seconds. */
  zoomed: (from: number, to: number) => void;
}

const figures = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 4 });
const brief = new Intl.NumberFormat("en-US", { notation: "compact" });
const moments = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const days = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const times = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const HEIGHT = 142;
const DAY_SECONDS = 86_400;
const GAP = 65_535;

export function draw(series: Series, plots: Plots, around: Around): Plot {
  const element = document.createElement("div");
  element.className = "plot";
  element.tabIndex = 0;
  const name = series.gpu === null ? series.metric : `${series.metric}, ${series.gpu}`;
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", `Plot of ${name}; arrow keys move, plus and minus zoom, 0 shows all`);
  const head = document.createElement("h3");
  const value = document.createElement("output");
  head.append(name, value);
  element.append(head);
  const chart = new uPlot(options(series, around, value), unpack(series, plots), element);
  return { element, chart };
}

function unpack({ data, least, most }: Series, { fromMs, stepMs, columns }: Plots): uPlot.AlignedData {
  const steps = new Uint16Array(Uint8Array.from(atob(data), (one) => one.charCodeAt(0)).buffer);
  const of = (step: number | undefined): number | null =>
    step === undefined || step === GAP ? null : least + (step / 65_534) * (most - least);
  const times = Array.from({ length: columns }, (_, at) => (fromMs + (at + 0.5) * stepMs) / 1000);
  const part = (from: number): (number | null)[] =>
    Array.from({ length: columns }, (_, at) => of(steps[from + at]));
  return [times, part(0), part(columns)];
}

function options(series: Series, { width, sync, zoomed }: Around, value: HTMLElement): uPlot.Options {
  const colour = coloursOf();
  const narrow = width < 600;
  const axis = {
    stroke: colour("--soft"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    padding: [8, narrow ? 4 : 16, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: sync }, drag: { x: true, y: false, setScale: false }, points: { show: false } },
    scales: { y: { range: () => rangeOf(series) } },
    axes: [
      {
        ...axis,
        size: 40,
        space: 70,
        values: (_, ticks, __, ___, apart) => ticks.map((at) => timeOf(at, apart)),
      },
      {
        ...axis,
        size: narrow ? 44 : 64,
        values: (_, ticks) => ticks.map((tick) => (narrow ? brief : figures).format(tick)),
      },
    ],
    series: [
      {},
      { label: "least", stroke: colour("--plot"), width: 1, points: { show: false } },
      { label: "most", stroke: colour("--plot"), width: 1, points: { show: false } },
    ],
    bands: [{ series: [2, 1], fill: colour("--band") }],
    hooks: {
      draw: [(chart) => drawThresholds(chart, series, colour)],
      setCursor: [(chart) => tell(chart, value)],
      setSelect: [
        (chart) => {
          const { left, width: length } = chart.select;
          if (length > 3) zoomed(chart.posToVal(left, "x"), chart.posToVal(left + length, "x"));
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

/** The day alone where ticks are days apart, else the time above it. */
function timeOf(seconds: number, apart: number): string {
  const at = new Date(seconds * 1000);
  return apart >= DAY_SECONDS ? days.format(at) : `${times.format(at)}\n${days.format(at)}`;
}

const coloursOf = (): ((name: string) => string) => {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(name).trim();
};

/** All values and thresholds, with some room. */
function rangeOf({ least, most, thresholds }: Series): [number, number] {
  const all = [least, most, ...thresholds.flatMap(({ value, clear }) => [value, clear])];
  const [low, high] = [Math.min(0, ...all), Math.max(...all)];
  return [low, high + (high - low || 1) * 0.08];
}

function drawThresholds(chart: uPlot, { thresholds }: Series, colour: (name: string) => string): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  ctx.font = `${Math.round(11 * devicePixelRatio)}px system-ui, sans-serif`;
  for (const { rule, value, clear } of thresholds) {
    line(chart, value, colour("--limit"), []);
    if (clear !== value) line(chart, clear, colour("--clear"), [4 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.fillStyle = colour("--limit");
    ctx.fillText(
      rule,
      bbox.left + 4,
      chart.valToPos(value, "y", true) - 3 * devicePixelRatio,
      bbox.width - 8,
    );
  }
  ctx.restore();
}

function line(chart: uPlot, at: number, colour: string, dash: number[]): void {
  const { ctx, bbox } = chart;
  const y = chart.valToPos(at, "y", true);
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.setLineDash([]);
}

function tell({ cursor, data }: uPlot, value: HTMLElement): void {
  const at = cursor.idx;
  const time = at == null ? undefined : data[0][at];
  if (at == null || time === undefined) {
    value.textContent = "";
    return;
  }
  const [low, high] = [data[1]?.[at], data[2]?.[at]];
  const when = moments.format(new Date(time * 1000));
  const range =
    low === high ? figures.format(high ?? 0) : `${figures.format(low ?? 0)}–${figures.format(high ?? 0)}`;
  value.textContent = `${when}: ${low == null || high == null ? "no reading" : range}`;
}
