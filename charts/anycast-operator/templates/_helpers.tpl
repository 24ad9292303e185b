{{/* Names are fixed: definitions and classes belong to the whole cluster, so there is one installation in it. */}}

{{- define "anycast.labels" -}}
app.kubernetes.io/name: anycast-operator
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: anycast-operator
{{- end }}

{{- define "anycast.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* The name that speakers dial, and that the operators' certificate is for. */}}
{{- define "anycast.serverName" -}}
anycast-operator.{{ .Release.Namespace }}.svc
{{- end }}

{{- define "anycast.tlsSecret" -}}
{{ .Values.tls.secretName | default "anycast-operator-tls" }}
{{- end }}

{{/* What no container of ours needs. Sessions are opened by us: not even the right to listen on port 179. Ends with the capabilities, so that one can be added. */}}
{{- define "anycast.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop:
    - ALL
{{- end }}

{{- define "anycast.probes" -}}
startupProbe:
  httpGet: { path: /livez, port: http }
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /livez, port: http }
  periodSeconds: 10
  timeoutSeconds: 5
readinessProbe:
  httpGet: { path: /readyz, port: http }
  periodSeconds: 5
  timeoutSeconds: 2
{{- end }}
