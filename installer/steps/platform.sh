# shellcheck shell=sh
# Variables are those of install.sh, which reads this file.
# shellcheck disable=SC2034,SC2154
# From a cluster with nothing in it to one that follows the room's own Git: all of dist/ is applied once by hand, so that the storage,
# the registry and the Git server of the room are there; then they get what they serve, and Argo CD goes on.

sources_namespace=deskfleet-sources
repository_in_pod=/data/git/deskfleet.git

# NAME TAG DIGEST of each image of ours that the room runs.
images_of_room() { cat "$bundle/room/images"; }
reference_of() { echo "$registry/$1@$2"; }

# Those that containerd lacks.
images_unbrought() {
  listed=$(ctr --namespace k8s.io images list --quiet 2>/dev/null || :)
  images_of_room | while read -r name tag digest; do
    printf '%s\n' "$listed" | grep -qxF "$(reference_of "$name" "$digest")" || echo "$name"
  done
}

applications() {
  as_admin --namespace argocd get applications --output \
    'go-template={{range .items}}{{.metadata.name}} {{.status.sync.status}} {{.status.health.status}}{{"\n"}}{{end}}' 2>/dev/null
}
as_admin() { kubectl --kubeconfig "$admin_conf" --request-timeout=20s "$@"; }

# What is not as it must be, of what `applications` says; nothing where all is.
apps_open() { awk '$2 != "Synced" || $3 != "Healthy" { printf " %s", $1 }'; }

platform_look() {
  registry=$(answer registry)
  if [ "$cluster_verdict" = 'done' ]; then
    apps=$(applications || :)
    still=$(printf '%s\n' "$apps" | sed '/^ *$/d' | apps_open)
    if [ -n "$apps" ] && [ -z "$still" ] && [ ! -e "$held_address" ] && ! is_platform_cut; then
      is_done "$(printf '%s\n' "$apps" | wc -l) apps, all as Git says"
      return
    fi
  fi
  if [ -z "$bundle" ] || [ ! -f "$bundle/room/images" ]; then
    refused 'the bundle has no room in it' 'make one by "npm run bundle -- --to DIR --room" (docs/install.md), and name it by --bundle'
    return
  fi
  to_do "the room's registry, its Git, Argo CD, and by them all apps"
}

# From its first command to its last.
platform_mark=$(name_of path pc)/platform
is_platform_cut() { [ -e "$platform_mark" ]; }

platform_do() {
  mend="kubectl --kubeconfig $admin_conf get pods -A says what does not run"
  [ -z "$apply" ] || : >"$platform_mark"
  hold_address
  for name in $(images_unbrought); do
    run_long ctr --namespace k8s.io images import --local --digests --base-name "$registry/$name" "$bundle/registry/$name.tar"
  done
  # The place of the logins.
  run_long kubectl --kubeconfig "$admin_conf" apply --server-side --force-conflicts --field-manager argocd-controller \
    --filename "$repository/dist/namespaces/Namespace.$sources_namespace.yaml"
  make_logins
  trust_registry
  wait_until 600 'the cluster has taken all of dist/' all_is_taken || fail 'the cluster does not take all of dist/' "$(tail -n 3 "$run_folder/taken" 2>/dev/null)"
  run_waiting 900 'its registry and its Git server run' "deployment/sources of $sources_namespace" are_sources_there
  push_images
  bring_repository
  install_argo_cd
  run_long kubectl --kubeconfig "$admin_conf" apply --server-side --force-conflicts --field-manager administrator \
    --filename "$repository/dist/delivery"
  wait_until 1200 'every app is as Git says' all_is_well || fail "these apps are not as they must be:$(applications | apps_open)" 'kubectl -n argocd describe application NAME says why; then run this again'
  leave_address
  take_away "$platform_mark"
}

run_waiting() {
  wait_until "$1" "$2" "$4" || fail "this takes too long: $2" "kubectl --kubeconfig $admin_conf describe $3"
}

# Some must wait for others, such as their definitions: whoever applies them again and again gets there. As Argo CD calls itself, so
# that it goes on where this ends.
all_is_taken() {
  find "$repository/dist" -mindepth 1 -maxdepth 1 -type d ! -name delivery | sort | sed 's/^/--filename=/' |
    xargs kubectl --kubeconfig "$admin_conf" apply --server-side --force-conflicts --field-manager argocd-controller >"$run_folder/taken" 2>&1
}
# Both ask for a login, by the way that PCs take.
are_sources_there() {
  for port in "${registry##*:}/v2/" '443/deskfleet.git/info/refs'; do
    [ "$(curl --silent --max-time 5 --cacert "$certs/$registry/ca.crt" --output /dev/null --write-out '%{http_code}' \
      "https://${registry%:*}:$port")" = 401 ] || return 1
  done
}
all_is_well() {
  apps=$(applications) || return 1
  [ -n "$apps" ] && [ -z "$(printf '%s\n' "$apps" | sed '/^ *$/d' | apps_open)" ] || return 1
  # The list is an app itself, and names the others.
  [ "$(printf '%s\n' "$apps" | wc -l)" -ge "$(find "$repository/dist/delivery" -name 'Application.*' | wc -l)" ]
}

# --- logins, which nobody but the cluster and the page to print knows ---

new_password() { openssl rand -hex 24; }
secret_value() { as_admin --namespace "$1" get secret "$2" --output "go-template={{index .data \"$3\" | base64decode}}" 2>/dev/null; }
encoded() { base64 | tr -d '\n'; }
# A line of nginx's list, of NAME:PASSWORD: the password goes by stdin.
hashed() { printf '%s:%s\n' "${1%%:*}" "$(printf '%s\n' "${1#*:}" | openssl passwd -6 -stdin)"; }

make_logins() {
  tell '       makes the logins of the registry and of Git, and their certificate, unless they are there'
  [ -n "$apply" ] || return 0
  [ -n "$(secret_value "$sources_namespace" sources-logins pull)" ] || make_plain_logins
  [ -n "$(secret_value "$sources_namespace" sources tls.crt)" ] || make_sources_secret
}

apply_text() { put "$run_folder/object.yaml" 0600 secret && run_long kubectl --kubeconfig "$admin_conf" apply --server-side --filename "$run_folder/object.yaml" && rm -f "$run_folder/object.yaml"; }

secret_text() {
  printf 'apiVersion: v1\nkind: Secret\nmetadata: { name: %s, namespace: %s%s }\ndata:\n' "$2" "$1" "${3:+, labels: { $3 \}}"
}

make_plain_logins() {
  {
    secret_text "$sources_namespace" sources-logins
    for who in pull push argo admin; do printf '  %s: %s\n' "$who" "$(printf '%s:%s' "$who" "$(new_password)" | encoded)"; done
  } | apply_text
}

# Who vouches for both is made, signs once, and its key is forgotten: nobody can sign anything else for PCs.
make_sources_secret() {
  place=$run_folder/sources
  (umask 077 && mkdir -p "$place")
  host=${registry%:*}
  names="IP:$host,IP:127.0.0.1,DNS:localhost,DNS:sources.$sources_namespace.svc"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=Deskfleet registry and Git" \
    -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign \
    -keyout "$place/ca.key" -out "$place/ca.crt" 2>"$run_folder/log" || fail "openssl made no authority: $(tail -n 1 "$run_folder/log")"
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$host" \
    -keyout "$place/tls.key" -out "$place/tls.csr" 2>"$run_folder/log" || fail "openssl made no key: $(tail -n 1 "$run_folder/log")"
  printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\nkeyUsage=critical,digitalSignature\nbasicConstraints=critical,CA:FALSE\n' "$names" >"$place/extensions"
  openssl x509 -req -in "$place/tls.csr" -CA "$place/ca.crt" -CAkey "$place/ca.key" -days 3649 -set_serial "0x$(openssl rand -hex 15)" \
    -extfile "$place/extensions" -out "$place/tls.crt" 2>"$run_folder/log" || fail "openssl made no certificate: $(tail -n 1 "$run_folder/log")"
  {
    secret_text "$sources_namespace" sources
    for file in tls.crt tls.key ca.crt; do printf '  %s: %s\n' "$file" "$(encoded <"$place/$file")"; done
    printf '  registry.logins: %s\n' "$(for who in pull push; do hashed "$(secret_value "$sources_namespace" sources-logins "$who")"; done | encoded)"
    printf '  git.logins: %s\n' "$(for who in argo admin; do hashed "$(secret_value "$sources_namespace" sources-logins "$who")"; done | encoded)"
    printf '  http-secret: %s\n' "$(new_password | tr -d '\n' | encoded)"
  } | apply_text
  rm -rf --one-file-system "$place"
}

# This PC pulls from the room's registry as every other one will.
trust_registry() {
  if [ -n "$apply" ]; then
    registry_ca=$(secret_value "$sources_namespace" sources ca.crt | encoded)
    registry_login=$(secret_value "$sources_namespace" sources-logins pull)
  else
    registry_ca='' registry_login=''
  fi
  authority_text | put_other "$certs/$registry/ca.crt" 0644
  hosts_text | put_other "$certs/$registry/hosts.toml" 0600 secret
}

# --- what the two serve ---

# containerd pushes what it has, by a folder that knows the login of whoever may write.
push_images() {
  folder=$run_folder/registries
  if [ -n "$apply" ]; then
    mkdir -p "$folder/$registry"
    {
      printf 'server = "https://%s"\n[host."https://%s"]\n  capabilities = ["pull", "resolve", "push"]\n  ca = "%s"\n' "$registry" "$registry" "$certs/$registry/ca.crt"
      printf '[host."https://%s".header]\n  Authorization = "Basic %s"\n' "$registry" "$(secret_value "$sources_namespace" sources-logins push | encoded)"
    } >"$folder/$registry/hosts.toml"
  fi
  images_of_room | while read -r name tag digest; do
    run_long ctr --namespace k8s.io images push --hosts-dir "$folder" "$registry/$name:$tag" "$(reference_of "$name" "$digest")"
  done
  rm -rf --one-file-system "$folder"
}

# The first commit; whoever has pushed since is not undone.
bring_repository() {
  tell "       brings $bundle/room/deskfleet.bundle into the room's Git"
  [ -n "$apply" ] || return 0
  # shellcheck disable=SC2016
  kubectl --kubeconfig "$admin_conf" --namespace "$sources_namespace" exec --stdin deployment/sources --container git -- sh -euc '
    cd "$1"
    if git rev-parse --quiet --verify refs/heads/main >/dev/null; then cat >/dev/null; exit 0; fi
    trap "rm -f incoming.$$" EXIT
    cat >incoming.$$
    git fetch --quiet "./incoming.$$" refs/heads/main:refs/heads/main
  ' sh "$repository_in_pod" <"$bundle/room/deskfleet.bundle" >"$run_folder/log" 2>&1 ||
    fail "the room's Git does not take the repository: $(tail -n 3 "$run_folder/log")" 'run this again'
}

install_argo_cd() {
  run_long kubectl --kubeconfig "$admin_conf" apply --server-side --force-conflicts --field-manager administrator --filename "$bundle/room/argo-cd.yaml"
  tell '       tells Argo CD where Git is, and by which login'
  if [ -n "$apply" ]; then
    host=${registry%:*}
    [ -n "$(secret_value argocd argocd-redis auth)" ] || {
      secret_text argocd argocd-redis
      printf '  auth: %s\n' "$(new_password | tr -d '\n' | encoded)"
    } | apply_text
    login=$(secret_value "$sources_namespace" sources-logins argo)
    {
      secret_text argocd room-repository 'argocd.argoproj.io/secret-type: repository'
      printf '  type: %s\n  url: %s\n' "$(printf git | encoded)" "$(printf 'https://%s/deskfleet.git' "$host" | encoded)"
      printf '  username: %s\n  password: %s\n' "$(printf %s "${login%%:*}" | encoded)" "$(printf %s "${login#*:}" | encoded)"
    } | apply_text
    {
      printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: argocd-tls-certs-cm, namespace: argocd, labels: { app.kubernetes.io/part-of: argocd } }\n'
      printf 'data:\n  "%s": |\n' "$host"
      secret_value "$sources_namespace" sources ca.crt | sed 's/^/    /'
    } >"$run_folder/trust.yaml"
  fi
  run_long kubectl --kubeconfig "$admin_conf" apply --server-side --force-conflicts --field-manager administrator --filename "$run_folder/trust.yaml"
  for part in argocd-redis argocd-repo-server argocd-application-controller; do
    run_long kubectl --kubeconfig "$admin_conf" --namespace argocd rollout status "deployment/$part" --timeout=300s
  done
}

# From here on the door of the platform holds the room's address, and takes it back where it has it.
leave_address() {
  [ -e "$held_address" ] || return 0
  address=$(address_of_room)
  run ip address del "$address" dev "$(ip -oneline -4 address show to "${address%/*}" | awk '{ print $2; exit }')"
  wait_until 60 'the door holds the address of the room' is_here "${address%/*}" ||
    fail "nobody holds $address" 'kubectl -n deskfleet-door logs daemonset/door -c keepalived says why'
  take_away "$held_address"
}
