# SPDX-License-Identifier: Apache-2.0
"""Row 75: only clients with a certificate are let in, if portside is told so."""

import os
import shutil
import ssl
import time

import client
import reviews
from registry import case, expect, expect_in
from service import Authority

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


def other_authority(world):
    folder = os.path.join(world.folder, "other-ca")
    if not os.path.isdir(folder):
        os.makedirs(folder)
        return Authority(folder)
    authority = Authority.__new__(Authority)
    authority.folder, authority.key = folder, os.path.join(folder, "ca.key")
    authority.cert = os.path.join(folder, "ca.crt")
    return authority


def make(world, file, authority=None, **how):
    """A client's pair of files; its CA is not that of the server unless authority says so."""
    cert, key = os.path.join(world.folder, file + ".crt"), os.path.join(world.folder, file + ".key")
    (authority or other_authority(world)).issue(cert, key, **how)
    return cert, key


def serve(world, *options):
    return world.start("--client-ca", other_authority(world).cert, "--drain-seconds", "0", "--log-level", "info",
                       *options)


def ask(server, **how):
    """The status of a review, or None if the connection was ended in or right after the handshake.

    A client of TLS 1.3 has done its part before the server has looked, so it learns from its first read.
    """
    try:
        with server.connect(**how) as connection:
            return connection.post(reviews.review()).status
    except (ssl.SSLError, ConnectionError, client.Closed):
        return None


def expect_refused(world, options, cause, **how):
    """By a server of its own, because the log tells of one refusal a second."""
    with serve(world, *options) as server:
        expect(ask(server, **how), None, "status")
        expect_in(cause, server.wait_log("client refused", level="warn")["cause"], "cause")
        expect(server.metric("portside_tls_clients_refused_total"), 1, "metric")
        expect(server.metric('portside_http_responses_total{code="200"}'), 0, "answers")


@case("row 75: with client-ca a client without a certificate is rejected in the handshake")
def anonymous(world):
    for version in VERSIONS:
        expect_refused(world, (), "showed no certificate", version=version)


@case("row 75: a client of that CA with one of the names is let in, by common name or alternative name")
def right(world):
    rows = {
        "common name": make(world, "by-name", name="x", subject="/O=system:masters/CN=system:apiserver"),
        "DNS name": make(world, "by-dns", name="api.example", subject="/CN=other"),
        "URI": make(world, "by-uri", name="else", also="URI:spiffe://c/apiserver"),
    }
    names = "system:apiserver, api.example,spiffe://c/apiserver"
    with serve(world, "--client-names", names) as server:
        for name, pair in rows.items():
            for version in VERSIONS:
                expect(ask(server, pair=pair, version=version), 200, name)
        expect(server.metric("portside_tls_clients_refused_total"), 0, "refused")


@case("row 75: without client-names any certificate of the CA will do")
def any_name(world):
    with serve(world) as server:
        expect(ask(server, pair=make(world, "anyone", name="whoever")), 200, "status")


@case("row 75: other names, another CA, another purpose and an expired certificate are rejected, and the log says why")
def wrong(world):
    good = "/CN=api"
    rows = {
        "none of its names": make(world, "w-name", name="apis", subject="/CN=ap"),
        "self-signed certificate in certificate chain": make(world, "w-ca", authority=world.authority, subject=good),
        "unsuitable certificate purpose": make(world, "w-use", subject=good, usage="serverAuth"),
        "expired": make(world, "w-old", subject=good, days=0),
    }
    time.sleep(1.1)
    for cause, pair in rows.items():
        expect_refused(world, ("--client-names", "api"), cause, pair=pair)


@case("row 75: a name with a comma, a part of a name and a name in another case are no match")
def near(world):
    for number, subject in enumerate(("/CN=api,kube", "/CN=ap", "/CN=API", "/O=api")):
        pair = make(world, f"near{number}", name="elsewhere", subject=subject)
        expect_refused(world, ("--client-names", "api,kube"), "none of its names", pair=pair)


@case("row 75: probes and metrics need no certificate")
def probes(world):
    with serve(world) as server:
        for path in ("/healthz", "/readyz", "/metrics"):
            expect(server.get_plain(path).status, 200, path)


@case("row 75: the CA of clients is read again; a damaged file changes nothing; others are out at once")
def reload(world):
    path = os.path.join(world.folder, "clients.crt")
    first = make(world, "re-first", name="first")
    second = make(world, "re-second", authority=world.authority, name="second")
    shutil.copy(other_authority(world).cert, path)
    with world.start("--client-ca", path, "--drain-seconds", "0") as server:
        expect(ask(server, pair=first), 200, "the first")
        with open(path, "w", encoding="ascii") as file:
            file.write("damaged")
        record = server.wait_log("CA of clients refused", 10, level="warn")
        expect_in(path, record["cause"], "cause")
        expect(ask(server, pair=first), 200, "the first with a damaged file")
        expect(server.get_plain("/readyz").status, 200, "readiness")
        shutil.copy(world.authority.cert, path)
        server.wait_log("CA of clients loaded", 10)
        expect(ask(server, pair=second), 200, "the second")
        expect(ask(server, pair=first), None, "the first afterwards")


@case("row 75: a CA of clients that is missing at the start makes unready, and nobody is let in meanwhile")
def missing(world):
    path = os.path.join(world.folder, "late-clients.crt")
    pair = make(world, "late-client", name="late")
    with world.start("--client-ca", path, "--drain-seconds", "0") as server:
        answer = server.get_plain("/readyz")
        expect(answer.status, 503, "status")
        expect_in(path, answer.text, "text")
        expect(server.get_plain("/healthz").status, 200, "health")
        expect(ask(server, pair=pair), None, "a client")
        shutil.copy(other_authority(world).cert, path)
        server.wait_log("ready", 10, level="info")
        expect(ask(server, pair=pair), 200, "a client afterwards")


@case("row 75: a hundred clients that are refused fill no log")
def noise(world):
    with serve(world, "--threads", "1") as server:
        for _ in range(100):
            ask(server)
        told = [record for record in server.log if record["msg"] == "client refused"]
        expect(0 < len(told) < 30, True, f"{len(told)} records")
        expect(server.metric("portside_tls_clients_refused_total"), 100, "metric")
