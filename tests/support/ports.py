#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Ports for servers that tests start, end and start again.

Usage: tests/support/ports.py COUNT    prints them in one line

The kernel's own choice (port 0) lies where it also takes the ports of connections that go out and
of the next server that asks: what was free is somebody else's before the server is back. These lie
below (ip(7), ip_local_port_range: from 32768), and below the node ports of Kubernetes.
"""

import random
import socket
import sys

LOWEST, HIGHEST = 10000, 29999


def free_ports(count):
    """So many different TCP ports of 127.0.0.1, free just now."""
    held = []
    while len(held) < count:
        try:
            held.append(socket.create_server(("127.0.0.1", random.randint(LOWEST, HIGHEST))))
        except OSError:
            pass
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


if __name__ == "__main__":
    print(*free_ports(int(sys.argv[1])))
