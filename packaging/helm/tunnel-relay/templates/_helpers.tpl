{{- define "tunnel-relay.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "tunnel-relay.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- $release := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- default $release .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "tunnel-relay.selector" -}}
app.kubernetes.io/name: {{ include "tunnel-relay.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tunnel-relay.labels" -}}
{{ include "tunnel-relay.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "tunnel-relay.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{- define "tunnel-relay.serviceAccount" -}}
{{ default (include "tunnel-relay.fullname" .) .Values.serviceAccount.name }}
{{- end }}
