"""What a month's energy cost, computed minute by minute with the time zone database of Python."""
import json
import sys
from bisect import bisect_right
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

given = json.load(sys.stdin)
zone = ZoneInfo(given["timezone"])
names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def minutes(clock):
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def price_at(ms):
    wall = datetime.fromtimestamp(ms / 1000, timezone.utc).astimezone(zone)
    now = wall.hour * 60 + wall.minute
    today, yesterday = names[wall.weekday()], names[wall.weekday() - 1]
    for entry in given["prices"]:
        first, last = minutes(entry["from"]), minutes(entry["to"])
        days = entry.get("days", names)
        if first < last and today in days and first <= now < last:
            return entry
        if first >= last and ((today in days and now >= first) or (yesterday in days and now < last)):
            return entry
    return None


def bill(parts):
    kwh = cost = grams = without = 0.0
    for start, end, watts in parts:
        at = start
        while at < end:
            until = min(end, (at // 60_000 + 1) * 60_000)
            used = watts * (until - at) / 3_600_000_000
            entry = price_at(at)
            kwh += used
            cost += used * entry["pricePerKWh"]
            if "gCO2PerKWh" in entry:
                grams += used * entry["gCO2PerKWh"]
            else:
                without += used
            at = until
    return {"kWh": kwh, "cost": cost, "gCO2": grams, "kWhWithoutCO2": without}


# Trapezoids between two samples, cut by when the job held its run.
actual = []
run_ms = 0
joules = 0.0
for span in given["spans"]:
    if span["state"] == "running":
        run_ms += span["toMs"] - span["fromMs"]
samples = given["samples"]
times = [ms for ms, _ in samples]
for span in given["spans"]:
    if span["state"] not in ("running", "starting", "pausing"):
        continue
    index = max(0, bisect_right(times, span["fromMs"]) - 1)
    while index + 1 < len(samples) and times[index] < span["toMs"]:
        (t0, w0), (t1, w1) = samples[index : index + 2]
        start, end = max(t0, span["fromMs"]), min(t1, span["toMs"])
        if t1 - t0 <= 150_000 and start < end:
            actual.append((start, end, (w0 + w1) / 2))
            if span["state"] == "running":
                joules += (w0 + w1) / 2 * (end - start) / 1000
        index += 1

first = given["spans"][0]["fromMs"]
watts = joules / (run_ms / 1000)
at_once = [(first, first + run_ms, watts)]

in_window, left, at = [], run_ms, first
while left > 0:
    until = (at // 60_000 + 1) * 60_000
    wall = datetime.fromtimestamp(at / 1000, timezone.utc).astimezone(zone)
    if wall.hour >= 21 or wall.hour < 5:
        until = min(until, at + left)
        in_window.append((at, until, watts))
        left -= until - at
    at = until

print(
    json.dumps(
        {
            "actual": bill(actual),
            "neverPausing": {**bill(at_once), "doneMs": at_once[-1][1]},
            "onlyWindows": {**bill(in_window), "doneMs": in_window[-1][1]},
        }
    )
)
