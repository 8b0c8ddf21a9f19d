# SPDX-License-Identifier: Apache-2.0
"""The command line itself: exit codes, what stands on which stream, and that it can fail."""

import json
import os
import pty
import shutil
import subprocess

# name, arguments, exit code, in standard output, in standard error
ROWS = (
    ("no command teaches", [], 2, "", "portside COMMAND"),
    ("--help teaches", ["--help"], 0, "Commands", ""),
    ("help names every command", ["help"], 0, "serve", ""),
    ("help of a command", ["help", "review"], 0, "--output text|json", ""),
    ("help of serve has the keys of the configuration", ["help", "serve"], 0, "--policy-plaintext", ""),
    ("--version", ["--version"], 0, "portside ", ""),
    ("version", ["version"], 0, "portside ", ""),
    ("a slip in a command", ["revew"], 2, "", "did you mean 'review'?"),
    ("another word", ["frobnicate"], 2, "", "'frobnicate' is not a command"),
    ("help of another word", ["help", "frobnicate"], 2, "", "'frobnicate' is not a command"),
    ("a slip in an option", ["review", "--ouput=json"], 2, "", "did you mean '--output'?"),
    ("a value that is not allowed", ["review", "--output=yaml"], 2, "", "use one of text|json"),
    ("a file that is not there", ["review", "{tmp}/none.json"], 2, "", "none.json' cannot be read: No such file"),
    ("a file that is no review", ["review", "{case}/note.md"], 2, "", "note.md': HTTP 400: invalid JSON"),
    ("a folder with nothing in it", ["review", "{tmp}/empty"], 2, "", "empty' has no request.json"),
    ("a configuration that is not there", ["review", "--config", "{tmp}/none.conf", "{case}/request.json"], 2, "",
     "none.conf' cannot be read"),
    ("a configuration that is wrong", ["review", "--config", "{tmp}/bad.conf", "{case}/request.json"], 2, "",
     "bad.conf: "),
    ("a default that serve refuses", ["review", "--config", "{tmp}/default.conf", "{case}/request.json"], 2, "",
     "default.conf: the default of this installation for portside.dev/type: 'Bogus' is not a type"),
    ("a default that the policy forbids", ["review", "--config", "{tmp}/policy.conf", "{case}/request.json"], 2, "",
     "policy.conf: "),
    ("a default that serve refuses, of a case", ["review", "{tmp}/refused"], 2, "", "'Bogus' is not a type"),
    ("--response of a folder", ["review", "--response", "{golden}"], 2, "", "takes one review"),
    ("--response of two", ["review", "--response", "{case}/request.json", "{case}/request.json"], 2, "",
     "takes one review"),
    ("--update without the variable", ["review", "--update", "{case}"], 2, "", "PORTSIDE_GOLDEN_UPDATE=1"),
    ("a good file among bad ones is still shown", ["review", "{tmp}/none.json", "{case}/request.json"], 2, "verdict",
     "none.json"),
    ("a file", ["review", "{case}/request.json"], 0, "+ PLAINTEXT://", ""),
    ("a file behind --", ["review", "--", "{case}/request.json"], 0, "verdict   inject", ""),
    ("a golden case", ["review", "{case}"], 0, "1 passed, 0 failed, 0 skipped", ""),
    ("a case that differs", ["review", "{tmp}/differs"], 1, "expected.patch.json differs", ""),
    ("a case without expected files", ["review", "{tmp}/bare"], 1, "expected.json is missing", ""),
    ("cleanup asks, so it wants a terminal", ["cleanup", "-o", "text"], 2, "", "there is no terminal to ask on"),
    ("cleanup prints JSON to a pipe", ["cleanup"], 2, "", "add '--yes' to delete, or '--dry-run' to look"),
    ("cleanup of a StatefulSet without its namespace", ["cleanup", "--yes", "--statefulset", "kafka"], 2, "",
     "add '-n NAME'"),
    ("cleanup of what is no name", ["cleanup", "--yes", "-n", "a,b"], 2, "", "'--namespace a,b': names have"),
    ("cleanup of an empty name", ["cleanup", "--yes", "--namespace="], 2, "", "'--namespace ': names have"),
    ("cleanup of an operand", ["cleanup", "--yes", "kafka"], 2, "", "name a namespace with '-n kafka'"),
    ("cleanup without a cluster", ["cleanup", "--yes", "--kubeconfig", "{tmp}/none.conf"], 2, "",
     "none.conf': No such file"),
    ("help of cleanup", ["help", "cleanup"], 0, "--force", ""),
    ("an expected file that is no JSON", ["review", "{tmp}/broken"], 2, "", "expected.json': invalid JSON"),
)


def prepare(folder, case):
    """The files that the rows name."""
    os.mkdir(os.path.join(folder, "empty"))
    for name, text in (
        ("bad.conf", "policy-plaintext = perhaps\n"),
        ("default.conf", "default-type = Bogus\n"),
        ("policy.conf", "policy-types = LoadBalancer\ndefault-type = NodePort\n"),
    ):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    for name in ("differs", "bare", "broken", "refused"):
        os.mkdir(os.path.join(folder, name))
        shutil.copy(case.request_path, os.path.join(folder, name, "request.json"))
    for name in os.listdir(case.folder):
        if name.startswith("expected"):
            shutil.copy(case.path(name), os.path.join(folder, "differs", name))
    with open(os.path.join(folder, "differs", "expected.patch.json"), "w", encoding="utf-8") as file:
        file.write("[\n]\n")
    shutil.copy(os.path.join(folder, "default.conf"), os.path.join(folder, "refused", "config"))
    with open(os.path.join(folder, "broken", "expected.json"), "w", encoding="utf-8") as file:
        file.write("{")


def check_row(binary, row, words):
    name, arguments, code, stdout, stderr = row
    done = binary.call([argument.format(**words) for argument in arguments], environment={"PORTSIDE_GOLDEN_UPDATE": ""})
    if done.returncode != code:
        yield f"{name}: ended with {done.returncode}, not {code}"
    if stdout not in done.stdout.decode():
        yield f"{name}: '{stdout}' is not in {done.stdout.decode()[-300:]!r}"
    if stderr not in done.stderr.decode():
        yield f"{name}: '{stderr}' is not in {done.stderr.decode()[-300:]!r}"
    if stderr == "" and done.stderr:
        yield f"{name}: standard error is not empty: {done.stderr.decode()[:300]!r}"


def check_stdin(binary, case):
    done = binary.call(["review", "--output", "json"], stdin=case.request)
    if done.returncode != 0 or json.loads(done.stdout)["file"] != "standard input":
        yield f"a review on standard input: ended with {done.returncode}"


def check_update(binary, folder):
    """--update heals the case that differs, and is refused in CI."""
    path = os.path.join(folder, "differs")
    refused = binary.call(["review", "--update", path], environment={"PORTSIDE_GOLDEN_UPDATE": "1", "CI": "true"})
    if refused.returncode != 2 or b"CI is set" not in refused.stderr:
        yield f"--update in CI: ended with {refused.returncode}"
    healed = binary.call(["review", "--update", path], environment={"PORTSIDE_GOLDEN_UPDATE": "1", "CI": ""})
    if healed.returncode != 0:
        yield f"--update: ended with {healed.returncode}: {healed.stdout.decode()[-300:]!r}"


def on_terminal(binary, arguments, environment):
    """What the program writes to a terminal."""
    leader, follower = pty.openpty()
    with subprocess.Popen([binary.path, *arguments], stdin=subprocess.DEVNULL, stdout=follower, stderr=follower,
                          env={**os.environ, "TERM": "xterm", "NO_COLOR": "", **environment}) as process:
        os.close(follower)
        text = b""
        while True:
            try:
                text += os.read(leader, 65536)
            except OSError:
                break
        process.wait()
    os.close(leader)
    return text


def check_colour(binary, case):
    arguments = ["review", case.request_path]
    if b"\033[32m" not in on_terminal(binary, arguments, {}):
        yield "a terminal gets no colours"
    if b"\033[" in on_terminal(binary, arguments, {"NO_COLOR": "1"}):
        yield "NO_COLOR is not heeded"
    if b"\033[" in binary.call(arguments).stdout:
        yield "a file gets colours"


def check(binary, case, golden, folder):
    """(number of checks, what is wrong)."""
    prepare(folder, case)
    words = {"tmp": folder, "case": case.folder, "golden": golden}
    problems = [problem for row in ROWS for problem in check_row(binary, row, words)]
    problems += check_stdin(binary, case)
    problems += check_update(binary, folder)
    problems += check_colour(binary, case)
    return len(ROWS) + 3, problems
