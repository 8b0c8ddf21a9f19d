# SPDX-License-Identifier: Apache-2.0
"""From figures of rounds to medians, ratios and goals; as a table and as JSON."""

import statistics

from support.scenarios import SCENARIOS
from support.servers import ABOUT, PEERS

# Figure -> (unit, digits, what it is).
FIGURES = {
    "rps": ("reviews/s", 0, "answered in a second"),
    "cpu_us": ("µs CPU", 1, "processor time of the server for one review"),
    "cpu_ms": ("ms CPU", 2, "processor time of the server for one review"),
    "cpu_share": ("CPU", 3, "share of a processor"),
    "p50_us": ("µs p50", 0, "half of all answers came within"),
    "p99_us": ("µs p99", 0, "99 % of all answers came within"),
    "ms": ("ms", 2, "time"),
    "rss_mb": ("MB", 1, "resident memory afterwards"),
    "idle_mb": ("MB idle", 1, "resident memory after one review"),
    "conns256_mb": ("MB at 256", 1, "resident memory with 256 busy connections"),
    "failed": ("failed", 0, "reviews without an answer within 2 s"),
    "opened": ("opened", 0, "connections that the client opened"),
    "late": ("late", 0, "reviews that were due and could not be sent"),
    "server_busy": ("server", 2, "share of its processor that the server had"),
    "client_busy": ("client", 2, "share of its processor that the client had: below 1 it is not the bottleneck"),
}

BEST = "best peer"
# (scenarios, figure, of whom, at least or at most, how much); None: portside's figure itself.
GOALS = (
    (("pod-16", "pod-64"), "rps", "runtime", ">=", 25),
    (("pod-16", "pod-64"), "rps", "json-v1", ">=", 3),
    (("pod-16", "pod-64"), "rps", "json-v2", ">=", 2),
    (("pod-16", "pod-64"), "rps", "bare", ">=", 0.75),
    (("pod-16", "pod-64"), "p99_us", "json-v1", "<=", 0.33),
    (("pod-16", "pod-64"), "p99_us", "json-v2", "<=", 0.5),
    (("rate",), "cpu_share", "json-v1", "<=", 0.4),
    (("handshake",), "cpu_us", BEST, "<=", 0.6),
    (("large",), "ms", None, "<=", 80),
    (("large",), "rss_mb", None, "<=", 64),
    (("memory",), "idle_mb", None, "<=", 10),
    (("memory",), "conns256_mb", None, "<=", 30),
    (("first",), "ms", None, "<=", 20),
    (("api-64", "api-200", "api-1000"), "failed", None, "<=", 0),
    (("api-64", "api-200", "api-1000"), "p99_us", BEST, "<=", 0.5),
)


class Results:
    def __init__(self):
        self.rounds = []  # one a round: scenario -> server -> figure -> number

    def add(self, scenario, server, figures, number):
        while len(self.rounds) <= number:
            self.rounds.append({})
        self.rounds[number].setdefault(scenario, {})[server] = figures

    def values(self, scenario, server, figure):
        found = (entry.get(scenario, {}).get(server, {}).get(figure) for entry in self.rounds)
        return [value for value in found if value is not None]

    def median(self, scenario, server, figure):
        values = self.values(scenario, server, figure)
        return statistics.median(values) if values else None

    def figures(self, scenario):
        """Those that were measured, in order."""
        seen = [figure for entry in self.rounds for figures in entry.get(scenario, {}).values() for figure in figures]
        return [figure for figure in FIGURES if figure in seen]

    def servers(self):
        seen = {server for entry in self.rounds for servers in entry.values() for server in servers}
        return [server for server in ABOUT if server in seen]

    def ratio(self, scenario, figure, server):
        """The median of portside's figure by the server's of the same round: what disturbs both cancels out."""
        pairs = [(servers.get("portside", {}).get(figure), servers.get(server, {}).get(figure))
                 for servers in (entry.get(scenario, {}) for entry in self.rounds)]
        ratios = [ours / theirs for ours, theirs in pairs if ours is not None and theirs]
        return statistics.median(ratios) if ratios else None

    def best_peer(self, scenario, figure):
        """Smaller is better wherever this is asked."""
        known = {peer: self.median(scenario, peer, figure) for peer in PEERS}
        known = {peer: value for peer, value in known.items() if value is not None}
        return min(known, key=known.get) if known else None

    def goals(self):
        """Each goal that can be judged, as a row."""
        rows = []
        for scenarios, figure, whose, sign, wanted in GOALS:
            for scenario in scenarios:
                server = self.best_peer(scenario, figure) if whose == BEST else whose
                got = (self.median(scenario, "portside", figure) if whose is None
                       else self.ratio(scenario, figure, server))
                if got is not None:
                    rows.append({"scenario": scenario, "figure": figure, "against": server, "sign": sign,
                                 "wanted": wanted, "got": got,
                                 "met": got >= wanted if sign == ">=" else got <= wanted})
        return rows

    def as_json(self, facts):
        medians = {scenario: {server: {figure: self.median(scenario, server, figure)
                                       for figure in self.figures(scenario)} for server in self.servers()}
                   for scenario in SCENARIOS if self.figures(scenario)}
        return {"facts": facts, "medians": medians, "goals": self.goals(), "rounds": self.rounds}


def number(value, digits):
    return "-" if value is None else f"{value:,.{digits}f}"


def table(results, facts):
    """The same for people."""
    servers = results.servers()
    lines = []
    for scenario, (about, _) in SCENARIOS.items():
        figures = results.figures(scenario)
        if not figures:
            continue
        lines.append(f"{scenario}: {about}")
        width = max(len(name) for name in servers) + 2
        heads = [FIGURES[figure][0] for figure in figures]
        lines.append(" " * (width + 2) + "".join(f"{head:>12}" for head in heads))
        for server in servers:
            cells = [number(results.median(scenario, server, figure), FIGURES[figure][1]) for figure in figures]
            lines.append(f"  {server:<{width}}" + "".join(f"{cell:>12}" for cell in cells))
        lines.append("")
    lines += goal_lines(results.goals())
    lines += ["", "; ".join(f"{key} {value}" for key, value in facts.items())]
    return "\n".join(lines)


def goal_lines(goals):
    lines = ["goals                                        wanted       got"] if goals else []
    for goal in goals:
        figure = FIGURES[goal["figure"]][0]
        what = f"{goal['scenario']}: {figure}" + (f" / {goal['against']}" if goal["against"] else "")
        limit = f"{'≥' if goal['sign'] == '>=' else '≤'} {goal['wanted']:g}"
        lines.append(f"  {what:<40} {limit:>8} {goal['got']:>9.2f}   {'met' if goal['met'] else 'SHORT'}")
    return lines
