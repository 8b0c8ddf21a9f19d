# SPDX-License-Identifier: Apache-2.0
"""An API server that shows portside a client certificate, as --admission-control-config-file tells
it to, and a portside that lets in nobody else."""

import os

import yaml

from harness import STATE, check, wait_until
from hooks import REGISTRATIONS
from managed import HOOK, LABEL, PATCH, hook, openssl
from portside import Portside
from tests_faults import kill_api_server, start_api_server, wait_for_the_controller_manager

FOLDER = os.path.join(STATE, "certs", "clients")
NAME = "system:apiserver-of-the-tests"


def path(name):
    return os.path.join(FOLDER, name)


def write(name, document):
    with open(path(name), "w", encoding="utf-8") as file:
        yaml.safe_dump(document, file)


def make_files():
    """A CA, a certificate of NAME, and what an API server needs to show it to every webhook."""
    os.makedirs(FOLDER, exist_ok=True)
    ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(FOLDER, "req", "-x509", *ec, "-subj", "/CN=clients", "-keyout", "ca.key", "-out", "ca.crt")
    openssl(FOLDER, "req", *ec, "-subj", f"/CN={NAME}", "-keyout", "api.key", "-out", "api.csr")
    with open(path("api.ext"), "w", encoding="utf-8") as file:
        file.write("extendedKeyUsage=clientAuth\n")
    sign = ("x509", "-req", "-in", "api.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-days", "2")
    openssl(FOLDER, *sign, "-extfile", "api.ext", "-out", "api.crt")
    user = {"client-certificate": path("api.crt"), "client-key": path("api.key")}
    write("webhooks.kubeconfig", {"apiVersion": "v1", "kind": "Config", "users": [{"name": "*", "user": user}]})
    group = "apiserver.config.k8s.io/v1"
    webhooks = {
        "apiVersion": group,
        "kind": "WebhookAdmissionConfiguration",
        "kubeConfigFile": path("webhooks.kubeconfig"),
    }
    write(
        "admission.yaml",
        {
            "apiVersion": group,
            "kind": "AdmissionConfiguration",
            "plugins": [{"name": "MutatingAdmissionWebhook", "configuration": webhooks}],
        },
    )


def create_pod(test, place):
    body = {
        "metadata": {"generateName": "one-"},
        "spec": {"containers": [{"name": "c", "image": "example.org/one:1"}]},
    }
    status, answer, _ = test.cluster.request(
        "POST", f"/api/v1/namespaces/{place}/pods?dryRun=All", body
    )
    return status, (answer or {}).get("message", "")


def wait_refused(test, place, portside, why):
    def told():
        return [one for one in portside.records(msg="client refused") if why in one["cause"]]

    def refused():
        status, message = create_pod(test, place)
        return message if status != 201 and told() else None

    message = wait_until(f"'{why}' in the log", refused)
    check("failed calling webhook" in message, message)


def serve(portside, place, names):
    portside.stop()
    portside.options = ["--client-ca", path("ca.crt"), "--client-names", names]
    portside.start()
    made = hook(portside.url, place)
    for entry in made["webhooks"]:
        entry["clientConfig"]["caBundle"] = portside.certificates.bundle()
    return made


def test_only_api_servers_with_the_certificate_are_let_in(test):
    make_files()
    place = test.namespace(inject=False)
    labels = {"metadata": {"labels": {LABEL: place}}}
    test.cluster.request("PATCH", f"/api/v1/namespaces/{place}", labels, PATCH)
    portside = Portside(test.cluster, test.portside.binary, "portside-clients")
    try:
        status, body, _ = test.cluster.request(
            "POST", REGISTRATIONS, serve(portside, place, f"other,{NAME}")
        )
        check(status == 201, f"registration: {body}")
        wait_refused(test, place, portside, "the client showed no certificate")
        check(portside.plain("/healthz")[0] == 200, "the probe was refused as well")

        kill_api_server()
        start_api_server(f"--admission-control-config-file {path('admission.yaml')}")
        wait_until("the API server is let in", lambda: create_pod(test, place)[0] == 201)
        wait_until("a review", lambda: "portside_admission_requests_total{" in portside.plain("/metrics")[1])

        serve(portside, place, "another")
        wait_refused(test, place, portside, f"'/CN={NAME}': none of its names is in 'client-names'")
    finally:
        portside.stop()
        test.cluster.request("DELETE", f"{REGISTRATIONS}/{HOOK}")
        kill_api_server()
        start_api_server()
        wait_for_the_controller_manager(test)
