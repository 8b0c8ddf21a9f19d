# SPDX-License-Identifier: Apache-2.0
"""What must be true of the chart, whatever the values."""

import json
import os
import re
import subprocess
import tempfile

import yaml
from render import BUILD, CHART, NAMESPACE, PORTSIDE, RELEASE, ROOT, load, values_file

REGISTRATION = load(os.path.join(CHART, "files", "webhook.yaml"))


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def generated_is_current():
    process = subprocess.run(
        [
            os.path.join(ROOT, "tools", "docs", "chart"),
            os.path.join(BUILD, "tests", "unit", "configuration_table"),
            "--check",
        ],
        text=True,
        capture_output=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr


def versions_agree():
    wanted = re.search(r"project\(portside\s+VERSION ([0-9.]+)", read(ROOT, "CMakeLists.txt"))[1]
    assert load(os.path.join(CHART, "Chart.yaml"))["appVersion"] == wanted


def dashboard_knows_its_metrics():
    """Each series that a panel asks for is a name in the program."""
    with open(PORTSIDE, "rb") as file:
        program = file.read()
    panels = json.loads(read(CHART, "files", "dashboard.json"))["panels"]
    asked = {
        name.removesuffix("_bucket")
        for panel in panels
        for target in panel["targets"]
        for name in re.findall(r"portside_[a-z_]+", target["expr"])
    }
    assert len(asked) > 5, asked
    unknown = [name for name in asked if name.encode() + b"\0" not in program]
    assert not unknown, unknown


def every_rule_says_what_for():
    for name, least in (("rbac.yaml", 6), ("test.yaml", 4)):
        lines = read(CHART, "templates", name).splitlines()
        rules = [at for at, line in enumerate(lines) if line.startswith("  - apiGroups:")]
        assert len(rules) >= least
        for at in rules:
            above = lines[at - 1]
            second = "resourceNames" in lines[at + 2]  # of two for the same, by their nature
            assert above.startswith("  #") or second, f"{name}:{at + 1}: no comment"


def documented_values_are_tried():
    """The values that docs/configure.md shows are those that are rendered here."""
    page = read(ROOT, "docs", "configure.md")
    shown = re.findall(r"^```yaml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    tried = load(values_file("documented"))
    assert [yaml.safe_load(one) for one in shown] == [tried], f"{shown} and {tried}"


# Of anything a little. What the schema takes of these, the program must take as well.
SAMPLES = (
    *("", "true", True, False, 5, -5, 70000, 31000, "31000", "nonsense value", "a", "A", "a.b", "a,b"),
    *("PLAINTEXT", "NodePort", "None", "NodePort,None", "ExternalIP", "ExternalIP,Hostname", "IPv4", "IPv4,IPv6"),
    *("Local", "wait", "env", "hook", "none", "required", "apache", "deny", "debug", "auto", "SingleStack"),
    *("10m", "1m30s", "a=b", "a: b", "10.0.0.0/8", "10.0.0.1", "10.0.0.1,10.0.0.2", "example.com/a"),
    *("{pod}.example.com", "{ordinal + 9000}", "30000-30100", "a\nb", "a=b\n\nc=d\n", "a: b\nc: d"),
)
# These say more than one value can: which other annotation it needs, or which policy it breaks.
NEEDS_MORE = {
    "policy-types",
    "default-listeners",
    "default-node-port-base",
    "default-bootstrap-node-port",
    "default-service-annotations",
    "default-bootstrap-annotations",
}


def takes(rule, value):
    """What a rule of the schema's part `config` says: those know only these words."""
    assert set(rule) <= {"type", "enum", "pattern", "minimum", "maximum"}, rule
    if "enum" in rule:
        return any(value == one and isinstance(value, type(one)) for one in rule["enum"])
    kinds = {"string": str, "integer": int}
    wanted = [rule["type"]] if isinstance(rule["type"], str) else rule["type"]
    if isinstance(value, bool) or not isinstance(value, tuple(kinds[one] for one in wanted)):
        return False
    if isinstance(value, int):
        return rule["minimum"] <= value <= rule["maximum"]
    return "pattern" not in rule or re.search(rule["pattern"].removesuffix("$") + r"\Z", value) is not None


def refusal(key, value):
    """What the program says of a setting; it ends because it cannot listen there. '': it takes it."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if key == "controller" and isinstance(value, bool):
        text = "on" if value else "off"
    others = {"listen": "203.0.113.1:1", "controller": "off", "tls-cert": "/none", "tls-key": "/none"}
    text = text.strip().replace("\n", "\n  ")
    lines = [f"{name} = {one}" for name, one in (others | {key: text}).items()]
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        process = subprocess.run(
            [PORTSIDE, "serve", "--config", file.name, "--kubeconfig", "/none"],
            text=True,
            capture_output=True,
            timeout=20,
            check=False,
        )
    assert process.returncode in (1, 2), process.stderr
    return process.stderr if process.returncode == 2 else ""


def schema_takes_what_the_program_takes():
    """Both ways: nothing that the program refuses, and all that it has as a default."""
    rules = load(os.path.join(CHART, "values.schema.json"))["properties"]["config"]["properties"]
    table = json.loads(
        subprocess.run([os.path.join(BUILD, "tests", "unit", "configuration_table")], check=True, capture_output=True).stdout
    )
    fallbacks = {key["name"]: key["fallback"] for key in table["keys"]}
    fallbacks |= {f"default-{one['name']}": one["fallback"] for one in table["annotations"]}
    tried, wrong = 0, []
    for key, rule in rules.items():
        fallback = fallbacks[key]
        number = int(fallback) if fallback.isdigit() else fallback
        assert takes(rule, fallback) or takes(rule, number), f"{key}: refuses the default '{fallback}'"
        for value in SAMPLES:
            if takes(rule, value) and not (value and key in NEEDS_MORE):
                tried += 1
                said = refusal(key, value)
                wrong += [f"{key}={value!r}: {said}"] if said else []
    assert not wrong, "".join(wrong)
    assert tried > 2 * len(rules), tried


def of_the_tree():
    for check in (
        schema_takes_what_the_program_takes,
        documented_values_are_tried,
        generated_is_current,
        versions_agree,
        dashboard_knows_its_metrics,
        every_rule_says_what_for,
    ):
        yield check.__name__.replace("_", " "), check


def same_twice(rendered):
    assert rendered.template()[1] == rendered.text


def webhook_is_that_of_the_file(rendered):
    """Rules, conditions and what is fixed are those that the tests use."""
    made = rendered.get("MutatingWebhookConfiguration")["webhooks"]
    assert len(made) == len(REGISTRATION["webhooks"]) == 2
    for got, wanted in zip(made, REGISTRATION["webhooks"], strict=True):
        for key in ("name", "rules", "matchConditions", "sideEffects", "reinvocationPolicy"):
            assert got[key] == wanted[key], f"{key}: {got[key]}"
        assert got["admissionReviewVersions"] == wanted["admissionReviewVersions"]
        assert got["timeoutSeconds"] == rendered.value("webhook.timeoutSeconds", 5)
    assert made[0]["failurePolicy"] == rendered.value("webhook.failurePolicy", "Fail")
    assert made[1]["failurePolicy"] == "Ignore"


def webhook_spares_what_it_needs(rendered):
    for webhook in rendered.get("MutatingWebhookConfiguration")["webhooks"]:
        selector = webhook["namespaceSelector"]
        assert selector["matchLabels"]["portside.dev/inject"] == "enabled"
        excluded = selector["matchExpressions"][0]
        assert excluded == {
            "key": "kubernetes.io/metadata.name",
            "operator": "NotIn",
            "values": ["kube-system", NAMESPACE],
        }
        own = rendered.value("webhook.namespaceSelector.matchExpressions", [])
        assert selector["matchExpressions"][1:] == own


def no_secret_is_rendered(rendered):
    assert not any(kind == "Secret" for kind, _ in rendered.objects)
    for webhook in rendered.get("MutatingWebhookConfiguration")["webhooks"]:
        assert "caBundle" not in webhook["clientConfig"]
        assert webhook["clientConfig"]["service"]["namespace"] == NAMESPACE


def pods_are_restricted(rendered):
    """Pod Security *restricted*; a real API server judges it in tests/e2e/run-chart."""
    pod = rendered.pod()
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 65532
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    assert pod.get("hostNetwork", False) == rendered.value("hostNetwork", False)


def there_is_time_to_drain(rendered):
    drain = rendered.value("config.drain-seconds", 10)
    assert rendered.pod()["terminationGracePeriodSeconds"] > drain + 10


def replicas_survive(rendered):
    replicas = rendered.value("replicas", 2)
    assert rendered.get("Deployment")["spec"]["replicas"] == replicas
    assert rendered.has("PodDisruptionBudget") == (replicas > 1)
    keys = [one["topologyKey"] for one in rendered.pod()["topologySpreadConstraints"]]
    assert keys == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
    rolling = rendered.get("Deployment")["spec"]["strategy"]["rollingUpdate"]
    host = rendered.value("hostNetwork", False)
    assert rolling == {"maxSurge": 0 if host else 1, "maxUnavailable": 1 if host else 0}


def labels_select(rendered):
    """What selects pods is on the pods, and marks the chart's own objects as Helm's, not portside's."""
    labels = rendered.get("Deployment")["spec"]["template"]["metadata"]["labels"]
    selector = {"app.kubernetes.io/name": "portside", "app.kubernetes.io/instance": RELEASE}
    assert selector.items() <= labels.items()
    assert rendered.get("Deployment")["spec"]["selector"]["matchLabels"] == selector
    assert rendered.get("Service")["spec"]["selector"] == selector
    for one in rendered.objects.values():
        assert one["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "Helm"


def ports_meet(rendered):
    ports = {one["name"]: one["containerPort"] for one in rendered.pod()["containers"][0]["ports"]}
    assert ports == {
        "webhook": rendered.value("webhook.port", 8443),
        "metrics": rendered.value("metrics.port", 8080),
    }
    settings = rendered.get("ConfigMap")["data"]["portside.conf"]
    assert f"\nplain-listen = :{ports['metrics']}\n" in settings
    assert settings.startswith(f"listen = :{ports['webhook']}\n")


def certificates_of_others_must_name_the_service(rendered):
    settings = rendered.get("ConfigMap")["data"]["portside.conf"]
    more = rendered.value("config.tls-names", "")
    if rendered.value("certificates.mode", "managed") == "managed":
        wanted = [f"tls-names = {more}"] if more else []
    else:
        wanted = [f"tls-names = portside.{NAMESPACE}.svc" + (f",{more}" if more else "")]
    assert [line for line in settings.splitlines() if line.startswith("tls-names")] == wanted, settings


def clients_are_checked_if_asked(rendered):
    """The file that the settings name is the key that the value names."""
    wanted = rendered.value("webhook.clients.configMap", "")
    settings = rendered.get("ConfigMap")["data"]["portside.conf"]
    assert ("\nclient-ca = /etc/portside/clients/ca.crt\n" in settings) == bool(wanted)
    volumes = [one for one in rendered.pod()["volumes"] if one["name"] == "clients"]
    assert [one["configMap"]["name"] for one in volumes] == ([wanted] if wanted else [])
    for one in volumes:
        key = rendered.value("webhook.clients.key", "ca.crt")
        assert one["configMap"]["items"] == [{"key": key, "path": "ca.crt"}]
        assert f"\nclient-names = {','.join(rendered.value('webhook.clients.names', []))}\n" in settings
    mounts = rendered.pod()["containers"][0]["volumeMounts"]
    paths = [one["mountPath"] for one in mounts if one["name"] == "clients"]
    assert paths == (["/etc/portside/clients"] if wanted else [])


def program_takes_the_settings(rendered):
    """An unknown key as the last line is refused by its number: all before it were taken."""
    settings = rendered.get("ConfigMap")["data"]["portside.conf"].rstrip("\n")
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(settings + "\nend-of-settings = 1\n")
        file.flush()
        process = subprocess.run(
            [PORTSIDE, "serve", "--config", file.name],
            text=True,
            capture_output=True,
            timeout=20,
            check=False,
        )
    last = f"line {settings.count(chr(10)) + 2}: unknown key 'end-of-settings'"
    assert last in process.stderr, process.stderr


def roles_are_least(rendered):
    made = rendered.value("rbac.create", True)
    for kind in ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"):
        assert rendered.has(kind) == made, kind
    if not made:
        return
    for rule in rendered.get("ClusterRole")["rules"] + rendered.get("Role")["rules"]:
        assert "*" not in yaml.safe_dump(rule) and "update" not in rule["verbs"], rule
        named = "resourceNames" in rule or rule["verbs"] == ["create"]
        guarded = {"secrets", "mutatingwebhookconfigurations", "leases"} & set(rule["resources"])
        assert named or not guarded, rule
    rules = [one["resources"] for one in rendered.get("Role")["rules"]]
    mode = rendered.value("certificates.mode", "managed")
    assert (["secrets"] in rules) == (mode == "managed")
    rules = [one["resources"] for one in rendered.get("ClusterRole")["rules"]]
    tells = mode == "managed"
    if mode == "secret":
        tells = rendered.value("certificates.secretHasCa", True)
    assert (["mutatingwebhookconfigurations"] in rules) == tells


def helm_test_may_do_little(rendered):
    """All of it is a hook of the pod's name, as --logs wants; its account has what the trial takes,
    and its pod gets no reviews."""
    ours = [one for one in rendered.listed if "helm.sh/hook" in one["metadata"].get("annotations", {})]
    assert {one["metadata"]["name"] for one in ours} == {"portside-test"}
    assert {one["metadata"]["annotations"]["helm.sh/hook"] for one in ours} == {"test"}
    made = rendered.value("rbac.create", True)
    assert len(ours) == (9 if made else 3)
    rules = [
        (one["metadata"].get("namespace"), *rule["resources"], *rule["verbs"], *rule.get("resourceNames", ["any"]))
        for one in ours
        for rule in one.get("rules", [])
    ]
    wanted = [
        (None, "mutatingwebhookconfigurations", "get", "portside"),
        (NAMESPACE, "leases", "get", "portside"),
        ("portside-test", "statefulsets", "create", "any"),
        ("portside-test", "namespaces", "get", "portside-test"),
    ]
    assert rules == (wanted if made else []), rules
    labels = rendered.get("Namespace", "portside-test")["metadata"]["labels"]
    asked = rendered.get("MutatingWebhookConfiguration")["webhooks"][0]["namespaceSelector"]["matchLabels"]
    assert asked.items() <= labels.items()
    pod = rendered.get("Pod", "portside-test")
    assert not rendered.get("Service")["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    assert pod["spec"]["containers"][0]["image"] == rendered.pod()["containers"][0]["image"]
    assert pod["spec"]["containers"][0]["securityContext"] == rendered.pod()["containers"][0]["securityContext"]


def of_rendered(rendered):
    for check in (
        same_twice,
        webhook_is_that_of_the_file,
        webhook_spares_what_it_needs,
        no_secret_is_rendered,
        pods_are_restricted,
        there_is_time_to_drain,
        replicas_survive,
        labels_select,
        ports_meet,
        certificates_of_others_must_name_the_service,
        clients_are_checked_if_asked,
        program_takes_the_settings,
        roles_are_least,
        helm_test_may_do_little,
    ):
        title = f"{rendered.name}: {check.__name__.replace('_', ' ')}"
        yield title, lambda check=check: check(rendered)
