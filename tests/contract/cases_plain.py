# SPDX-License-Identifier: Apache-2.0
"""The plain port: probes and metrics."""

import client
from registry import case, expect, expect_in


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
