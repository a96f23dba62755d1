/** Draws the plots of a report and lets the reader zoom: all plots and strips show the same stretch of time. */
import uPlot from "uplot";
import type { Plots } from "../plots.ts";
import { draw, type Plot } from "./draw.ts";
import { showReasons } from "./reasons.ts";

const data = JSON.parse(document.getElementById("data")?.textContent ?? "{}") as Plots & { untilMs: number };
const [whole0, whole1] = [data.fromMs / 1000, data.untilMs / 1000];
const place = document.getElementById("plots") as HTMLElement;
const strips = [...document.querySelectorAll<HTMLElement>(".moves")];
let plots: Plot[] = [];
let shown: [from: number, to: number] = [whole0, whole1];

function show(from: number, to: number): void {
  const length = Math.min(Math.max(to - from, 2), whole1 - whole0);
  const start = Math.min(Math.max(from, whole0), whole1 - length);
  shown = [start, start + length];
  for (const { chart } of plots) chart.setScale("x", { min: start, max: start + length });
  const scale = (whole1 - whole0) / length;
  for (const strip of strips) {
    strip.style.width = `${scale * 100}%`;
    strip.style.left = `${((whole0 - start) / length) * 100}%`;
  }
}

function zoom(by: number): void {
  const middle = (shown[0] + shown[1]) / 2;
  const half = ((shown[1] - shown[0]) / 2) * by;
  show(middle - half, middle + half);
}

const pan = (by: number): void => {
  const length = (shown[1] - shown[0]) * by;
  show(shown[0] + length, shown[1] + length);
};

const KEYS: Record<string, () => void> = {
  ArrowLeft: () => pan(-0.2),
  ArrowRight: () => pan(0.2),
  "+": () => zoom(0.5),
  "-": () => zoom(2),
  "0": () => show(whole0, whole1),
};

function tools(): HTMLElement {
  const bar = document.createElement("div");
  bar.className = "tools";
  const buttons: [text: string, act: () => void][] = [
    ["Zoom in (+)", () => zoom(0.5)],
    ["Zoom out (−)", () => zoom(2)],
    ["Earlier (←)", () => pan(-0.2)],
    ["Later (→)", () => pan(0.2)],
    ["Whole period (0)", () => show(whole0, whole1)],
  ];
  for (const [text, act] of buttons) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.addEventListener("click", act);
    bar.append(button);
  }
  bar.append("or drag in a plot");
  return bar;
}

/** Many plots take seconds to draw: each is drawn when it is about to be seen. */
const MARGIN = 300;
const near = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) drawIn(target as HTMLElement);
  },
  { rootMargin: `${MARGIN}px` },
);

function drawIn(frame: HTMLElement): void {
  near.unobserve(frame);
  const one = data.series[frames.indexOf(frame)];
  if (one === undefined || frame.childElementCount > 0) return;
  const plot = draw(one, data, { width: place.clientWidth, sync: sync.key, zoomed: show });
  plots.push(plot);
  frame.replaceChildren(plot.element);
  plot.chart.setScale("x", { min: shown[0], max: shown[1] });
}

const sync = uPlot.sync("report");
let frames: HTMLElement[] = [];

function drawAll(): void {
  for (const { chart } of plots) chart.destroy();
  for (const frame of frames) near.unobserve(frame);
  plots = [];
  frames = data.series.map(() => {
    const frame = document.createElement("div");
    frame.className = "frame";
    return frame;
  });
  place.replaceChildren(tools(), ...frames);
  for (const frame of frames)
    if (frame.getBoundingClientRect().top < innerHeight + MARGIN) drawIn(frame);
    else near.observe(frame);
  show(...shown);
}

place.addEventListener("keydown", (event) => {
  const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : KEYS[event.key];
  if (act === undefined) return;
  event.preventDefault();
  act();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
let width = 0;
new ResizeObserver(() => {
  if (place.clientWidth === width) return;
  width = place.clientWidth;
  for (const { chart } of plots) chart.setSize({ width, height: chart.height });
}).observe(place);
width = place.clientWidth;
drawAll();
showReasons();
