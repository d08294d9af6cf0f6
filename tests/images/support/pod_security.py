"""The level `restricted` of the Pod Security Standards, which includes `baseline`, as rules about a pod.

Source: kubernetes.io/docs/concepts/security/pod-security-standards, as of Kubernetes 1.34.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
}  # fmt: skip
SELINUX_TYPES = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def violations(pod: dict[str, Any]) -> list[str]:
    return list(of_pod(pod)) + [f"{name}: {fault}" for name, each in containers(pod) for fault in of_container(each, pod)]


def containers(pod: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for each in pod.get(kind, []):
            yield each.get("name", "?"), each


def of_pod(pod: dict[str, Any]) -> Iterator[str]:
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(name):
            yield f"{name} is set"
    for volume in pod.get("volumes", []):
        kinds = set(volume) - {"name"}
        if not kinds <= VOLUMES:
            yield f"volume {volume['name']} is of the kind {', '.join(sorted(kinds))}"
    yield from of_context(pod.get("securityContext", {}))
    for sysctl in pod.get("securityContext", {}).get("sysctls", []):
        if sysctl.get("name") not in SYSCTLS:
            yield f"sysctl {sysctl.get('name')}"


def of_context(context: dict[str, Any]) -> Iterator[str]:
    """What pods and containers share."""
    if context.get("runAsUser") == 0:
        yield "runAsUser is 0"
    if context.get("runAsNonRoot") is False:
        yield "runAsNonRoot is false"
    if context.get("seccompProfile", {}).get("type", "RuntimeDefault") not in ("RuntimeDefault", "Localhost"):
        yield f"seccompProfile is {context['seccompProfile']['type']}"
    if context.get("appArmorProfile", {}).get("type", "RuntimeDefault") not in ("RuntimeDefault", "Localhost"):
        yield f"appArmorProfile is {context['appArmorProfile']['type']}"
    options = context.get("seLinuxOptions", {})
    if options.get("type", "") not in SELINUX_TYPES or options.get("user") or options.get("role"):
        yield "seLinuxOptions are the pod's own"
    if context.get("windowsOptions", {}).get("hostProcess"):
        yield "hostProcess is set"


def of_container(container: dict[str, Any], pod: dict[str, Any]) -> Iterator[str]:
    context, outer = container.get("securityContext", {}), pod.get("securityContext", {})
    yield from of_context(context)
    if context.get("privileged"):
        yield "privileged is set"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"
    capabilities = context.get("capabilities", {})
    if "ALL" not in capabilities.get("drop", []):
        yield "capabilities are not all dropped"
    if not set(capabilities.get("add", [])) <= {"NET_BIND_SERVICE"}:
        yield f"capabilities are added: {', '.join(capabilities['add'])}"
    if context.get("procMount", "Default") != "Default":
        yield f"procMount is {context['procMount']}"
    if not (context.get("runAsNonRoot") or ("runAsNonRoot" not in context and outer.get("runAsNonRoot"))):
        yield "runAsNonRoot is not set"
    if "type" not in {**outer.get("seccompProfile", {}), **context.get("seccompProfile", {})}:
        yield "seccompProfile is not set"
    if any(port.get("hostPort") for port in container.get("ports", [])):
        yield "hostPort is set"
    handlers = [container.get(name, {}) for name in PROBES] + list(container.get("lifecycle", {}).values())
    if any(isinstance(each, dict) and each.get(kind, {}).get("host") for each in handlers for kind in ("httpGet", "tcpSocket")):
        yield "a probe or hook names a host"
