# SPDX-License-Identifier: Apache-2.0
"""The plain port: probes and metrics."""

import re

import client
import reviews
from registry import case, expect, expect_in

SAMPLE = re.compile(r'^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="[^"\\\n]*",?)+\})? -?[0-9.]+$')


@case("plain port: /healthz and /readyz")
def probes(world):
    for path, text in (("/healthz", "ok\n"), ("/readyz", "ready\n")):
        answer = world.shared.get_plain(path)
        expect((answer.status, answer.text), (200, text), path)
        expect(client.plain(world.shared.plain, "HEAD", path).status, 200, f"HEAD {path}")


@case("plain port: anything else is 404 or 405 in words")
def others(world):
    answer = world.shared.get_plain("/mutate")
    expect(answer.status, 404, "status")
    expect_in("/readyz", answer.text, "text")
    answer = client.plain(world.shared.plain, "POST", "/readyz")
    expect((answer.status, answer.headers.get("allow")), (405, "GET, HEAD"), "status, Allow")


@case("plain port: /metrics is text format 0.0.4")
def format_of_metrics(world):
    answer = world.shared.get_plain("/metrics")
    expect(answer.status, 200, "status")
    expect_in("version=0.0.4", answer.headers["content-type"], "Content-Type")
    announced = None
    for line in answer.text.splitlines():
        if line.startswith("# "):
            announced = line.split(" ")[2]
            continue
        expect(bool(SAMPLE.match(line)), True, f"form of {line!r}")
        expect_in(announced, line, "a sample stands under its family")
    expect_in("portside_build_info{version=", answer.text, "build info")


@case("plain port: /metrics counts reviews, and its histogram adds up")
def counting(world):
    def total():
        text = world.shared.get_plain("/metrics").text
        return sum(int(value) for value in re.findall(r"(?m)^portside_admission_requests_total\{.*\} (\d+)$", text))

    before, count_before = total(), world.shared.metric("portside_admission_duration_seconds_count")
    with world.shared.connect() as connection:
        for _ in range(5):
            connection.post(reviews.review())
    expect(total() - before, 5, "reviews")
    expect(world.shared.metric("portside_admission_duration_seconds_count") - count_before, 5, "histogram")
    expect(world.shared.metric('portside_admission_duration_seconds_bucket{le="+Inf"}'), count_before + 5, "+Inf")
