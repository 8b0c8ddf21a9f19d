# SPDX-License-Identifier: Apache-2.0
"""Asks a broker for metadata and prints a line "ID RACK" for each broker that it knows.

Usage: racks.py HOST PORT

kcat does not show racks. Source: Kafka protocol guide, Metadata version 4.
"""

import socket
import struct
import sys

METADATA, VERSION = 3, 4


def ask(host, port):
    """The body of the answer to a request that names no topic."""
    body = struct.pack(">hhih", METADATA, VERSION, 1, 5) + b"racks" + struct.pack(">i?", 0, False)
    with socket.create_connection((host, port), timeout=10) as connection:
        connection.sendall(struct.pack(">i", len(body)) + body)
        with connection.makefile("rb") as stream:
            (size,) = struct.unpack(">i", stream.read(4))
            return stream.read(size)


class Reader:
    def __init__(self, data):
        self.data = data

    def number(self, kind):
        size = struct.calcsize(kind)
        (value,) = struct.unpack(kind, self.data[:size])
        self.data = self.data[size:]
        return value

    def text(self):
        """None if it is null."""
        size = self.number(">h")
        if size < 0:
            return None
        value, self.data = self.data[:size].decode(), self.data[size:]
        return value


def main(host, port):
    answer = Reader(ask(host, int(port)))
    answer.number(">i")  # which request it answers
    answer.number(">i")  # throttling
    for _ in range(answer.number(">i")):
        broker = answer.number(">i")
        answer.text()
        answer.number(">i")
        print(broker, answer.text())


if __name__ == "__main__":
    main(*sys.argv[1:])
