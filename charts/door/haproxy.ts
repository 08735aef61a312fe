import { API_SERVER_PORT, CLUSTER_AUTHORITY, DOOR, GATEWAY, INGRESS, NAMESPACES } from '../../config/names.ts'
import type { Route } from '../services/route.ts'

/** Where the cluster's authority is for haproxy. */
export const CLUSTER_CA = { configMap: CLUSTER_AUTHORITY, folder: '/etc/cluster', file: 'ca.crt' } as const

/**
 * Connections pass through without being read, so that TLS ends at the gateway alone; the PROXY protocol tells it whose
 * they are. Each gateway pod is checked every second: a dead one is left out long before the cluster knows that its PC is gone.
 */
export const haproxy = (host: string, routes: readonly Route[]): string => `global
  log stdout format raw local0 notice
  # Each takes two files, and where a container may open no more than 20,000, haproxy does not start with more of them.
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

# Who is connected, and how often they came lately. A school may stand behind one address, and whom it has logged in only the
# gateway knows: its own limits are finer, these keep from it what no school does.
backend sources
  stick-table type ipv6 size 100k expire 30s store conn_cur,conn_rate(10s)

frontend plain
  bind :80
  mode http
  timeout client 5s
  timeout http-request 5s
  timeout http-keep-alive 1s
  tcp-request connection track-sc0 src table sources
  tcp-request connection reject if { sc0_conn_cur gt 1500 } || { sc0_conn_rate gt 2000 }
${routes.map((route) => `  http-request redirect code 301 location https://${route.host}%[pathq] if { req.hdr(host),field(1,:) -i ${route.host} }\n`).join('')}  # To the room's own name, whatever name was asked for.
  http-request redirect code 301 location https://${host}%[pathq]

frontend desk
  bind :443
  tcp-request connection track-sc0 src table sources
  tcp-request connection reject if { sc0_conn_cur gt 1500 } || { sc0_conn_rate gt 2000 }
  # Whoever does not begin TLS within seconds never reaches a gateway.
  tcp-request inspect-delay 5s
  tcp-request content accept if { req.ssl_hello_type 1 }
  tcp-request content reject
${routes.map((route) => `  use_backend ingress if { req.ssl_sni -i ${route.host} }\n`).join('')}  default_backend gateway

frontend health
  bind 127.0.0.1:${DOOR.health}
  mode http
  timeout client 2s
  acl nobody nbsrv(gateway) lt 1
  monitor-uri ${DOOR.leads}
  monitor fail if nobody
  http-request return status 200 if { path ${DOOR.apiServer} } { nbsrv(api-server) gt 0 }
  http-request return status 503

# Nobody is led there: the room's address is at a PC whose own API server is ready, not only listening. Six seconds of
# patience, since a disk that is slow for a moment is no reason to move everybody's connections. Where strangers are not
# told (401, 403: a hardened cluster), that it answers is all there is to know.
backend api-server
  option httpchk
  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host kubernetes
  http-check expect rstatus ^(200|401|403)$
  server here 127.0.0.1:${API_SERVER_PORT} check inter 2s fall 3 rise 1 check-ssl check-sni kubernetes verify required verifyhost kubernetes ca-file ${CLUSTER_CA.folder}/${CLUSTER_CA.file}

${passing('gateway', GATEWAY)}${routes.length > 0 ? `\n${passing('ingress', INGRESS)}` : ''}`

/** A backend of pods of ours. */
const passing = (name: string, { pods, port }: { readonly pods: string; readonly port: number }): string =>
  `backend ${name}
  balance leastconn
  # Always this PC's own address, also to a pod that stands here: they believe the PCs' network alone.
  source "\${HOST_IP}"
  default-server check inter 1s fastinter 250ms fall 2 rise 1 check-send-proxy send-proxy-v2 on-marked-down shutdown-sessions resolvers cluster init-addr none
  server-template ${name} 6 ${pods}.${NAMESPACES.system}.svc.cluster.local:${port}
`
