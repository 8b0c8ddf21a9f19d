{{- /* SPDX-License-Identifier: Apache-2.0 */}}
{{- /*
All objects are called `portside`, whatever the release is called: the label of a namespace means one
portside, so a second release in the cluster must be refused, and Helm does so for a name that is
taken.
*/}}

{{- define "portside.selector" -}}
app.kubernetes.io/name: portside
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "portside.labels" -}}
{{ include "portside.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "portside.image" -}}
{{- with .Values.image -}}
{{ .repository }}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- /* User name of the ServiceAccount. */}}
{{- define "portside.user" -}}
system:serviceaccount:{{ .Release.Namespace }}:portside
{{- end }}

{{- /*
A setting as text: numbers of a values file arrive as floating point, and YAML makes true and false of
on and off.
*/}}
{{- define "portside.setting" -}}
{{- if kindIs "float64" .value }}{{ int64 .value }}
{{- else if and (kindIs "bool" .value) (eq .key "controller") }}{{ ternary "on" "off" .value }}
{{- else }}{{ .value | toString | trim | replace "\n" "\n  " }}{{ end }}
{{- end }}

{{- /* The file that `portside serve --config` reads. */}}
{{- define "portside.settings" -}}
listen = :{{ int64 .Values.webhook.port }}
plain-listen = :{{ int64 .Values.metrics.port }}
{{- if eq .Values.certificates.mode "managed" }}
certificates = managed
tls-secret-name = {{ .Values.certificates.secretName }}
{{- else }}
certificates = files
tls-cert = /etc/portside/tls/tls.crt
tls-key = /etc/portside/tls/tls.key
tls-names = portside.{{ .Release.Namespace }}.svc{{ with index .Values.config "tls-names" }},{{ . }}{{ end }}
{{- if include "portside.tellsCa" . }}
tls-ca = /etc/portside/tls/ca.crt
{{- end }}
{{- end }}
{{- with .Values.webhook.clients.configMap }}
client-ca = /etc/portside/clients/ca.crt
{{- with $.Values.webhook.clients.names }}
client-names = {{ join "," . }}
{{- end }}
{{- end }}
{{- range $key, $value := .Values.config }}
{{- if or (ne $key "tls-names") (eq $.Values.certificates.mode "managed") }}
{{ $key }} = {{ include "portside.setting" (dict "key" $key "value" $value) }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Not empty if portside writes the caBundle of its registration. */}}
{{- define "portside.tellsCa" -}}
{{- if eq .Values.certificates.mode "managed" }}yes
{{- else if and (eq .Values.certificates.mode "secret") .Values.certificates.secretHasCa }}yes
{{- end }}
{{- end }}

{{- /* Seconds from SIGTERM to SIGKILL: the drain, and some for what is under way then. */}}
{{- define "portside.grace" -}}
{{- add (int64 (index .Values.config "drain-seconds" | default 10)) 20 }}
{{- end }}

{{- /* Namespaces that are asked about: labelled, and never those that portside itself needs. */}}
{{- define "portside.namespaces" -}}
matchLabels:
  portside.dev/inject: enabled
  {{- with .Values.webhook.namespaceSelector.matchLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
matchExpressions:
  - key: kubernetes.io/metadata.name
    operator: NotIn
    values: {{ list "kube-system" .Release.Namespace | uniq | toJson }}
  {{- with .Values.webhook.namespaceSelector.matchExpressions }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
