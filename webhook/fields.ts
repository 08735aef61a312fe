import { PRIORITY_CLASSES, TERMINATION_MESSAGES } from '../config/pod-bounds.ts'

/**
 * Every field of a pod's spec that Kubernetes 1.37 knows, decided. A field that is not here is refused, so that what
 * Kubernetes learns after us stays shut until somebody has thought about it; a test reads the API server's own
 * description and names each field that is missing.
 */

/** Says nothing about anybody else, or its values are bounded by Kubernetes: taken as it is. */
export interface Free {
  readonly is: 'free'
}
/** Another rule looks at its value: the file that does. */
export interface Judged {
  readonly is: 'judged'
  readonly by: 'privileges' | 'volumes' | 'mounts' | 'environment'
}
/** An object or a list of objects, whose fields are decided in their own table. */
export interface Inside {
  readonly is: 'inside'
  readonly table: string
}
/** Some values only; nothing said is one of them. */
export interface Only {
  readonly is: 'only'
  readonly values: readonly unknown[]
  readonly mend: string
}
/** Never, and why. */
export interface Shut {
  readonly is: 'refused'
  readonly why: string
  readonly mend: string
}
export type FieldDecision = Free | Judged | Inside | Only | Shut

const free: Free = { is: 'free' }
const judged = (by: Judged['by']): Judged => ({ is: 'judged', by })
const inside = (table: string): Inside => ({ is: 'inside', table })
const only = (values: readonly unknown[], mend = 'leave it out'): Only => ({ is: 'only', values, mend })
const shut = (why: string, mend = 'remove it'): Shut => ({ is: 'refused', why, mend })

type Table = Readonly<Record<string, FieldDecision>>

/** The kinds of volume whose content comes from elsewhere, or from the PC. */
const foreign = shut(
  'is a kind of volume that desktops may not have',
  'use emptyDir, configMap or downwardAPI, or keep files in the home',
)

const PROBED = shut(
  'makes the PC call an address of your choice',
  'leave the host out; the pod itself is asked then',
)

const handler = { exec: free, httpGet: inside('HTTPGetAction'), tcpSocket: inside('TCPSocketAction') }

const container: Table = {
  args: free,
  command: free,
  env: inside('EnvVar'),
  envFrom: inside('EnvFromSource'),
  image: free,
  imagePullPolicy: free,
  lifecycle: inside('Lifecycle'),
  livenessProbe: inside('Probe'),
  name: free,
  ports: inside('ContainerPort'),
  readinessProbe: inside('Probe'),
  resizePolicy: free,
  resources: inside('ResourceRequirements'),
  restartPolicy: free,
  restartPolicyRules: free,
  securityContext: inside('SecurityContext'),
  startupProbe: inside('Probe'),
  stdin: free,
  stdinOnce: free,
  terminationMessagePath: only(
    TERMINATION_MESSAGES,
    'leave it out: the kubelet would write there as root, through links as well',
  ),
  terminationMessagePolicy: free,
  tty: free,
  volumeDevices: judged('mounts'),
  volumeMounts: inside('VolumeMount'),
  workingDir: free,
}

/** By the names that the API server's description gives them, without `io.k8s.api.core.v1.`. */
export const FIELDS: Readonly<Record<string, Table>> = {
  PodSpec: {
    activeDeadlineSeconds: free,
    affinity: inside('Affinity'),
    automountServiceAccountToken: free,
    containers: inside('Container'),
    dnsConfig: free,
    dnsPolicy: free,
    enableServiceLinks: free,
    ephemeralContainers: inside('EphemeralContainer'),
    evictionResponders: shut('would let a pod decide when its PC may be emptied'),
    hostAliases: free,
    hostIPC: judged('privileges'),
    hostNetwork: judged('privileges'),
    hostPID: judged('privileges'),
    // Homes lie on network file systems that mostly cannot map ids: such a pod would start on some PCs and fail on
    // others, and where it starts, the uid that its files get is another one than its person's.
    hostUsers: only([true], 'leave it out: homes cannot be shown under mapped uids'),
    hostname: free,
    hostnameOverride: free,
    // The kubelet alone reads them, to pull images; nothing in the pod sees them.
    imagePullSecrets: free,
    initContainers: inside('Container'),
    nodeName: judged('privileges'),
    nodeSelector: free,
    os: free,
    overhead: shut('is worked out from a runtime class, which desktops have none of'),
    // These two follow from the class, and the API server refuses others.
    preemptionPolicy: free,
    priority: free,
    priorityClassName: only(PRIORITY_CLASSES, `name ${PRIORITY_CLASSES.join(' or ')}`),
    readinessGates: free,
    resourceClaims: shut('takes devices of the PC for itself'),
    resources: shut('bounds the pod past the limits of its containers', 'say it in each container'),
    restartPolicy: free,
    runtimeClassName: shut('chooses another container runtime'),
    schedulerName: only(['default-scheduler']),
    schedulingGates: free,
    schedulingGroup: shut('ties the pod to others that must start with it'),
    securityContext: inside('PodSecurityContext'),
    // The account's token is a projected volume, which is refused; so the name opens nothing.
    serviceAccount: free,
    serviceAccountName: free,
    setHostnameAsFQDN: free,
    shareProcessNamespace: free,
    subdomain: free,
    terminationGracePeriodSeconds: free,
    tolerations: free,
    topologySpreadConstraints: free,
    volumes: inside('Volume'),
  },
  Affinity: { nodeAffinity: free, podAffinity: free, podAntiAffinity: inside('PodAntiAffinity') },
  PodAntiAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: free,
    // It works both ways: where this pod runs, no pod that it names may start.
    requiredDuringSchedulingIgnoredDuringExecution: shut(
      'keeps pods of others away from the PC where this one runs',
      'write preferredDuringSchedulingIgnoredDuringExecution, or topologySpreadConstraints',
    ),
  },
  Container: container,
  EphemeralContainer: { ...container, targetContainerName: free },
  PodSecurityContext: {
    appArmorProfile: inside('AppArmorProfile'),
    fsGroup: judged('privileges'),
    fsGroupChangePolicy: free,
    runAsGroup: judged('privileges'),
    runAsNonRoot: judged('privileges'),
    runAsUser: judged('privileges'),
    seLinuxChangePolicy: free,
    seLinuxOptions: shut('takes another SELinux context than the room gives'),
    seccompProfile: judged('privileges'),
    supplementalGroups: judged('privileges'),
    supplementalGroupsPolicy: judged('privileges'),
    sysctls: shut('changes settings of the kernel'),
    windowsOptions: shut('is for another operating system'),
  },
  SecurityContext: {
    allowPrivilegeEscalation: judged('privileges'),
    appArmorProfile: inside('AppArmorProfile'),
    capabilities: judged('privileges'),
    privileged: judged('privileges'),
    procMount: only(['Default']),
    readOnlyRootFilesystem: free,
    runAsGroup: judged('privileges'),
    runAsNonRoot: judged('privileges'),
    runAsUser: judged('privileges'),
    seLinuxOptions: shut('takes another SELinux context than the room gives'),
    seccompProfile: judged('privileges'),
    windowsOptions: shut('is for another operating system'),
  },
  AppArmorProfile: { localhostProfile: free, type: only(['RuntimeDefault', 'Localhost']) },
  Volume: {
    name: free,
    emptyDir: inside('EmptyDirVolumeSource'),
    configMap: free,
    downwardAPI: free,
    persistentVolumeClaim: judged('volumes'),
    projected: judged('volumes'),
    secret: judged('volumes'),
    awsElasticBlockStore: foreign,
    azureDisk: foreign,
    azureFile: foreign,
    cephfs: foreign,
    cinder: foreign,
    csi: foreign,
    ephemeral: foreign,
    fc: foreign,
    flexVolume: foreign,
    flocker: foreign,
    gcePersistentDisk: foreign,
    gitRepo: foreign,
    glusterfs: foreign,
    hostPath: foreign,
    image: foreign,
    iscsi: foreign,
    nfs: foreign,
    photonPersistentDisk: foreign,
    portworxVolume: foreign,
    quobyte: foreign,
    rbd: foreign,
    scaleIO: foreign,
    storageos: foreign,
    vsphereVolume: foreign,
  },
  // Without a sizeLimit it still counts: on disk against the limits of ephemeral storage, in memory against those of
  // memory, and the API server's policy `deskfleet-pod-bounds` asks for both in every container.
  EmptyDirVolumeSource: {
    medium: only(['Memory'], 'leave it out, or write Memory'),
    mode: free,
    sizeLimit: free,
  },
  VolumeMount: {
    bindMountOptions: shut('mounts with options of its own'),
    mountPath: judged('mounts'),
    mountPropagation: free,
    name: judged('mounts'),
    readOnly: free,
    recursiveReadOnly: free,
    subPath: judged('mounts'),
    subPathExpr: judged('mounts'),
  },
  EnvVar: { name: free, value: judged('environment'), valueFrom: inside('EnvVarSource') },
  EnvVarSource: {
    configMapKeyRef: free,
    fieldRef: free,
    fileKeyRef: shut(
      'makes the kubelet read a file of the pod as root',
      'set the variable in the program itself',
    ),
    resourceFieldRef: free,
    secretKeyRef: judged('environment'),
  },
  EnvFromSource: { configMapRef: free, prefix: free, secretRef: judged('environment') },
  // Their size is bounded by the LimitRange of the namespace.
  ResourceRequirements: { claims: shut('takes devices of the PC for itself'), limits: free, requests: free },
  ContainerPort: {
    containerPort: free,
    hostIP: shut('takes an address of the PC'),
    hostPort: shut('takes a port of the PC'),
    name: free,
    protocol: free,
  },
  Lifecycle: { postStart: inside('LifecycleHandler'), preStop: inside('LifecycleHandler'), stopSignal: free },
  LifecycleHandler: { ...handler, sleep: free },
  Probe: {
    ...handler,
    grpc: free,
    failureThreshold: free,
    initialDelaySeconds: free,
    periodSeconds: free,
    successThreshold: free,
    terminationGracePeriodSeconds: free,
    timeoutSeconds: free,
  },
  HTTPGetAction: { host: PROBED, httpHeaders: free, path: free, port: free, protocol: free, scheme: free },
  TCPSocketAction: { host: PROBED, port: free },
}
