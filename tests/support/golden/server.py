# SPDX-License-Identifier: Apache-2.0
"""`portside serve` on loopback with a certificate that lives as long as the test."""

import http.client
import os
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request

from golden.binary import Failure
from ports import free_ports

START_S = 20


def make_certificate(folder):
    """Self-signed for 127.0.0.1, in tls.crt and tls.key of folder."""
    done = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "1", "-subj", "/CN=portside golden test", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", os.path.join(folder, "tls.key"), "-out", os.path.join(folder, "tls.crt")],
        capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"openssl made no certificate: {done.stderr}")


class Server:
    """A context: the server runs inside it."""

    def __init__(self, binary, folder, config=None):
        self.binary = binary
        self.folder = folder
        self.config = config
        self.port, self.plain_port = free_ports(2)
        self.log_path = os.path.join(folder, "serve.log")
        self.process = None
        self.connection = None

    def __enter__(self):
        command = [self.binary.path, "serve"]
        command += ["--config", self.config] if self.config else []
        command += ["--listen", f"127.0.0.1:{self.port}", "--plain-listen", f"127.0.0.1:{self.plain_port}",
                    "--tls-cert", os.path.join(self.folder, "tls.crt"),
                    "--tls-key", os.path.join(self.folder, "tls.key"), "--drain-seconds", "0"]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self.wait_ready()
        except Failure:
            self.stop()
            raise
        context = ssl.create_default_context(cafile=os.path.join(self.folder, "tls.crt"))
        self.connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=30)
        return self

    def wait_ready(self):
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise Failure(f"'portside serve' ended with {self.process.returncode}: {self.log()}")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.plain_port}/readyz", timeout=2):
                    return
            except OSError:
                time.sleep(0.05)
        raise Failure(f"'portside serve' was not ready within {START_S} s: {self.log()}")

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()[-2000:]

    def post(self, body):
        """(status, content type, body). A connection that the server closes is opened anew."""
        for attempt in (1, 2):
            try:
                self.connection.request("POST", "/mutate?timeout=10s", body, {"Content-Type": "application/json"})
                answer = self.connection.getresponse()
                return answer.status, answer.getheader("Content-Type", ""), answer.read()
            except (http.client.HTTPException, OSError) as error:
                self.connection.close()
                if attempt == 2:
                    raise Failure(f"no answer from 'portside serve': {error}; {self.log()}") from error
        return None

    def stop(self):
        """Its exit code; a server that does not end by itself is killed and gives None."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None

    def __exit__(self, kind, value, trace):
        self.connection.close()
        code = self.stop()
        if kind is None and code != 0:
            raise Failure(f"'portside serve' ended with {code} after SIGTERM: {self.log()}")
