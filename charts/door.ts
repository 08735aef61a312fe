import type { Construct } from 'constructs'
import { imageReference } from '../config/images.ts'
import { DOOR, GATEWAY, NAMESPACES } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import { account } from './kit/access.ts'
import { ConfigMap } from './kit/kplus.ts'
import { add } from './kit/objects.ts'
import { selects } from './kit/pods.ts'
import { PRIORITIES } from './priorities.ts'

const namespace = NAMESPACES.door
const name = 'door'
const MASTER = 'node-role.kubernetes.io/control-plane'

/** The room's one address: held by a master, moved to another when that one dies, leading to the gateway. */
export function door(scope: Construct, cluster: Cluster): void {
  const { address } = cluster.hosts
  if (address === undefined) return
  account(scope, name, namespace, {})
  new ConfigMap(scope, 'settings', {
    metadata: { name, namespace },
    data: { 'haproxy.cfg': haproxy(), 'keepalived.conf': keepalived(address) },
  })
  masters(scope, cluster, address)
}

/**
 * Connections go through unread, so that TLS ends at the gateway alone; the PROXY protocol tells it whose they are. Each
 * gateway pod is asked every second: a dead one is passed over long before the cluster knows that its PC is gone.
 */
const haproxy = (): string => `global
  log stdout format raw local0 notice
  maxconn 8000

defaults
  log global
  mode tcp
  timeout connect 500ms
  timeout check 1s
  timeout client 1h
  timeout server 1h
  timeout client-fin 30s
  option clitcpka
  option redispatch 1
  retries 3

resolvers cluster
  parse-resolv-conf
  accepted_payload_size 8192
  resolve_retries 2
  timeout resolve 1s
  timeout retry 1s
  hold valid 1s
  hold nx 5s
  hold obsolete 5s

frontend plain
  bind :80
  mode http
  timeout client 10s
  http-request redirect scheme https code 301

frontend desk
  bind :443
  default_backend gateway

frontend health
  bind 127.0.0.1:${DOOR.health}
  mode http
  timeout client 2s
  acl nobody nbsrv(gateway) lt 1
  monitor-uri /healthz
  monitor fail if nobody

backend gateway
  balance leastconn
  # Always this PC's own address, also to a pod that stands here: the gateway believes the PCs' network alone.
  source "\${HOST_IP}"
  default-server check inter 1s fastinter 250ms fall 2 rise 1 check-send-proxy send-proxy-v2 on-marked-down shutdown-sessions resolvers cluster init-addr none
  server-template gateway 6 ${GATEWAY.pods}.${NAMESPACES.system}.svc.cluster.local:${GATEWAY.port}
`

/** Equal masters: whoever has the address keeps it; one that cannot serve yields. */
const keepalived = (address: string): string => `global_defs {
  router_id deskfleet
  vrrp_version 3
  script_user root
  enable_script_security
}

vrrp_script well {
  script "/usr/local/bin/door-is-well ${DOOR.health}"
  interval 1
  timeout 2
  fall 2
  rise 2
  weight -50
}

vrrp_instance door {
  state BACKUP
  nopreempt
  interface @interface@
  virtual_router_id ${DOOR.router}
  priority 100
  advert_int 1
  garp_master_refresh 30
  virtual_ipaddress {
    ${address}
  }
  track_script {
    well
  }
}
`

function masters(scope: Construct, cluster: Cluster, address: string): void {
  const image = imageReference('door', cluster)
  const settings = { name: 'settings', mountPath: '/etc/door', readOnly: true }
  const probe = {
    httpGet: { host: '127.0.0.1', path: '/healthz', port: DOOR.health, scheme: 'HTTP' },
    periodSeconds: 5,
    failureThreshold: 2,
  }
  const resources = (memory: string, memoryLimit: string) => ({
    requests: { cpu: '10m', memory },
    limits: { memory: memoryLimit },
  })
  const contained = (capabilities: string[]) => ({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'], add: capabilities },
  })
  add(
    scope,
    'apps/v1/DaemonSet',
    { name, namespace },
    {
      spec: {
        revisionHistoryLimit: 3,
        selector: { matchLabels: selects(name) },
        // One after the other: the address moves once, and comes to a door that is new already or stays.
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
        template: {
          metadata: { labels: selects(name) },
          spec: {
            hostNetwork: true,
            dnsPolicy: 'ClusterFirstWithHostNet',
            nodeSelector: { [MASTER]: '' },
            serviceAccountName: name,
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            priorityClassName: PRIORITIES.platform.name,
            terminationGracePeriodSeconds: 5,
            securityContext: { runAsUser: 0, runAsGroup: 0, seccompProfile: { type: 'RuntimeDefault' } },
            tolerations: [{ operator: 'Exists' }],
            containers: [
              {
                name: 'haproxy',
                image,
                imagePullPolicy: 'IfNotPresent',
                command: ['haproxy', '-W', '-db', '-f', `${settings.mountPath}/haproxy.cfg`],
                env: [
                  {
                    name: 'HOST_IP',
                    valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.hostIP' } },
                  },
                ],
                resources: resources('64Mi', '256Mi'),
                // Ports 80 and 443 of the PC, and nothing else of root's.
                securityContext: contained(['NET_BIND_SERVICE']),
                readinessProbe: probe,
                volumeMounts: [settings],
              },
              {
                name: 'keepalived',
                image,
                imagePullPolicy: 'IfNotPresent',
                command: ['hold-address', address, `${settings.mountPath}/keepalived.conf`],
                resources: resources('16Mi', '64Mi'),
                // To add an address, to announce it, to hear the other masters; and to start the script that checks.
                securityContext: contained(['NET_ADMIN', 'NET_RAW', 'NET_BROADCAST', 'SETGID', 'SETUID']),
                volumeMounts: [settings, { name: 'run', mountPath: '/run' }],
              },
            ],
            volumes: [
              { name: 'settings', configMap: { name } },
              { name: 'run', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
            ],
          },
        },
      },
    },
  )
}
