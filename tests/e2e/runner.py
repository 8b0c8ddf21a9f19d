# SPDX-License-Identifier: Apache-2.0
"""What run and run-nodes share: options, one line a test, and the line that counts."""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
import traceback

from harness import Failed, Skipped, lock_state
from hooks import unregister
from portside import Portside, find_binary

# How often a test may be run before it has failed. Continuous integration says 2, since a kubelet or
# an API server that dozed for half a minute is no defect of ours; whoever works on portside says
# nothing, and each failure counts.
TRIES = int(os.environ.get("PORTSIDE_E2E_TRIES", "1"))
AGAIN = []
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def closing():
    """What a suite says before the line that counts."""
    return ""


def figures():
    """What --json writes down."""
    return []


class Context:
    """What a test is given: the cluster, a registered portside, namespaces that go afterwards."""

    def __init__(self, cluster, portside):
        self.cluster = cluster
        self.portside = portside
        self.prefix = ""
        self.count = 0
        self.made = []

    def namespace(self, inject=True):
        self.count += 1
        name = self.cluster.namespace(f"{self.prefix}-{self.count}", inject)
        self.made.append(name)
        return name

    def kubectl(self, *arguments, **options):
        return self.cluster.kubectl(*arguments, **options)

    def clear(self):
        for name in self.made:
            self.cluster.delete_namespace(name)
        self.made = []


def collect(modules, pattern, long):
    """(name, function) of all tests whose name matches, in the order in which they are written;
    long ones only on request."""
    found = [
        (name.removeprefix("test_"), function)
        for module in modules
        for name, function in vars(module).items()
        if name.startswith("test_") and (long or not getattr(function, "long", False))
    ]
    return [(name, function) for name, function in found if re.search(pattern, name)]


def run_one(context, name, function):
    """Runs one test and prints its line; 'passed', 'failed' or 'skipped'. What a test returns is a
    measurement, which is shown with it."""
    begun = time.monotonic()
    # With its two numbers this becomes a label, which has room for 63 characters.
    stem = name.replace("_", "-")[:50].rstrip("-")
    context.prefix = f"{stem}-{int(time.time() * 1000) % 1000000}"
    outcome, detail = "passed", ""
    try:
        detail = function(context) or ""
    except Skipped as reason:
        outcome, detail = "skipped", str(reason)
    except Failed as reason:
        outcome, detail = "failed", str(reason)
    except Exception:  # a test that breaks is a test that failed, and the others still count
        outcome, detail = "failed", traceback.format_exc()
    try:
        context.clear()
    except Exception:
        outcome, detail = "failed", f"{detail}\n{traceback.format_exc()}"
    print(f"{outcome:<8} {time.monotonic() - begun:5.1f} s  {name.replace('_', ' ')}", flush=True)
    if detail:
        print("    " + detail.strip().replace("\n", "\n    "), flush=True)
    return outcome


def begin_anew(portside, bring_up):
    """After a test that failed: whatever it left behind, the next one finds what the first one did."""
    try:
        portside.stop()
        bring_up()
        portside.start()
        portside.register()
    except Exception:
        print("    " + traceback.format_exc().strip().replace("\n", "\n    "), flush=True)


def run_until_passed(context, name, function, bring_up):
    """As run_one, as often as TRIES allows; each try is shown."""
    for count in range(1, TRIES + 1):
        outcome = run_one(context, name, function)
        if outcome != "failed":
            break
        begin_anew(context.portside, bring_up)
    if outcome == "passed" and count > 1:
        AGAIN.append(name.replace("_", " "))
    return outcome


def leave_at_once(_signal, _frame):
    """What was started is ended on the way out; a second signal must not disturb that."""
    for sign in ENDS:
        signal.signal(sign, signal.SIG_IGN)
    raise KeyboardInterrupt


def run_all(tests, binary, bring_up):
    cluster = bring_up()
    for sign in ENDS:
        signal.signal(sign, leave_at_once)
    lock = lock_state()
    portside = Portside(cluster, binary)
    counts = dict.fromkeys(("passed", "failed", "skipped"), 0)
    try:
        portside.start()
        portside.register()
        context = Context(cluster, portside)
        for name, function in tests:
            counts[run_until_passed(context, name, function, bring_up)] += 1
    finally:
        portside.stop()
        unregister(cluster, "portside")
        lock.close()
    return counts


def main(text, modules, bring_up, down):
    """The whole program: text is its help, down the script that ends the cluster."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--portside")
    parser.add_argument("-k", dest="pattern", default="")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--down", action="store_true")
    parser.add_argument("-h", "--help", action="store_true")
    options = parser.parse_args()
    if options.help:
        print(text.strip())
        return 0
    tests = collect(modules, options.pattern, options.long)
    if options.list:
        print("\n".join(name.replace("_", " ") for name, _ in tests))
        return 0
    if not tests:
        hint = '--list' if options.long else '--list, with --long for those that take long,'
        print(f"run: no test matches '{options.pattern}'; {hint} names them", file=sys.stderr)
        return 2
    try:
        binary = find_binary(options.portside)
        counts = run_all(tests, binary, bring_up)
        if options.down:
            subprocess.run([down], check=True, stdout=subprocess.DEVNULL)
    except KeyboardInterrupt:
        print("run: interrupted", file=sys.stderr)
        return 2
    except (Failed, subprocess.CalledProcessError) as error:
        print(f"run: {error}", file=sys.stderr)
        return 2
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(figures(), file, indent=1)
    said = closing()
    if said:
        print(said)
    for name in AGAIN:
        print(f"failed once, passed when tried again: {name}")
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    return 1 if counts["failed"] else 0
