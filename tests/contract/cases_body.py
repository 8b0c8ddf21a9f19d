# SPDX-License-Identifier: Apache-2.0
"""The body and its HTTP frame: rows 15 to 29 of the checklist."""

import json
import time

import client
import reviews
from cases_envelope import ask, decided, patch_of, refused
from registry import case, expect, expect_in

CAP = 7 * 1024 * 1024


def refused_frame(world, data, status):
    """A request written by hand must be refused with this status and a text, and nothing may follow."""
    with world.shared.connect() as connection:
        connection.send(data)
        answer = connection.response()
        expect(answer.status, status, f"status, with body {answer.body[:200]!r}")
        expect(answer.headers["content-type"].split(";")[0], "text/plain", "Content-Type")
        return answer


@case("row 15: an empty body is refused")
def empty(world):
    refused(world, b"")


@case("row 16: a truncated body is refused")
def truncated(world):
    body = reviews.review()
    for length in (1, 10, len(body) // 2, len(body) - 1):
        refused(world, body[:length])


@case("row 17: trailing bytes are refused")
def trailing(world):
    for tail in (b"x", b"{}", b" null", b"\x00"):
        refused(world, reviews.review() + tail)


@case("row 18: BOM, invalid UTF-8 and lone surrogates are refused")
def encoding(world):
    body = reviews.review()
    refused(world, b"\xef\xbb\xbf" + body)
    for bad in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\\ud800", b"\\udc00\\ud800"):
        refused(world, body.replace(b"shop", bad, 1))


@case("row 19: a depth bomb is refused")
def depth(world):
    for bomb in (b"[" * 100000, b'{"a":' * 100000, b"[" * 100000 + b"]" * 100000):
        refused(world, bomb)


@case("row 20: duplicate keys are refused")
def duplicate(world):
    refused(world, reviews.review().replace(b'"kind": "AdmissionReview"',
                                            b'"kind": "AdmissionReview", "kind": "AdmissionReview"', 1))


@case("row 21: huge numbers are refused")
def numbers(world):
    for number in (b"1e999", b"-1e999", b"1" * 5000):
        refused(world, reviews.review(somethingNew="@").replace(b'"@"', number, 1))


@case("row 22: an int64 above 2^53 survives untouched")
def int64(world):
    pod = reviews.pod()
    pod["spec"]["terminationGracePeriodSeconds"] = 9007199254740993
    pod["metadata"]["generation"] = 9223372036854775807
    patch = patch_of(decided(world, reviews.review(object=pod)))
    expect("900719925474099" in json.dumps(patch), False, "the patch rewrites a number of the user's")


@case("row 23: NUL in a string or a key is refused")
def nul(world):
    refused(world, reviews.review().replace(b"shop", b"sh\\u0000p", 1))
    refused(world, reviews.review().replace(b'"dryRun"', b'"dry\\u0000Run"', 1))
    refused(world, reviews.review().replace(b"shop", b"sh\x00p", 1))


@case("row 24: a body above the cap is refused, declared or not")
def above_cap(world):
    answer = refused_frame(world, client.review_head(CAP + 1), 413)
    expect_in(str(CAP), answer.text, "the text names the limit")
    fields = [("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")]
    with world.shared.connect() as connection:
        connection.send(client.head("POST", "/mutate", fields))
        chunk = b"%x\r\n" % 65536 + b" " * 65536 + b"\r\n"
        for _ in range(CAP // 65536 + 1):
            connection.send(chunk)
        connection.send(b"0\r\n\r\n")
        expect(connection.response().status, 413, "status of an undeclared body")


@case("row 24: a body above the cap is refused although the client goes on sending")
def above_cap_sent(world):
    with world.shared.connect() as connection:
        connection.send(client.review_head(CAP + 1))
        connection.send(b" " * (CAP + 1))
        expect(connection.response().status, 413, "status")


@case("row 25: a body of exactly the cap is answered")
def at_cap(world):
    decided(world, reviews.padded(CAP))


@case("row 26: a chunked body is answered")
def chunked(world):
    body = reviews.review()
    for size in (1, 7, 1000, len(body)):
        with world.shared.connect() as connection:
            fields = [("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")]
            data = client.head("POST", "/mutate", fields)
            for at in range(0, len(body), size):
                part = body[at:at + size]
                data += b"%x\r\n%s\r\n" % (len(part), part)
            connection.send(data + b"0\r\n\r\n")
            expect(connection.response().status, 200, f"status with chunks of {size}")


@case("row 27: the Content-Type must be JSON")
def content_type(world):
    body = reviews.review()
    for kind in ("text/plain", "application/xml", "application/jsonx", ""):
        with world.shared.connect() as connection:
            expect(connection.post(body, content_type=kind).status, 415, f"status of '{kind}'")
    for kind in ("application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"):
        with world.shared.connect() as connection:
            expect(connection.post(body, content_type=kind).status, 200, f"status of '{kind}'")


@case("row 27: a missing Content-Type and a compressed body are refused")
def content_encoding(world):
    refused_frame(world, client.head("POST", "/mutate", [("Content-Length", 2)]) + b"{}", 415)
    fields = [("Content-Length", 2), ("Content-Type", "application/json"), ("Content-Encoding", "gzip")]
    refused_frame(world, client.head("POST", "/mutate", fields) + b"{}", 415)


@case("row 28: other methods are 405 and name the right one")
def methods(world):
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "BREW"):
        with world.shared.connect() as connection:
            answer = connection.request(method, "/mutate")
            expect((answer.status, answer.headers.get("allow")), (405, "POST"), f"{method}: status, Allow")
            if method != "HEAD":
                expect_in("POST /mutate", answer.text, "text")


@case("row 28: other paths are 404 and name the right one")
def paths(world):
    for path in ("/", "/mutate/", "/Mutate", "/validate", "//mutate", "/mutate%00", "/" + "x" * 2000):
        with world.shared.connect() as connection:
            answer = connection.post(reviews.review(), target=path)
            expect(answer.status, 404, f"status of {path[:20]}")
            expect_in("/mutate", answer.text, "text")


@case("row 29: the query does not matter")
def query(world):
    for target in ("/mutate", "/mutate?", "/mutate?timeout=1s", "/mutate?timeout=30s", "/mutate?timeout=soon&x=%zz"):
        with world.shared.connect() as connection:
            expect(connection.post(reviews.review(), target=target).status, 200, f"status of {target}")


def json_head(*fields):
    return client.head("POST", "/mutate", [("Content-Type", "application/json"), *fields])


def one_chunk(body):
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


# The bodies of these are valid reviews: were the frame let pass, the answer would be 200.


@case("frame: two Content-Length fields are refused")
def two_lengths(world):
    body = reviews.review()
    for second in (len(body), len(body) - 1):
        head = json_head(("Content-Length", len(body)), ("Content-Length", second))
        expect_in("Content-Length", refused_frame(world, head + body, 400).text, "text")


@case("frame: Content-Length with Transfer-Encoding is refused")
def length_and_chunks(world):
    data = one_chunk(reviews.review())
    fields = [("Content-Length", len(data)), ("Transfer-Encoding", "chunked")]
    for order in (fields, fields[::-1]):
        expect_in("Transfer-Encoding", refused_frame(world, json_head(*order) + data, 400).text, "text")


@case("frame: a Transfer-Encoding that is not 'chunked', once and alone, is refused")
def odd_encoding(world):
    for values in (("gzip, chunked",), ("identity",), ("xchunked",), ("chunked", "chunked"), ("chunked", "identity")):
        head = json_head(*(("Transfer-Encoding", value) for value in values))
        with world.shared.connect() as connection:
            connection.send(head + one_chunk(reviews.review()))
            try:
                expect(connection.response().status, 400, f"status of {values}")
            except client.Closed:
                pass  # libmicrohttpd itself may close instead


@case("frame: Transfer-Encoding in HTTP/1.0 is refused")
def old_chunks(world):
    head = json_head(("Transfer-Encoding", "chunked")).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    with world.shared.connect() as connection:
        connection.send(head + one_chunk(reviews.review()))
        try:
            expect(connection.response().status, 400, "status")
        except client.Closed:
            pass


@case("frame: a Content-Length that is no number is never served")
def bad_length(world):
    body = reviews.review()
    size = len(body)
    for value in ("-1", hex(size), f"+{size}", f"{size} {size}", f"{size},{size}", "9" * 23, ""):
        with world.shared.connect() as connection:
            connection.send(json_head(("Content-Length", value)) + body)
            try:
                expect(connection.response().status in (400, 413), True, f"status of '{value}' is 400 or 413")
            except client.Closed:
                pass


@case("frame: a header above 16 KiB is refused in words, however large it is")
def long_header(world):
    for size in (17000, 30000, 33000, 200000, 3000000):
        with world.shared.connect() as connection:
            fields = [("X-Long", "x" * size), ("Content-Type", "application/json"), ("Content-Length", "2")]
            begin = time.monotonic()
            try:
                connection.send(client.head("POST", "/mutate", fields) + b"{}")
            except ConnectionError:
                pass  # the answer came before all was sent
            answer = connection.response()
            expect(answer.status, 431, f"status with {size} bytes")
            expect_in("16384", answer.text, "text")
            expect(time.monotonic() - begin < 3, True, "at once, not at the deadline")


@case("frame: many short fields above 16 KiB are refused as well")
def many_fields(world):
    for count in (400, 2000, 20000):
        with world.shared.connect() as connection:
            fields = [(f"X-{number}", "some value of a header field") for number in range(count)]
            connection.send(client.head("POST", "/mutate", fields + [("Content-Length", "2")]) + b"{}")
            try:
                expect(connection.response().status, 431 if count > 400 else 415, f"status with {count} fields")
            except client.Closed:
                raise AssertionError(f"closed without an answer to {count} fields") from None


@case("frame: a header of nearly 16 KiB is served")
def nearly_long_header(world):
    body = reviews.review()
    fields = [("X-Long", "x" * 15000), ("Content-Type", "application/json"), ("Content-Length", len(body))]
    with world.shared.connect() as connection:
        connection.send(client.head("POST", "/mutate", fields) + body)
        expect(connection.response().status, 200, "status")


@case("frame: what is no HTTP is closed or refused")
def no_http(world):
    with world.start("--header-seconds", "1", "--drain-seconds", "0") as server:
        for data in (b"\r\n\r\n\r\n", b"HELLO\r\n\r\n", b"\x00" * 100, b"POST /mutate\r\n\r\n",
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
            with server.connect() as connection:
                begin = time.monotonic()
                connection.send(data)
                try:
                    expect(connection.response().status >= 400, True, "an error status")
                except (client.Closed, ConnectionError):
                    pass
                expect(time.monotonic() - begin < 5, True, "no time is wasted on it")


@case("frame: a client that expects 100-continue gets it")
def expect_continue(world):
    body = reviews.review()
    fields = [("Content-Type", "application/json"), ("Content-Length", len(body)), ("Expect", "100-continue")]
    with world.shared.connect() as connection:
        connection.send(client.head("POST", "/mutate", fields))
        connection.sock.settimeout(5)
        expect(connection.sock.recv(25)[:12], b"HTTP/1.1 100", "what comes before the body")
        connection.send(body)
        connection.reader.rest = b""
        connection.sock.settimeout(client.TIMEOUT_S)
        while True:  # the rest of the interim answer, then the real one
            if b"HTTP/1.1 200" in connection.reader.rest:
                return
            connection.reader.rest += connection.sock.recv(65536)


@case("row 59: a large answer to a large review arrives whole")
def large_pod(world):
    pod = reviews.pod()
    pod["metadata"]["annotations"] = {f"note-{i}": "x" * 1000 for i in range(1400)}
    expect(len(patch_of(decided(world, reviews.review(object=pod)))) > 0, True, "a patch")
    expect(ask(world, reviews.review()).status, 200, "status afterwards")
