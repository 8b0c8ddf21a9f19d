# SPDX-License-Identifier: Apache-2.0
"""Self-managed certificates on a real API server: the Secret, the caBundle, and a webhook that a
client never sees fail while they change."""

import base64
import os
import signal
import tempfile
import threading
import time

import yaml

from harness import STATE, Skipped, check, long, wait_until
from hooks import REGISTRATIONS
from managed import HOOK, PATCH, SECRET, Bed, bed, bundles, openssl

PROPAGATION = 30  # seconds, as cert_step.h says
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
CLOCK = os.path.join(STATE, "clock")


class Client:
    """Creates pods all the time and counts those that failed."""

    def __init__(self, one):
        self.one = one
        self.good = 0
        self.bad = []
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ending.wait(0.03):
            status, message = self.one.create_pod()
            if status == 201:
                self.good += 1
            else:
                self.bad.append(message)

    def __enter__(self):
        self.thread.start()
        time.sleep(1)
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()

    def verdict(self):
        check(self.good > 10, f"only {self.good} pods were created")
        check(not self.bad, f"{len(self.bad)} of {self.good + len(self.bad)}: {self.bad[:1]}")
        return f"{self.good} reviews, 0 failed"


def make_leaf(secret, days="30", key=("ecparam", "-genkey", "-name", "prime256v1")):
    """A pair signed by the CA in the Secret: (certificate, key) as text."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("ca.crt", "ca.key"):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(secret[name])
        with open(os.path.join(folder, "ext"), "w", encoding="utf-8") as file:
            file.write("subjectAltName=DNS:other,IP:127.0.0.1\n")
        openssl(folder, *key, "-out", "k")
        openssl(folder, "req", "-new", "-key", "k", "-subj", "/CN=made", "-out", "r")
        sign = ("x509", "-req", "-in", "r", "-CA", "ca.crt", "-CAkey", "ca.key", "-days", days)
        openssl(folder, *sign, "-extfile", "ext", "-out", "c")
        texts = []
        for name in ("c", "k"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                texts.append(file.read())
        return tuple(texts)


def wait_leaf(one, unlike, seconds=10.0):
    """Another certificate than that is in the Secret, and is served."""

    def new():
        leaf = one.secret().get("tls.crt")
        return leaf if leaf and leaf not in unlike and one.first.served() == leaf else None

    begun = time.monotonic()
    wait_until("another certificate", new, seconds)
    return time.monotonic() - begun


def test_certificates_are_made_at_the_first_start(test):
    with bed(test) as one:
        secret = one.secret()
        check("BEGIN CERTIFICATE" in secret["tls.crt"], "no certificate in the Secret")
        check(one.first.served() == secret["tls.crt"], "another certificate is served")
        check(bundles(test.cluster) == [secret["ca.crt"]] * 2, "caBundle is not the CA")
        with open(one.first.log_path, encoding="utf-8") as log:
            check("PRIVATE KEY" not in log.read(), "a key in the log")
        text = one.first.plain("/metrics")[1]
        check("portside_certificate_authority_not_after_seconds 2" in text, "no expiry of the CA")


def test_a_replica_is_not_ready_without_a_certificate(test):
    one = Bed(test)
    one.register()
    body = {"metadata": {"name": SECRET}, "type": "Opaque", "data": {}}
    test.cluster.request("POST", f"/api/v1/namespaces/{one.place}/secrets", body)
    one.replicas.append(one.first.launch())
    try:
        one.first.wait_record(msg="the Secret is not ours: delete it, or name another one")
        status, text = one.first.plain("/readyz")
        check(status == 503 and "no certificate" in text, f"{status} {text}")
        check(not one.secret(), "a foreign Secret was written")
        test.cluster.request("DELETE", one.secret_path)
        wait_until("portside is ready", one.first.ready, 30)
        one.wait_create()
    finally:
        one.end()


def test_a_secret_of_a_former_install_is_used_at_once(test):
    """Uninstalled and installed again: the registration is new and has no caBundle."""
    with bed(test) as one:
        secret = one.secret()
        names = make_leaf(secret)  # valid, but not for the Service
        expired = make_leaf(secret, days="-1")
        said = []
        for what, texts in (
            ("as it was", {}),
            ("expired", {"tls_crt": expired[0], "tls_key": expired[1]}),
            ("for other names", {"tls_crt": names[0], "tls_key": names[1]}),
        ):
            one.first.stop()
            test.cluster.request("DELETE", f"{REGISTRATIONS}/{HOOK}")
            one.put(**texts)
            one.register()
            begun = time.monotonic()
            one.first.start()
            one.wait_create()
            spent = time.monotonic() - begun
            check(spent < PROPAGATION - 10, f"{what}: after {spent:.1f} s")
            check(one.secret()["ca.crt"] == secret["ca.crt"], f"{what}: another CA")
            same = one.secret()["tls.crt"] == texts.get("tls_crt", secret["tls.crt"])
            check(same == (what == "as it was"), f"{what}: the certificate")
            said.append(f"{what} {spent:.1f} s")
        return ", ".join(said)


@long
def test_a_damaged_certificate_is_made_anew(test):
    with bed(test) as one:
        time.sleep(PROPAGATION + 1)  # from now on a new one may be served at once
        before = one.secret()
        expired = make_leaf(before, days="-1")
        rsa = make_leaf(before, key=("genpkey", "-algorithm", "RSA"))
        names = make_leaf(before)  # valid, but not for the Service
        rows = {
            "garbage": {"tls_crt": "hello", "tls_key": "hello"},
            "empty": {"tls_crt": "", "tls_key": ""},
            "key of another pair": {"tls_key": before["ca.key"]},
            "expired": {"tls_crt": expired[0], "tls_key": expired[1]},
            "wrong key type": {"tls_crt": rsa[0], "tls_key": rsa[1]},
            "names missing": {"tls_crt": names[0], "tls_key": names[1]},
        }
        said = []
        with Client(one) as client:
            for name, texts in rows.items():
                bad = [one.secret()["tls.crt"], texts.get("tls_crt")]
                one.put(**texts)
                said.append(f"{name} {wait_leaf(one, bad):.2f} s")
        check(one.secret()["ca.crt"] == before["ca.crt"], "the CA changed")
        return f"{', '.join(said)}; {client.verdict()}"


def test_the_bundle_is_put_right(test):
    with bed(test) as one:
        right = bundles(test.cluster)
        other = base64.b64encode((right[0] + "hello").encode()).decode()
        said = []
        for value in (None, other, base64.b64encode(b"hello").decode()):
            for index in (0, 1):
                path = f"/webhooks/{index}/clientConfig/caBundle"
                step = {"op": "replace", "path": path, "value": value or ""}
                status, body, _ = test.cluster.request(
                    "PATCH", f"{REGISTRATIONS}/{HOOK}", [step], "application/json-patch+json"
                )
                if status != 200:  # the API server refuses what is no PEM
                    continue
                begun = time.monotonic()
                wait_until("caBundle", lambda: bundles(test.cluster) == right, 5)
                said.append(time.monotonic() - begun)
        check(len(said) >= 2, "no edit was taken")
        one.wait_create()
        return f"{len(said)} edits, at most {max(said):.2f} s"


def test_a_configuration_made_again_gets_its_bundle(test):
    with bed(test) as one:
        test.cluster.request("DELETE", f"{REGISTRATIONS}/{HOOK}")
        time.sleep(1)
        check(test.cluster.get(f"{REGISTRATIONS}/{HOOK}") is None, "it was made by portside")
        one.register()
        begun = time.monotonic()
        one.wait_bundle()
        spent = time.monotonic() - begun
        one.wait_create()
        return f"{spent:.2f} s"


def change_secret(one, **members):
    status, body, _ = one.cluster.request("PATCH", one.secret_path, members, PATCH)
    check(status == 200, f"Secret: {body}")
    return body["metadata"]["uid"]


def wait_replaced(one, uid, leaf):
    """Another Secret is there, around what is served."""

    def replaced():
        found = one.cluster.get(one.secret_path)
        return found and found["metadata"]["uid"] != uid and one.secret().get("tls.crt") == leaf

    wait_until("a Secret that can be written", replaced)
    check("immutable" not in one.cluster.get(one.secret_path), "it is immutable again")
    check(one.first.served() == leaf, "another certificate is served")
    one.wait_create()


def test_an_immutable_secret_stays_while_it_is_good(test):
    """The certificate in service stays the one that it was, also when somebody deletes it."""
    with bed(test) as one:
        leaf = one.secret()["tls.crt"]
        uid = change_secret(one, immutable=True)
        words = "the Secret is immutable: when something in it is to be renewed, it is deleted"
        wait_until(
            "the log tells of it",
            lambda: [r for r in one.first.records(level="warn") if words in r["msg"]],
        )
        one.create_pod()
        check(test.cluster.get(one.secret_path)["metadata"]["uid"] == uid, "it was replaced")
        test.cluster.request("DELETE", one.secret_path)
        wait_replaced(one, uid, leaf)


def test_an_immutable_secret_that_is_damaged_is_replaced(test):
    with bed(test) as one:
        leaf = one.secret()["tls.crt"]
        garbage = base64.b64encode(b"hello").decode()
        uid = change_secret(one, immutable=True, data={"tls.crt": garbage, "ca.key": garbage})
        wait_replaced(one, uid, leaf)


@long
def test_a_deleted_secret_gives_a_new_ca_and_nobody_notices(test):
    with bed(test) as one:
        other = one.second()
        before = one.secret()
        with Client(one) as client:
            test.cluster.request("DELETE", one.secret_path)
            wait_until("a Secret", lambda: one.secret().get("ca.crt"), 10)
            check(one.secret()["tls.crt"] == before["tls.crt"], "the certificate was not restored")
            one.wait_bundle()
            both = one.secret()["ca.crt"] + before["ca.crt"]
            check(bundles(test.cluster) == [both] * 2, "caBundle has not both")
            spent = wait_leaf(one, [before["tls.crt"]], 90)
            leaf = one.secret()["tls.crt"]
            wait_until("the other follows", lambda: other.served() == leaf, 10)
            time.sleep(1)
        check(spent > PROPAGATION - 10, f"the new CA was used after {spent:.1f} s")
        check(bundles(test.cluster) == [both] * 2, "the old CA went too early")
        return f"new CA in use after {spent:.1f} s; {client.verdict()}"


def set_clock(text):
    """Written beside and put in place, so that it is never read half."""
    with open(CLOCK + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(CLOCK + ".new", CLOCK)


def put_to_sleep(replica):
    """It begins six days ago. For it, the API server's certificate is not valid yet."""
    set_clock("-6d")
    replica.environment = {
        "LD_PRELOAD": FAKETIME,
        "FAKETIME_TIMESTAMP_FILE": CLOCK,
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with open(replica.kubeconfig, encoding="utf-8") as file:
        config = yaml.safe_load(file)
    server = config["clusters"][0]["cluster"]["server"]
    config["clusters"][0]["cluster"] = {"server": server, "insecure-skip-tls-verify": True}
    replica.kubeconfig = os.path.join(STATE, "asleep.kubeconfig")
    with open(replica.kubeconfig, "w", encoding="utf-8") as file:
        yaml.safe_dump(config, file)


@long
def test_a_machine_that_slept_for_days_renews_when_it_wakes(test):
    """The wall clock jumps and the monotonic one does not; the certificate was made for seven days."""
    if not os.path.exists(FAKETIME):
        raise Skipped(f"no {FAKETIME}: apt-get install faketime")
    one = Bed(test)
    put_to_sleep(one.first)
    try:
        one.begin()
        before = one.secret()["tls.crt"]
        with Client(one) as client:
            set_clock("+0d")
            spent = wait_leaf(one, [before], 75)
        check(one.secret()["tls.crt"] == one.first.served(), "another one is served")
        return f"renewed {spent:.1f} s after the jump; {client.verdict()}"
    finally:
        one.end()


@long
def test_another_leader_goes_on(test):
    with bed(test) as one:
        other = one.second()
        leaf = one.secret()["tls.crt"]
        check(other.served() == leaf, "two replicas serve two certificates")
        one.first.stop(signal.SIGKILL)
        one.first.process = None
        wait_until("the other leads", lambda: other.records(msg="leading"), 30)
        step = {"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}
        test.cluster.request(
            "PATCH", f"{REGISTRATIONS}/{HOOK}", [step], "application/json-patch+json"
        )
        one.wait_bundle()
        check(other.served() == leaf, "the certificate changed for nothing")
