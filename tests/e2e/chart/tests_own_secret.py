# SPDX-License-Identifier: Apache-2.0
"""certificates.mode=secret: a Secret of somebody's own, mounted as the kubelet does, with the
settings and the rights that the chart makes for it."""

import base64
import contextlib
import os
import shutil
import subprocess
import tempfile
import time

from harness import check, wait_until
from installed import CHART, NAMESPACE, RELEASE, VALUES, helm
from mounted import Load, Mounted, Volume, ask

SECRET = ("--set", "certificates.mode=secret", "--set", "certificates.secretName=own")
NAMES = f"DNS:portside.{NAMESPACE}.svc,IP:127.0.0.1"


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


class Authority:
    """A CA in a folder of its own."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        openssl(folder, "req", "-x509", *key, "-days", "30", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.crt")

    def text(self):
        with open(os.path.join(self.folder, f"{self.name}.crt"), encoding="utf-8") as file:
            return file.read()

    def leaf(self, names=NAMES, days=5):
        """(certificate, key) as PEM."""
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        openssl(self.folder, "req", *key, "-subj", "/CN=portside", "-keyout", "leaf.key", "-out", "leaf.csr")
        with open(os.path.join(self.folder, "names"), "w", encoding="utf-8") as file:
            file.write(f"subjectAltName={names}\n")
        openssl(self.folder, "x509", "-req", "-in", "leaf.csr", "-CA", f"{self.name}.crt",
                "-CAkey", f"{self.name}.key", "-CAcreateserial", "-days", str(days),
                "-extfile", "names", "-out", "leaf.crt")
        parts = []
        for name in ("leaf.crt", "leaf.key"):
            with open(os.path.join(self.folder, name), encoding="utf-8") as file:
                parts.append(file.read())
        return tuple(parts)


class Bed:
    """The volume of a Secret, and the portside that it is mounted to."""

    def __init__(self, test, folder):
        self.test, self.volume = test, Volume(folder)
        self.old, self.new = Authority(folder, "old"), Authority(folder, "new")
        self.portside = Mounted(test.cluster, test.portside.binary, "own-secret")
        self.space = test.namespace()

    def mount(self, ca, pair):
        """All keys at once; None: the key is missing."""
        self.volume.write({"ca.crt": ca, "tls.crt": pair[0], "tls.key": pair[1]})

    def published(self):
        path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/portside"
        bundles = {
            one["clientConfig"].get("caBundle", "") for one in self.test.cluster.get(path)["webhooks"]
        }
        return base64.b64decode(bundles.pop()).decode() if len(bundles) == 1 else None

    def wait_published(self, *authorities):
        wanted = "".join(one.text() for one in authorities)
        wait_until("the caBundle", lambda: self.published() == wanted, 20)

    def loaded(self):
        return len(self.portside.records(msg="certificate loaded"))

    def wait_loaded(self, before):
        wait_until("the certificate is loaded", lambda: self.loaded() > before, 20)

    def ask(self):
        return ask(self.test.cluster, self.space)


@contextlib.contextmanager
def mounted(test):
    """The release in mode `secret`, and its portside with a Secret that is well."""
    folder = tempfile.mkdtemp(prefix="portside-own-secret-")
    test.portside.point_to_service()
    test.portside.stop()
    bed = Bed(test, folder)
    try:
        helm("upgrade", RELEASE, CHART, *VALUES, *SECRET)
        bed.portside.point({"url": bed.portside.url})
        bed.mount(bed.old.text(), bed.old.leaf())
        bed.portside.launch(folder)
        wait_until("portside is ready", bed.portside.ready, 30)
        bed.wait_published(bed.old)
        wait_until("the API server asks", lambda: not bed.ask(), 30)
        yield bed
    finally:
        bed.portside.stop()
        shutil.rmtree(folder)
        test.portside.point_to_service()
        helm("upgrade", RELEASE, CHART, *VALUES)
        test.portside.start()
        test.portside.register()


def test_own_secret_is_changed_and_nobody_notices(test):
    """A new certificate, and a new CA in the steps of docs/operate.md."""
    with mounted(test) as bed, Load(bed.ask) as load:
        before = bed.loaded()
        bed.mount(bed.old.text(), bed.old.leaf())
        bed.wait_loaded(before)
        load.after(20)
        still, before = bed.old.leaf(), bed.loaded()
        bed.mount(bed.new.text() + bed.old.text(), still)
        bed.wait_published(bed.new, bed.old)
        load.after(20)
        before = bed.loaded()
        bed.mount(bed.new.text() + bed.old.text(), bed.new.leaf())
        bed.wait_loaded(before)
        load.after(20)
        return load.judge()


def test_own_secret_that_cannot_be_used(test):
    """Told in words; what was there before serves on, and its CA stays published."""
    with mounted(test) as bed:
        good, other = bed.old.leaf(), bed.old.leaf()
        ca = bed.old.text()
        for ca_text, pair, words in (
            (ca, ("garbage", good[1]), "there is no PEM certificate in it"),
            (ca, (good[0], "garbage"), "there is no PEM private key in it"),
            (ca, (good[0], None), "No such file or directory"),
            (ca, (good[0], other[1]), "does not belong to the certificate"),
            (ca, (ca + good[0], good[1]), "belongs to certificate 2, not to the first"),
            (ca, bed.old.leaf(names="DNS:kafka.kafka.svc"), f"is not for 'portside.{NAMESPACE}.svc'"),
            (ca, bed.old.leaf(days=0), "expired at"),
            (bed.new.text(), good, "the CAs are not published: the certificate is of none of them"),
            ("garbage", good, "there is no PEM certificate in the file of CAs"),
            (None, good, "cannot read the file of CAs"),
        ):
            def told(words=words):
                return [one for one in bed.portside.records(level="warn") if words in str(one)]

            seen = len(told())
            bed.mount(ca_text, pair)
            wait_until(words, lambda told=told, seen=seen: len(told()) > seen, 20)
            check(bed.portside.ready(), f"{words}: not ready")
            check(bed.published() == ca, f"{words}: caBundle {bed.published()}")
            check(not bed.ask(), f"{words}: {bed.ask()}")
        begun = time.monotonic()
        bed.mount(bed.new.text(), bed.new.leaf())
        wait_until("the API server asks", lambda: not bed.ask(), 30)
        return f"a new CA and its certificate at once: asked again after {time.monotonic() - begun:.1f} s"
