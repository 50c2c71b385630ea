"""What was measured: tables for people, in Markdown; the goals, met or missed; JSON with every single sample."""

import collections
import dataclasses
import datetime
import json
import statistics

from goals import GOALS

CONTENDERS = {"rollcall": "Rollcall", "receive": "receive and discard (curl)", "copy": "COPY of the same rows (psql)",
              "by hand": "the same rows by hand", "node": "official Node client and pg", "shell": "curl, jq, psql",
              "unchanged": "an unchanged poll just before"}


class Figures:
    """Samples by size, phase and contender, in the order of the rounds."""

    def __init__(self):
        self.samples = {}
        self.idle_wakeups_a_minute = None

    def add(self, members, phase, who, sample):
        phases = self.samples.setdefault(members, {})
        phases.setdefault(phase, collections.defaultdict(list))[who].append(sample)

    def sizes(self, phase, *contenders):
        """Those at which all of them went through the phase."""
        return [size for size, phases in sorted(self.samples.items())
                if all(who in phases.get(phase, {}) for who in contenders)]

    def values(self, members, phase, who, figure="wall_ms"):
        found = [getattr(sample, figure) for sample in self.samples[members][phase].get(who, [])]
        return [value for value in found if value is not None]

    def median(self, members, phase, who="rollcall", figure="wall_ms"):
        values = self.values(members, phase, who, figure)
        return statistics.median(values) if values else None

    def most(self, members, phase, who="rollcall", figure="peak_mib"):
        return max(self.values(members, phase, who, figure), default=None)

    # Two contenders are compared round by round; the median comes last.

    def _rounds(self, members, phase, figure, *contenders):
        return zip(*(self.values(members, phase, who, figure) for who in contenders))

    def ratio(self, members, phase, one, other, figure="wall_ms"):
        return statistics.median(a / b for a, b in self._rounds(members, phase, figure, one, other))

    def beyond(self, members, phase, other):
        """Milliseconds that Rollcall needs more than the other."""
        return statistics.median(a - b for a, b in self._rounds(members, phase, "wall_ms", "rollcall", other))

    def surplus_ratio(self, members, phase, base, other):
        """What Rollcall needs more than `base`, by what the other needs."""
        rounds = self._rounds(members, phase, "wall_ms", "rollcall", base, other)
        return statistics.median((a - b) / c for a, b, c in rounds)


# ---- for people


def time_text(ms):
    if ms is None:
        return ""
    return f"{ms / 1000:.2f} s" if ms >= 1000 else f"{ms:.0f} ms" if ms >= 100 else f"{ms:.1f} ms"


def server_time_text(ms):
    """The kernel counts what ended processes used in hundredths of a second."""
    return "" if ms is None else "< 20 ms" if ms < 20 else time_text(ms)


def bytes_text(number):
    if number is None:
        return ""
    return f"{number / 1e6:.1f} MB" if number >= 1e6 else f"{number / 1e3:.1f} kB" if number >= 1e3 else f"{number:.0f} B"


def number_text(value, unit=""):
    return "" if value is None else f"{value:,.0f}{unit}"


def spread_text(values):
    return f"{time_text(min(values))} to {time_text(max(values))}"


def table(rows, heads):
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def rows_of(figures, members):
    for phase, contenders in figures.samples[members].items():
        for who in contenders:
            def median(figure):
                return figures.median(members, phase, who, figure)
            yield [f"{phase}: {CONTENDERS[who]}", time_text(median("wall_ms")),
                   spread_text(figures.values(members, phase, who)), time_text(median("cpu_ms")),
                   server_time_text(median("server_cpu_ms")), f"{median('peak_mib'):.1f} MiB" if median("peak_mib") else "",
                   bytes_text(median("wal_bytes")), number_text(median("dead_tuples")),
                   number_text(median("turn_ms"), " ms")]


HEADS = ["phase and contender", "time", "from ... to", "its CPU", "server's CPU", "peak memory", "WAL", "dead rows",
         "longest turn of the loop"]


def print_size(figures, members):
    print(f"\n### {members:,} members\n\n{table(rows_of(figures, members), HEADS)}", flush=True)


def goal_rows(figures):
    for goal in GOALS:
        for finding in goal.look(figures):
            yield [goal.what, goal.bound, f"{finding.members:,}", finding.text, "met" if finding.met else "**missed**"]


def print_goals(figures):
    print(f"\n### Goals\n\n{table(goal_rows(figures), ['goal', 'bound', 'members', 'measured', ''])}", flush=True)


def print_machine(description):
    print("\n" + "\n".join(f"- {name}: {value}" for name, value in description.items()), flush=True)


# ---- for programs


def write_json(path, figures, description):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({
        "measured_at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": description,
        "idle_wakeups_a_minute": figures.idle_wakeups_a_minute,
        "goals": [{"goal": goal.what, "bound": goal.bound, **dataclasses.asdict(finding)}
                  for goal in GOALS for finding in goal.look(figures)],
        "samples": figures.samples,
    }, default=dataclasses.asdict, indent=1) + "\n")
