import { SOURCES } from '../../config/names.ts'

/** Where nginx may write. */
export const RUN = '/run/sources'
/** What registry and Git keep: `registry/` and `git/` in it. */
export const DATA = '/data'
/** Who says whether all is well. */
export const HEALTH = 8081
/** Where the registry is heard, within its pod alone. */
export const REGISTRY_AT = '127.0.0.1:5001'
/** Where Git is. */
export const GIT_FOLDER = '/run/git'
export const GIT_SOCKET = `${GIT_FOLDER}/git.sock`

const BACKEND = '/usr/lib/git-core/git-http-backend'
const LOGINS = '/etc/sources/logins'
const path = `/${SOURCES.repository}`

/**
 * nginx's settings: TLS, and who may do what. What a login may do is decided by its name, before the password is looked at, so that
 * a right that is missing is told as such (403); whoever gives no name comes as far as the question for one (401). Both files of
 * logins are read at each request. A name that has no line here has no right, whatever stands in the files.
 */
export const entrance = (): string => `
pid ${RUN}/nginx.pid;
error_log stderr warn;
worker_processes 1;
worker_rlimit_nofile 8192;
events { worker_connections 1024; }

http {
  access_log off;
  server_tokens off;
  default_type application/octet-stream;
  client_body_temp_path ${RUN}/body;
  proxy_temp_path ${RUN}/proxy;
  fastcgi_temp_path ${RUN}/fastcgi;
  uwsgi_temp_path ${RUN}/uwsgi;
  scgi_temp_path ${RUN}/scgi;
  ssl_certificate /etc/sources/tls/tls.crt;
  ssl_certificate_key /etc/sources/tls/tls.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:tls:2m;
  ssl_session_tickets off;
  keepalive_timeout 75s;
  client_header_timeout 15s;
  client_body_timeout 60s;
  send_timeout 60s;
  # Images and pushes are as large as they are, and pass without being laid aside.
  client_max_body_size 0;
  proxy_request_buffering off;
  proxy_buffering off;
  proxy_http_version 1.1;
  proxy_read_timeout 15m;
  fastcgi_request_buffering off;
  fastcgi_buffering off;
  fastcgi_read_timeout 15m;

  map_hash_bucket_size 256;
  map $remote_user $registry_right {
    default none;
    "" asked;
    pull reads;
    push writes;
  }
  map "$registry_right $request_method" $registry_refused {
    default 1;
    "~^asked " 0;
    "reads GET" 0;
    "reads HEAD" 0;
    "~^writes " 0;
  }
  map $remote_user $git_right {
    default none;
    "" asked;
    argo reads;
    admin writes;
  }
  map "$git_right $request_method $uri?$args" $git_refused {
    default 1;
    "~^asked " 0;
    "reads GET ${path}/info/refs?service=git-upload-pack" 0;
    "reads POST ${path}/git-upload-pack?" 0;
    "~^writes " 0;
  }
  # Git itself lets nobody push whose name it is not told.
  map $git_right $git_writer {
    default "";
    writes $remote_user;
  }

  server {
    listen ${SOURCES.registryPort} ssl;
    if ($registry_refused) { return 403; }
    auth_basic registry;
    auth_basic_user_file ${LOGINS}/registry.logins;
    location /v2/ {
      proxy_pass http://${REGISTRY_AT};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto https;
      proxy_set_header X-Forwarded-For "";
      proxy_set_header Authorization "";
      proxy_set_header Connection "";
    }
    location / { deny all; }
  }

  server {
    listen 8443 ssl;
    if ($git_refused) { return 403; }
    auth_basic git;
    auth_basic_user_file ${LOGINS}/git.logins;
    location ~ ^${path.replaceAll('.', '\\.')}/(info/refs|git-upload-pack|git-receive-pack)$ {
      fastcgi_pass unix:${GIT_SOCKET};
${passed('$uri', '$args', '$request_method')}      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param GIT_PROTOCOL $http_git_protocol;
      fastcgi_param REMOTE_USER $git_writer;
      fastcgi_param REMOTE_ADDR $remote_addr;
    }
    location / { deny all; }
  }

  # Of no secret: whether this pod, the registry and its storage, and Git and its repository are there.
  server {
    listen ${HEALTH};
    location = /healthz { return 200; }
    location = /registry { proxy_pass http://${REGISTRY_AT}/; proxy_read_timeout 4s; }
    location = /git {
      fastcgi_pass unix:${GIT_SOCKET};
      fastcgi_read_timeout 4s;
      fastcgi_pass_request_headers off;
${passed(`${path}/HEAD`, '""', 'GET')}    }
    location / { return 404; }
  }
}
`

/** What Git's own program is told of a request; of a password nothing. */
function passed(info: string, query: string, method: string): string {
  const told = {
    SCRIPT_FILENAME: BACKEND,
    GIT_PROJECT_ROOT: `${DATA}/git`,
    GIT_HTTP_EXPORT_ALL: '1',
    PATH_INFO: info,
    QUERY_STRING: query,
    REQUEST_METHOD: method,
    HTTP_AUTHORIZATION: '""',
  }
  return Object.entries(told)
    .map(([key, value]) => `      fastcgi_param ${key} ${value};\n`)
    .join('')
}
