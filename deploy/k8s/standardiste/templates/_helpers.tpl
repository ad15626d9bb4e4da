{{/* The name of the release's parts: what every object begins with. */}}
{{- define "standardiste.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Labels of one service. Takes a dict with root and service. */}}
{{- define "standardiste.labels" -}}
app.kubernetes.io/name: standardiste
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .service }}
{{- end -}}

{{- define "standardiste.image" -}}
{{ .root.Values.image.repository }}-{{ .service }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end -}}

{{/* The settings of one service as environment. Takes a dict with root and own (the service's own settings). */}}
{{- define "standardiste.environment" -}}
- {name: STANDARDISTE_BUS, value: {{ .root.Values.bus.url | quote }}}
- name: STANDARDISTE_STORE
  valueFrom: {secretKeyRef: {name: {{ .root.Values.store.secret }}, key: url}}
- name: STANDARDISTE_BLOBS
  valueFrom: {secretKeyRef: {name: {{ .root.Values.store.secret }}, key: url}}
- {name: STANDARDISTE_SECRETS_FOLDER, value: /etc/standardiste/secrets}
- {name: STANDARDISTE_HOST, value: "0.0.0.0"}
- {name: STANDARDISTE_PORT, value: "8080"}
- {name: STANDARDISTE_PUBLIC_URL, value: {{ .root.Values.publicUrl | quote }}}
- {name: STANDARDISTE_TRUSTED_PROXIES, value: {{ .root.Values.trustedProxies | default "*" | quote }}}
- {name: STANDARDISTE_LOG_LEVEL, value: {{ .root.Values.logLevel }}}
- name: HOSTNAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{- with .root.Values.otlpEndpoint }}
- {name: STANDARDISTE_OTLP_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{- range $name, $value := merge (dict) (.own | default dict) .root.Values.settings }}
- {name: STANDARDISTE_{{ $name | upper }}, value: {{ $value | quote }}}
{{- end }}
{{- end -}}

{{/* What every pod mounts. Takes a dict with root and holdsPrivateKey. */}}
{{- define "standardiste.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
- name: secrets
  secret:
    secretName: {{ .root.Values.secrets.name }}
    defaultMode: 0440
    items:
      - {key: installation.key, path: installation.key}
      - {key: token-public.pem, path: token-public.pem}
      {{- if .holdsPrivateKey }}
      - {key: token-private.pem, path: token-private.pem}
      {{- end }}
{{- with .root.Values.bus.secret }}
- name: bus
  secret: {secretName: {{ . }}, defaultMode: 0440}
{{- end }}
{{- end -}}

{{- define "standardiste.mounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: secrets, mountPath: /etc/standardiste/secrets, readOnly: true}
{{- if .Values.bus.secret }}
- {name: bus, mountPath: /etc/standardiste/bus, readOnly: true}
{{- end }}
{{- end -}}
