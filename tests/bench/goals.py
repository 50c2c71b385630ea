"""The goals, one row each. A goal looks at the figures and says, for each size that it concerns and that was measured, what
came out and whether that will do."""

import dataclasses
import typing

LARGE = 100_000  # from here on the answer's bytes outweigh everything that is there once


@dataclasses.dataclass
class Finding:
    members: int
    text: str
    met: bool


@dataclasses.dataclass
class Goal:
    what: str
    bound: str
    look: typing.Callable  # figures -> findings


def at_most(bound, unit, found):
    """found: pairs of size and value."""
    return [Finding(members, f"{value:.3g} {unit}".strip(), value <= bound) for members, value in found]


def at_least(bound, found):
    return [Finding(members, f"{value:.3g} x", value >= bound) for members, value in found]


def large(figures, phase, *contenders):
    return [size for size in figures.sizes(phase, *contenders) if size >= LARGE]


def service_phases(figures, members):
    return [phase for phase in figures.samples[members] if not phase.startswith("once")]


def polls(figures, members):
    """What stands for an unchanged poll at this size."""
    return [phase for phase in ("once, unchanged", "unchanged") if phase in figures.samples[members]]


# ---- unchanged


def unchanged_time(figures):
    return at_most(1.30, "x", [(size, figures.ratio(size, "unchanged", "rollcall", "receive"))
                               for size in large(figures, "unchanged", "rollcall")])


def unchanged_cpu(figures):
    return at_most(450, "ns a member", [(size, figures.median(size, "unchanged", figure="cpu_ms") * 1e6 / size)
                                        for size in large(figures, "unchanged", "rollcall")])


def unchanged_wal(figures):
    return at_most(1023, "bytes", [(size, figures.median(size, phase, figure="wal_bytes"))
                                   for size in figures.samples for phase in polls(figures, size)])


def unchanged_dead(figures):
    return at_most(0, "rows", [(size, figures.most(size, "unchanged", figure="dead_tuples"))
                               for size in figures.sizes("unchanged", "rollcall")])


# ---- changes


def few(figures):
    return at_most(3, "ms", [(size, figures.beyond(size, "few", "unchanged"))
                             for size in figures.sizes("few", "rollcall")])


def percent_time(figures):
    return at_most(1.15, "x", [(size, figures.surplus_ratio(size, "percent", "unchanged", "by hand"))
                               for size in large(figures, "percent", "rollcall")])


def percent_wal(figures):
    return at_most(1.05, "x", [(size, figures.ratio(size, "percent", "rollcall", "by hand", "wal_bytes"))
                               for size in large(figures, "percent", "rollcall")])


# ---- small organizations


def once_time(figures):
    return at_most(30, "ms", [(size, figures.beyond(size, "once, unchanged", "receive"))
                              for size in figures.sizes("once, unchanged", "rollcall")])


def once_memory(figures):
    return at_most(14, "MiB", [(size, figures.most(size, phase)) for size in figures.sizes("once, unchanged", "rollcall")
                               for phase in ("once, unchanged",)])


def idle(figures):
    if figures.idle_wakeups_a_minute is None:
        return []
    return at_most(12, "a minute", [(min(figures.samples), figures.idle_wakeups_a_minute)])


# ---- first load, restart, memory


def first_load(figures):
    return at_most(1.2, "x", [(size, figures.ratio(size, "first load", "rollcall", "copy"))
                              for size in large(figures, "first load", "rollcall")])


def restart(figures):
    bounds = {100_000: 150, 1_000_000: 1000}
    return [finding for size in figures.sizes("restart", "rollcall") if size in bounds
            for finding in at_most(bounds[size], "ms", [(size, figures.median(size, "restart"))])]


def memory(figures):
    bounds = {1000: 14, 100_000: 20, 1_000_000: 64}
    return [finding for size in figures.sizes("unchanged", "rollcall") if size in bounds
            for finding in at_most(bounds[size], "MiB", [
                (size, max(figures.most(size, phase) for phase in service_phases(figures, size)))])]


def growth_of_time(figures):
    if not {100_000, 1_000_000} <= set(figures.sizes("unchanged", "rollcall")):
        return []
    return [finding for phase in ("unchanged", "first load")
            for finding in at_most(11.5, f"x ({phase})", [
                (1_000_000, figures.median(1_000_000, phase) / figures.median(100_000, phase))])]


def growth_of_memory(figures):
    if not {100_000, 1_000_000} <= set(figures.sizes("unchanged", "rollcall")):
        return []
    return [finding for phase in ("unchanged", "first load")
            for finding in at_most(50, f"bytes a member ({phase})", [
                (1_000_000, (figures.median(1_000_000, phase, figure="peak_mib")
                             - figures.median(100_000, phase, figure="peak_mib")) * 2**20 / 900_000)])]


def loop(figures):
    return at_most(50, "ms", [(size, max(figures.most(size, phase, figure="turn_ms") or 0
                                         for phase in service_phases(figures, size)))
                              for size in figures.sizes("unchanged", "rollcall")])


# ---- peers


def than_node(phase, bound, figure="wall_ms"):
    return lambda figures: at_least(bound, [(size, figures.ratio(size, phase, "node", "rollcall", figure))
                                            for size in large(figures, phase, "node")])


def memory_than_node(figures):
    return at_least(30, [(size, figures.ratio(size, "unchanged", "node", "rollcall", "peak_mib"))
                         for size in figures.sizes("unchanged", "node") if size >= 1_000_000])


def beyond_the_client(figures):
    """From 512 MiB of answer on the official client cannot hold it."""
    return [Finding(size, "mirrored", True) for size in figures.sizes("restart", "rollcall") if size >= 1_100_000]


GOALS = (
    Goal("`once` of a small organization, beyond the network", "<= 30 ms", once_time),
    Goal("its memory", "<= 14 MiB", once_memory),
    Goal("wakeups of the idle service", "<= 12 a minute", idle),
    Goal("unchanged poll against receiving the same bytes", "<= 1.30 x", unchanged_time),
    Goal("its processor time", "<= 450 ns a member", unchanged_cpu),
    Goal("its WAL", "< 1 KiB", unchanged_wal),
    Goal("its dead rows in `member`", "0", unchanged_dead),
    Goal("10 changes beyond an unchanged poll", "<= 3 ms", few),
    Goal("1 % changes beyond an unchanged poll, against the same rows by hand", "<= 1.15 x", percent_time),
    Goal("their WAL against by hand", "<= 1.05 x", percent_wal),
    Goal("first load against COPY of the same rows", "<= 1.2 x", first_load),
    Goal("restart to the first verified cycle", "<= 150 ms; 1 s at a million", restart),
    Goal("memory at most, in any phase", "14, 20, 64 MiB at 1,000, 100,000, a million", memory),
    Goal("time at a million against 100,000", "<= 11.5 x", growth_of_time),
    Goal("memory between them", "<= 50 bytes a member", growth_of_memory),
    Goal("the loop's longest turn", "<= 50 ms", loop),
    Goal("unchanged poll, faster than the Node peer", ">= 40 x", than_node("unchanged", 40)),
    Goal("1 % changes, faster than the Node peer", ">= 20 x", than_node("percent", 20)),
    Goal("first load, faster than the Node peer", ">= 3 x", than_node("first load", 3)),
    Goal("less memory than the Node peer at a million", ">= 30 x", memory_than_node),
    Goal("more members than the official client can hold", "1,100,000", beyond_the_client),
)
