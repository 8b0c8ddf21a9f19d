# SPDX-License-Identifier: Apache-2.0
"""Programs that run in the network of the control plane of tests/e2e/nodes-up."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Set to a descriptor of the network that this program was started in.
OUTSIDE = "PORTSIDE_E2E_OUTSIDE"
ASKS_ONLY = {"--list", "-h", "--help"}


def enter_control_plane():
    """Starts this program anew where the control plane is."""
    cache = os.environ.get("PORTSIDE_CACHE") or os.path.expanduser("~/.cache/portside")
    os.environ["PORTSIDE_E2E_STATE"] = os.path.join(cache, "e2e", "nodes")
    if OUTSIDE in os.environ or ASKS_ONLY & set(sys.argv[1:]):
        return
    if subprocess.run([os.path.join(HERE, "nodes-up"), "-q"], check=False).returncode:
        sys.exit(2)
    network = os.open("/proc/self/ns/net", os.O_RDONLY)
    os.set_inheritable(network, True)
    os.environ[OUTSIDE] = str(network)
    os.execv(os.path.join(HERE, "enter"), ["enter", "cp", sys.executable, *sys.argv])
