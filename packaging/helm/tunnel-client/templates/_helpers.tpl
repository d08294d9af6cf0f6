{{- define "tunnel-client.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "tunnel-client.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- $release := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- default $release .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "tunnel-client.selector" -}}
app.kubernetes.io/name: {{ include "tunnel-client.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tunnel-client.labels" -}}
{{ include "tunnel-client.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "tunnel-client.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{- define "tunnel-client.serviceAccount" -}}
{{ default (include "tunnel-client.fullname" .) .Values.serviceAccount.name }}
{{- end }}

{{/* The port of the health listener, as the configuration has it. */}}
{{- define "tunnel-client.healthPort" -}}
{{ .Values.config.health.listen_addr | splitList ":" | last }}
{{- end }}

{{/* What a container may do, as restricted Pod Security wants it. Landlock and seccomp of the client need none of what is taken. */}}
{{- define "tunnel-client.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop:
    - ALL
{{- end }}

{{/* "true" where MCP servers are in the pod, on stdio or beside the client: sessions live with them. */}}
{{- define "tunnel-client.single" -}}
{{- if or (.Values.config.mcp | default dict).commands .Values.server }}true{{ end }}
{{- end }}
