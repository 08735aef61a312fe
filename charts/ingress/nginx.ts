import { GATEWAY, INGRESS, NAMESPACES } from '../../config/names.ts'
import type { Route } from '../services/route.ts'

/** Where nginx may write, and what `images/ingress/serve` writes there: which name server and which certificate it uses. */
export const RUN = '/run/ingress'

/** Who says it is alive. */
export const HEALTH = 8081

/** What the gateway says of a person, as services are told it. */
const TOLD = ['user', 'name', 'groups'] as const

const entrance = `${GATEWAY.entrance}.${NAMESPACES.system}.svc.cluster.local`

/**
 * nginx's settings: a site for each route. Whether somebody may come in, the gateway says at every request, so that a log-out or
 * a lock counts at once; nginx itself holds no secret but the key of its certificate.
 *
 * @param trusted the gateway's own name, for which its certificate must be
 * @param doors the network whose PROXY headers are believed; undefined where people come without a door
 */
export const nginx = (routes: readonly Route[], trusted: string, doors: string | undefined): string => `
pid ${RUN}/nginx.pid;
error_log stderr warn;
worker_processes 1;
worker_rlimit_nofile 8192;
events { worker_connections 4096; }

http {
  # Of who opened what, nothing is kept.
  access_log off;
  server_tokens off;
  client_body_temp_path ${RUN}/body;
  proxy_temp_path ${RUN}/proxy;
  fastcgi_temp_path ${RUN}/fastcgi;
  uwsgi_temp_path ${RUN}/uwsgi;
  scgi_temp_path ${RUN}/scgi;
  include ${RUN}/resolver.conf;
  include ${RUN}/certificate.conf;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:tls:2m;
  ssl_session_tickets off;
  http2 on;
  keepalive_timeout 75s;
  client_header_timeout 15s;
  client_body_timeout 60s;
  send_timeout 60s;
  large_client_header_buffers 8 16k;
  # One service's people may send what the service takes; nothing of it is laid aside here.
  client_max_body_size 0;
  proxy_request_buffering off;
  proxy_max_temp_file_size 0;
  proxy_http_version 1.1;
  proxy_connect_timeout 3s;
  proxy_read_timeout 1h;
  proxy_send_timeout 60s;
  map $http_upgrade $connection_wish { default upgrade; "" ""; }
  # Services are not told by what their people are known here.
  map $http_cookie $cookies_left {
    default $http_cookie;
    "~^(?<before>.*?)(?:;\\s*)?__Host-(?:service|entering)=[^;]*(?<between>.*?)(?:;\\s*)?__Host-(?:service|entering)=[^;]*(?<after>.*)$" $before$between$after;
    "~^(?<head>.*?)(?:;\\s*)?__Host-(?:service|entering)=[^;]*(?<tail>.*)$" $head$tail;
  }

  upstream gateway {
    server ${entrance}:${GATEWAY.entrancePort};
    keepalive 16;
  }
  proxy_ssl_verify on;
  proxy_ssl_verify_depth 2;
  proxy_ssl_trusted_certificate /etc/ingress/door/ca.crt;
  proxy_ssl_name ${trusted};
  proxy_ssl_server_name on;
${doors === undefined ? '' : `  set_real_ip_from ${doors};\n  real_ip_header proxy_protocol;\n`}
  server {
    listen ${HEALTH};
    location = /healthz { return 200; }
    location / { return 404; }
  }

  # Whoever asks for a name that is none of a service.
  server {
    listen ${INGRESS.port} ssl${doors === undefined ? '' : ' proxy_protocol'} default_server;
    ssl_reject_handshake on;
  }
${routes.map((route) => site(route, doors)).join('')}}
`

const site = (route: Route, doors: string | undefined): string => `
  server {
    listen ${INGRESS.port} ssl${doors === undefined ? '' : ' proxy_protocol'};
    server_name ${route.host};
    # By a name that is looked up again and again: the service may come later, or move.
    set $service ${route.address};
${route.login === 'people' ? guarded(route) : open(route)}  }
`

const open = (route: Route): string => `    location / {
${TOLD.map((what) => `      proxy_set_header X-Forwarded-${title(what)} "";\n`).join('')}${onward(route)}    }
    location ${INGRESS.path}/ { return 404; }
`

const guarded = (route: Route): string => `    location / {
      auth_request ${INGRESS.path}/verify;
${TOLD.map((what) => `      auth_request_set $told_${what} $upstream_http_x_forwarded_${what};\n      proxy_set_header X-Forwarded-${title(what)} $told_${what};\n`).join('')}      error_page 401 = @start;
      error_page 403 = @refused;
${onward(route)}    }
    location ${INGRESS.path}/ { return 404; }
    location = ${INGRESS.path}/verify {
      internal;
${asked(route, 'verify')}    }
    location = ${INGRESS.path}/enter {
${asked(route, 'enter')}    }
    location @start {
${asked(route, 'start')}    }
    location @refused {
${asked(route, 'refused')}    }
`

/** The gateway is asked about this service, with the cookies and the page that was wanted, and nothing else of the request. */
const asked = (
  { name }: Route,
  what: string,
): string => `      rewrite ^ /services/${name}/${what}${what === 'enter' ? '' : '?'} break;
      proxy_method GET;
      proxy_pass_request_body off;
      proxy_pass_request_headers off;
      proxy_set_header Host ${GATEWAY.entrance};
      proxy_set_header Cookie $http_cookie;
      proxy_set_header X-Path $request_uri;
      proxy_set_header X-Method $request_method;
      proxy_set_header Content-Length "";
      proxy_set_header Connection "";
      proxy_read_timeout 10s;
      proxy_pass https://gateway;
`

const onward = ({ port }: Route): string => `      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-Host $host;
      proxy_set_header X-Forwarded-Proto https;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Real-IP "";
      proxy_set_header Forwarded "";
      proxy_set_header Cookie $cookies_left;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_wish;
      # A service has cookies of its own site, and none of its neighbours.
      proxy_cookie_domain ~. $host;
      proxy_buffering off;
      proxy_pass http://$service:${port};
`

const title = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)
