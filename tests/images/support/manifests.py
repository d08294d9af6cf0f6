"""Cases about the charts and the plain manifests, without running anything but the client's own check."""

from __future__ import annotations

import ipaddress
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

import pod_security
from cases import Case
from charts import changed, charts, examples, linted, rendered
from lab import PACKAGING, PROXY, ROOT, SERVICE, Lab, objects

MANIFESTS = ("deployment", "sidecar", "stdio", "relay")
# From the oldest that the charts say they take to the newest whose schemas there are.
API_VERSIONS = ("1.29", "1.31", "1.33", "1.35", "1.37")
CLIENT = PACKAGING / "helm/tunnel-client"
STRANGER = "203.0.113.7"


def pods(documents: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for each in documents:
        if each["kind"] == "Deployment":
            yield each["spec"]["template"]["spec"]


def of_kind(documents: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(each for each in documents if each["kind"] == kind)


def linted_strictly(_: Lab) -> list[str]:
    return [f"{chart.name}, {name}: {fault}" for chart in charts() for name, values in examples(chart).items()
            for fault in linted(chart, values)]  # fmt: skip


def manifests_are_rendered(_: Lab) -> list[str]:
    render = subprocess.run(
        [sys.executable, "-B", str(PACKAGING / "kubernetes/render"), "--check"], capture_output=True, text=True, check=False
    )
    return [] if render.returncode == 0 else (render.stdout + render.stderr).splitlines()


def schema_faults(document: dict[str, Any], version: str) -> list[str]:
    try:
        kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [f"{document['kind']} for {version}: {error.message}"]
    return []


def valid_for_the_api(_: Lab) -> list[str]:
    lines = [f"{name}: {fault}" for name in MANIFESTS for each in objects(name) for version in API_VERSIONS
             for fault in schema_faults(each, version)]  # fmt: skip
    # All that is optional, at once.
    values = changed(examples(CLIENT)["sidecar"], "hostUsers", False)
    for path, value in (
        ("image.digest", "sha256:" + "0" * 64),
        ("imagePullSecrets", [{"name": "registry"}]),
        ("env", [{"name": "TZ", "value": "UTC"}]),
        ("volumes", [{"name": "data", "emptyDir": {}}]),
        ("volumeMounts", [{"name": "data", "mountPath": "/data"}]),
        ("podAnnotations", {"a": "b"}),
        ("podLabels", {"a": "b"}),
        ("nodeSelector", {"a": "b"}),
        ("tolerations", [{"key": "a", "operator": "Exists"}]),
        ("affinity", {"nodeAffinity": {}}),
        ("priorityClassName", "high"),
        ("networkPolicy.metricsFrom", [{"podSelector": {}}]),
    ):
        values = changed(values, path, value)
    documents = rendered(CLIENT, values)
    lines += [fault for each in documents for fault in schema_faults(each, API_VERSIONS[-1])]
    lines += [fault for pod in pods(documents) for fault in pod_security.violations(pod)]
    # And the schemas find faults.
    deployment = of_kind(objects("deployment"), "Deployment")
    container = "spec.template.spec.containers.0"
    for path, value in (
        (f"{container}.securityContext.readOnlyRootFileSystem", True),
        (f"{container}.ports.0.containerPort", "8080"),
        ("spec.strategy.kind", "Recreate"),
    ):
        if not schema_faults(changed(deployment, path, value), API_VERSIONS[0]):
            lines.append(f"the schemas take {path}: {value!r}")
    return lines


def values_are_checked(_: Lab) -> list[str]:
    stdio, plain = examples(CLIENT)["stdio"], examples(CLIENT)["deployment"]
    lines = []
    for what, values, words in (
        ("an unknown value", changed(plain, "replica", 2), "replica"),
        ("a tunnel id with a fault", changed(plain, "config.control_plane.tunnel_id", "tunnel_x"), "tunnel_id"),
        ("no tunnel id", changed(plain, "config.control_plane.tunnel_id", None), "tunnel_id"),
        ("a key in clear", changed(plain, "config.control_plane.api_key", "sk-4711"), "api_key"),
        ("a digest with a fault", changed(plain, "image.digest", "sha256:1"), "digest"),
        ("no Secret", changed(plain, "secret.name", ""), "secret"),
        ("a server without an image", changed(plain, "server", {"name": "x"}), "server"),
        ("two clients with stdio servers", changed(stdio, "replicas", 2), "replicas to 1"),
        ("two clients with a sidecar", changed(examples(CLIENT)["sidecar"], "replicas", 2), "replicas to 1"),
    ):
        try:
            rendered(CLIENT, values)
            lines.append(f"taken: {what}")
        except Exception as error:  # noqa: BLE001, the library has many kinds
            if words not in str(error):
                lines.append(f"{what}: refused without {words!r}: {error}")
    relay = PACKAGING / "helm/tunnel-relay"
    try:
        rendered(relay, changed(examples(relay)["relay"], "hosts", []))
        lines.append("taken: a relay without a name")
    except Exception as error:  # noqa: BLE001, as above
        if "hosts" not in str(error):
            lines.append(f"a relay without a name: {error}")
    return lines


UNSAFE = (
    ("hostNetwork", True),
    ("hostPID", True),
    ("hostIPC", True),
    ("volumes.0", {"name": "x", "hostPath": {"path": "/"}}),
    ("securityContext.runAsUser", 0),
    ("securityContext.runAsNonRoot", False),
    ("securityContext.seccompProfile", {"type": "Unconfined"}),
    ("securityContext.seccompProfile", {}),
    ("securityContext.appArmorProfile", {"type": "Unconfined"}),
    ("securityContext.seLinuxOptions", {"type": "spc_t"}),
    ("securityContext.sysctls", [{"name": "kernel.msgmax", "value": "1"}]),
    ("containers.0.securityContext.privileged", True),
    ("containers.0.securityContext.allowPrivilegeEscalation", True),
    ("containers.0.securityContext.allowPrivilegeEscalation", None),
    ("containers.0.securityContext.capabilities", {}),
    ("containers.0.securityContext.capabilities", {"drop": ["NET_RAW"]}),
    ("containers.0.securityContext.capabilities", {"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
    ("containers.0.securityContext.procMount", "Unmasked"),
    ("containers.0.securityContext.runAsUser", 0),
    ("containers.0.securityContext.runAsNonRoot", False),
    ("containers.0.securityContext.seccompProfile", {"type": "Unconfined"}),
    ("containers.0.ports.0.hostPort", 8080),
    ("containers.0.livenessProbe.httpGet.host", "127.0.0.1"),
    ("initContainers.0.securityContext", {}),
)


def restricted(_: Lab) -> list[str]:
    lines = [f"{name}: {fault}" for name in MANIFESTS for pod in pods(objects(name))
             for fault in pod_security.violations(pod)]  # fmt: skip
    for name in MANIFESTS:
        for pod in pods(objects(name)):
            if pod["automountServiceAccountToken"] is not False or pod["enableServiceLinks"] is not False:
                lines.append(f"{name}: a token, or variables about services, reach the pod")
            lines += [f"{name}: the root of {each['name']} is writable" for _, each in pod_security.containers(pod)
                      if each["securityContext"].get("readOnlyRootFilesystem") is not True]  # fmt: skip
    sidecar = next(pods(objects("sidecar")))
    lines += [f"the rules take {path}: {value}" for path, value in UNSAFE
              if not pod_security.violations(changed(sidecar, path, value))]  # fmt: skip
    return lines


def lets_out(policy: dict[str, Any], address: str, port: int) -> bool:
    """Whether a policy lets its pod connect there: ports as numbers, and networks; who is behind a selector is not known."""
    for rule in policy["spec"].get("egress") or []:
        fits = not rule.get("ports") or any(each.get("port") == port for each in rule["ports"])
        networks = [each["ipBlock"]["cidr"] for each in rule.get("to", []) if "ipBlock" in each]
        everywhere = not rule.get("to")
        if fits and (everywhere or any(ipaddress.ip_address(address) in ipaddress.ip_network(each) for each in networks)):
            return True
    return False


def the_proxy_is_the_only_way_out(_: Lab) -> list[str]:
    lines = []
    for name in ("deployment", "sidecar", "stdio"):
        documents = objects(name)
        policy, deployment = of_kind(documents, "NetworkPolicy"), of_kind(documents, "Deployment")
        spec = policy["spec"]
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        if not spec["podSelector"]["matchLabels"].items() <= labels.items():
            lines.append(f"{name}: the policy does not select the pod")
        if spec["policyTypes"] != ["Ingress", "Egress"] or spec["ingress"] != []:
            lines.append(f"{name}: somebody may connect")
        if not lets_out(policy, PROXY, 3128):
            lines.append(f"{name}: the proxy cannot be reached")
        lines += [f"{name}: {address}:{port} can be reached" for address, port in
                  ((STRANGER, 443), (STRANGER, 3128), (PROXY, 443), (SERVICE, 3000), ("169.254.169.254", 80))
                  if lets_out(policy, address, port)]  # fmt: skip
        config = yaml.safe_load(of_kind(documents, "ConfigMap")["data"]["tunnel-client.yaml"])
        if config["control_plane"]["http_proxy"] != f"http://{PROXY}:3128" or not config["lockdown"]["require_proxy"]:
            lines.append(f"{name}: the configuration has another way out")
    relay = of_kind(objects("relay"), "NetworkPolicy")["spec"]
    if relay["egress"] != [] or "Egress" not in relay["policyTypes"]:
        lines.append("relay: it may connect to somebody")
    open_policy = of_kind(rendered(CLIENT, changed(examples(CLIENT)["stdio"], "networkPolicy.egress", [{}])), "NetworkPolicy")
    if not lets_out(open_policy, STRANGER, 443):
        lines.append("this test does not see an open policy")
    return lines


def seconds(name: str, file: str) -> int:
    text = (ROOT / file).read_text(encoding="utf-8")
    return int(re.search(rf"const {name}: Duration = Duration::from_secs\((\d+)\)", text)[1])  # type: ignore[index]


def time_to_end(_: Lab) -> list[str]:
    """The grace period is longer than the bounds of the programs themselves."""
    client = [seconds(f"DRAIN_{each}TIMEOUT", "src/limits.rs") for each in ("", "ANSWER_", "POLL_")]
    client += [seconds(f"BROKER_{each}_TIMEOUT", "src/limits/broker.rs") for each in ("CLEAR", "END")]
    relay = [seconds(each, "relay/src/limits.rs") for each in ("DRAIN", "DRAIN_CONNECTIONS")]
    lines = []
    for name in MANIFESTS:
        needed = sum(relay if name == "relay" else client)
        for pod in pods(objects(name)):
            if pod["terminationGracePeriodSeconds"] <= needed:
                lines.append(f"{name}: {pod['terminationGracePeriodSeconds']} s, and it may take {needed} s")
    return lines


def sessions_stay_together(_: Lab) -> list[str]:
    """Recreate where servers are in the pod; one after the other, without a gap, where they are elsewhere."""
    wanted = {"deployment": "RollingUpdate", "sidecar": "Recreate", "stdio": "Recreate", "relay": "Recreate"}
    found = {name: of_kind(objects(name), "Deployment")["spec"]["strategy"]["type"] for name in MANIFESTS}
    lines = [f"{name}: {found[name]}" for name in MANIFESTS if found[name] != wanted[name]]
    for server in next(pods(objects("sidecar")))["initContainers"]:
        if server["restartPolicy"] != "Always":
            lines.append("the server is no sidecar: the client would not start before it has ended")
    return lines


def versions_agree(_: Lab) -> list[str]:
    version = re.search(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(encoding="utf-8"), re.MULTILINE)[1]  # type: ignore[index]
    lines = []
    for chart in charts():
        facts = yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))
        lines += [f"{chart.name}: {key} is {facts[key]} and not {version}" for key in ("version", "appVersion")
                  if facts[key] != version]  # fmt: skip
        oldest = facts["kubeVersion"]
        if API_VERSIONS[0] not in oldest:
            lines.append(f"{chart.name}: kubeVersion is {oldest}; the oldest one that is tried is {API_VERSIONS[0]}")
    return lines


def a_changed_configuration_restarts(_: Lab) -> list[str]:
    values = examples(CLIENT)["deployment"]
    seen = []
    for level in ("info", "warn", "info"):
        deployment = of_kind(rendered(CLIENT, changed(values, "config.log.level", level)), "Deployment")
        seen.append(json.dumps(deployment["spec"]["template"]["metadata"]["annotations"]))
    return [] if seen[0] == seen[2] != seen[1] else [f"annotations: {seen}"]


def paths_are_mounted(_: Lab) -> list[str]:
    """Each file that the configuration names lies in a mount of the container, and each mount in the image or a volume."""
    lines = []
    for name in ("deployment", "sidecar", "stdio"):
        documents = objects(name)
        pod = next(pods(documents))
        container = pod["containers"][0]
        mounts = [Path(each["mountPath"]) for each in container["volumeMounts"]]
        text = of_kind(documents, "ConfigMap")["data"]["tunnel-client.yaml"]
        named = [Path(each) for each in re.findall(r"/etc/tunnel-client/\S+", text)]
        named.append(Path(container["args"][-1]))
        lines += [f"{name}: {each} is not mounted" for each in named if each.parent not in mounts]
        volumes = {each["name"] for each in pod["volumes"]}
        lines += [f"{name}: no volume {each['name']}" for each in container["volumeMounts"] if each["name"] not in volumes]
        if len(named) < 3:
            lines.append(f"{name}: this test sees {named} only")
    return lines


CASES = (
    Case("chart: lint finds nothing, strictly", linted_strictly),
    Case("chart: values with a fault are refused, and the refusal names them", values_are_checked),
    Case("chart: its version is that of the programs", versions_agree),
    Case("chart: a changed configuration restarts the client", a_changed_configuration_restarts),
    Case("manifests: they are what the charts render", manifests_are_rendered),
    Case(f"manifests: valid for the API of Kubernetes {' '.join(API_VERSIONS)}, strictly", valid_for_the_api),
    Case("manifests: restricted Pod Security, and a read-only root", restricted),
    Case("manifests: the proxy is the only way out", the_proxy_is_the_only_way_out),
    Case("manifests: the grace period is longer than the end of the programs may take", time_to_end),
    Case("manifests: sessions of servers in the pod are not divided between two pods", sessions_stay_together),
    Case("manifests: each configured file is mounted", paths_are_mounted),
)
