{{- define "countersign.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "countersign.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "countersign.labels" -}}
{{ include "countersign.selector" . }}
app.kubernetes.io/version: {{ .root.Values.image.tag | default .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "countersign.image" -}}
{{ printf "%s/%s:%s" .root.Values.image.repository .name (.root.Values.image.tag | default .root.Chart.AppVersion) }}
{{- end -}}

{{- define "countersign.containerSecurity" -}}
securityContext:
  readOnlyRootFilesystem: true
  allowPrivilegeEscalation: false
  capabilities: { drop: [ALL] }
{{- end -}}

{{/* What all pods have in common: root, user, group. */}}
{{- define "countersign.podSpec" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .user }}
  runAsGroup: {{ .group }}
  # Mounted secrets belong to root; their group lets the process read them.
  fsGroup: {{ .group }}
  seccompProfile: { type: RuntimeDefault }
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- end -}}

{{- define "countersign.secretName" -}}
{{ .Values.secrets.existing | default (printf "%s-secrets" (include "countersign.fullname" .)) }}
{{- end -}}

{{/* Where one of the secrets is: root, item. */}}
{{- define "countersign.secretNameOf" -}}
{{- $isUrl := has .item (list "database-url" "redis-url" "verifier-redis-url" "browser-redis-url" "redis-acl" "smtp-url") -}}
{{- if and $isUrl (not .root.Values.secrets.existing) -}}
{{ include "countersign.fullname" .root }}-urls
{{- else -}}
{{ include "countersign.secretName" .root }}
{{- end -}}
{{- end -}}

{{/* A volume with the secrets that one kind of pod may know, and no others. */}}
{{- define "countersign.secretVolume" -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
    {{- $root := .root }}
    {{- range .items }}
      {{- $from := get $root.Values.secrets.from . | default dict }}
      - secret:
          name: {{ $from.name | default (include "countersign.secretNameOf" (dict "root" $root "item" .)) }}
          items: [{ key: {{ $from.key | default . }}, path: {{ . }} }]
    {{- end }}
{{- end -}}

{{- define "countersign.secretMount" -}}
- { name: secrets, mountPath: /run/countersign, readOnly: true }
{{- end -}}

{{/* The same for each service: component, values, image, port, managementPort, env, secrets; logo for the pages. */}}
{{- define "countersign.service" -}}
{{- $root := .root -}}
{{- $fullname := printf "%s-%s" (include "countersign.fullname" $root) .component -}}
{{- $selector := include "countersign.selector" . -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $fullname }}
  labels: {{- include "countersign.labels" . | nindent 4 }}
spec:
  {{- if not .values.autoscaling.enabled }}
  replicas: {{ .values.replicas }}
  {{- end }}
  # A new pod is ready before an old one ends.
  strategy: { type: RollingUpdate, rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }
  selector:
    matchLabels: {{- $selector | nindent 6 }}
  template:
    metadata:
      labels: {{- include "countersign.labels" . | nindent 8 }}
      {{- with .values.podAnnotations }}
      annotations: {{ toJson . }}
      {{- end }}
    spec:
      {{- include "countersign.podSpec" (dict "root" $root "user" 1000 "group" 1000) | nindent 6 }}
      # Requests under way have 10 seconds after the delay.
      terminationGracePeriodSeconds: {{ add $root.Values.shutdownDelaySeconds 25 }}
      {{- with .values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      topologySpreadConstraints:
        {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
        - maxSkew: 1
          topologyKey: {{ . }}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- $selector | nindent 14 }}
        {{- end }}
      {{- with .values.nodeSelector }}
      nodeSelector: {{ toJson . }}
      {{- end }}
      {{- with .values.tolerations }}
      tolerations: {{ toJson . }}
      {{- end }}
      {{- with .values.affinity }}
      affinity: {{ toJson . }}
      {{- end }}
      containers:
        - name: {{ .component }}
          image: {{ include "countersign.image" (dict "root" $root "name" .image) }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          {{- include "countersign.containerSecurity" . | nindent 10 }}
          ports:
            - { name: http, containerPort: {{ .port }} }
            - { name: management, containerPort: {{ .managementPort }} }
          env:
            {{- $defaults := dict "PORT" .port "MANAGEMENT_PORT" .managementPort "LOG_LEVEL" $root.Values.logLevel "TRUSTED_PROXY_HOPS" $root.Values.trustedProxyHops "SHUTDOWN_DELAY_SECONDS" $root.Values.shutdownDelaySeconds }}
            {{- range $name, $value := mergeOverwrite $defaults .env .values.env }}
            - { name: {{ $name }}, value: {{ $value | toString | quote }} }
            {{- end }}
          # A start on a slow node may take a while; afterwards only a process that hangs is restarted.
          startupProbe: { httpGet: { path: /health/live, port: management }, periodSeconds: 2, timeoutSeconds: 3, failureThreshold: 60 }
          livenessProbe: { httpGet: { path: /health/live, port: management }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 }
          readinessProbe: { httpGet: { path: /health/ready, port: management }, periodSeconds: 2, timeoutSeconds: 3, failureThreshold: 2 }
          resources: {{ toJson .values.resources }}
          volumeMounts:
            {{- include "countersign.secretMount" . | nindent 12 }}
            {{- if .logo }}
            - { name: branding, mountPath: /run/branding, readOnly: true }
            {{- end }}
      volumes:
        {{- include "countersign.secretVolume" (dict "root" $root "items" .secrets) | nindent 8 }}
        {{- with .logo }}
        - name: branding
          {{- if .configMap }}
          configMap: { name: {{ .configMap }}, items: [{ key: {{ .key }}, path: logo }] }
          {{- else }}
          secret: { secretName: {{ .secret }}, items: [{ key: {{ .key }}, path: logo }] }
          {{- end }}
        {{- end }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $fullname }}
  labels: {{- include "countersign.labels" . | nindent 4 }}
  {{- with .values.service.annotations }}
  annotations: {{ toJson . }}
  {{- end }}
spec:
  type: {{ .values.service.type }}
  selector: {{- $selector | nindent 4 }}
  ports:
    - name: http
      port: {{ .port }}
      targetPort: http
      # Named, since servers before 1.21 need it for a server-side apply.
      protocol: TCP
      {{- with .values.service.nodePort }}
      nodePort: {{ . }}
      {{- end }}
{{- if $root.Values.podDisruptionBudgets }}
---
apiVersion: {{ ternary "policy/v1" "policy/v1beta1" (semverCompare ">=1.21-0" $root.Capabilities.KubeVersion.Version) }}
kind: PodDisruptionBudget
metadata:
  name: {{ $fullname }}
  labels: {{- include "countersign.labels" . | nindent 4 }}
spec:
  # One at a time, also where there is only one: a node can be drained in any case.
  maxUnavailable: 1
  selector:
    matchLabels: {{- $selector | nindent 6 }}
{{- end }}
{{- with .values.autoscaling }}
{{- if .enabled }}
---
apiVersion: {{ ternary "autoscaling/v2" "autoscaling/v2beta2" (semverCompare ">=1.23-0" $root.Capabilities.KubeVersion.Version) }}
kind: HorizontalPodAutoscaler
metadata:
  name: {{ $fullname }}
  labels: {{- include "countersign.labels" $ | nindent 4 }}
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: {{ $fullname }} }
  minReplicas: {{ .minReplicas }}
  maxReplicas: {{ .maxReplicas }}
  metrics:
    - type: Resource
      resource: { name: cpu, target: { type: Utilization, averageUtilization: {{ .targetCPUPercent }} } }
{{- end }}
{{- end }}
{{- end -}}


{{- define "countersign.data" -}}
{{- if not .persistence.enabled -}}
- { name: data, emptyDir: {} }
{{- end -}}
{{- end -}}

{{- define "countersign.claim" -}}
{{- if .persistence.enabled -}}
volumeClaimTemplates:
  - metadata: { name: data }
    spec:
      accessModes: [ReadWriteOnce]
      {{- with .persistence.storageClass }}
      storageClassName: {{ . }}
      {{- end }}
      resources: { requests: { storage: {{ .persistence.size }} } }
{{- end -}}
{{- end -}}
