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

as_admin() { kubectl --kubeconfig "$admin_conf" --request-timeout=20s "$@"; }

# NAME SYNC HEALTH of each app.
applications() {
  as_admin --namespace argocd get applications --output \
    'go-template={{range .items}}{{.metadata.name}} {{.status.sync.status}} {{.status.health.status}}{{"\n"}}{{end}}'
}
# Sets apps: nothing where Argo CD is not there yet. Fails where nobody says.
ask_applications() {
  if apps=$(applications 2>"$run_folder/asked"); then return 0; fi
  apps=''
  grep -q "doesn't have a resource type\|could not find the requested resource" "$run_folder/asked"
}

# What is not as it must be, of what `applications` says; nothing where all is.
apps_open() { awk 'NF && ($2 != "Synced" || $3 != "Healthy") { printf " %s", $1 }'; }

# From its first command to its last; and once it was through.
platform_mark=$(name_of path pc)/platform
delivered=$(name_of path pc)/delivered

# Once the apps are handed over they are Argo CD's: what is on the stick is older than what Git says.
platform_look() {
  registry=$(answer registry) apps='' silent=''
  if [ "$cluster_verdict" = 'done' ] && [ ! -e "$platform_mark" ]; then
    ask_applications || silent=yes
    if [ -e "$delivered" ] || is_handed_over || [ -n "$apps" ]; then is_begun=yes; else is_begun=''; fi
  else is_begun=''; fi
  host=$(address_of_room) host=${host%/*}
  if [ -n "$is_begun" ]; then
    is_done "apps are delivered from the room's Git"
    still=$(printf '%s\n' "$apps" | apps_open)
    [ -z "$still" ] || also "not as Git says, or not well:$still"
  # Where nobody has the room's address, as after a power cut on the way here, it is held again first.
  elif [ -n "$silent" ] && { is_here "$host" || is_elsewhere "$host"; }; then
    refused "the API server does not say whether apps are delivered: $(tail -n 1 "$run_folder/asked")" 'see what is wrong with it: journalctl -u kubelet -e'
  elif [ -z "$bundle" ] || [ ! -f "$bundle/room/images" ]; then
    refused 'the bundle has no room in it' 'make one by "npm run bundle -- --to DIR --room" (docs/install.md), and name it by --bundle'
  elif [ "$plan" = none ]; then
    refused "the room's registry and its Git lie on its own storage, and this PC would have no brick" 'say --free-space, --disk or --brick-mounted'
  else to_do "the room's registry, its Git, Argo CD, and by them all apps"; fi
}

platform_do() {
  mend="kubectl --kubeconfig $admin_conf get pods -A says what does not run"
  mark "$platform_mark"
  hold_address
  # Where the apps were handed over already, Git may say something newer by now.
  [ -z "$apply" ] || ask_applications || fail "the API server does not answer: $(tail -n 1 "$run_folder/asked")" "$mend"
  [ -n "$apps" ] || begin_platform
  wait_until 1200 'every app is as Git says' all_is_well || fail "these apps are not as they must be:$(applications 2>/dev/null | apps_open)" 'kubectl -n argocd describe application NAME says why; then run this again'
  leave_address
  mark "$delivered"
  unmark "$platform_mark"
}

begin_platform() {
  for name in $(images_unbrought); do
    run_long ctr --namespace k8s.io images import --local --digests --base-name "$registry/$name" "$bundle/registry/$name.tar"
  done
  # The place of the logins.
  run_long kubectl --kubeconfig "$admin_conf" apply --server-side --force-conflicts --field-manager argocd-controller \
    --filename "$repository/dist/namespaces/Namespace.$sources_namespace.yaml"
  make_logins
  trust_registry
  wait_until 600 'the cluster has taken all of dist/' all_is_taken || fail "the cluster does not take all of dist/: $(tail -n 3 "$run_folder/taken" 2>/dev/null)" 'run this again'
  wait_until 900 'its registry and its Git server run' are_sources_there ||
    fail 'the registry and the Git server of the room do not run' "kubectl --kubeconfig $admin_conf --namespace $sources_namespace describe pods says why; then run this again"
  push_images
  bring_repository
  install_argo_cd
  run_long kubectl --kubeconfig "$admin_conf" apply --server-side --force-conflicts --field-manager administrator \
    --filename "$repository/dist/delivery"
}

# Some must wait for others, such as their definitions: whoever applies them again and again gets there. As Argo CD calls itself, so
# that it goes on where this ends.
all_is_taken() {
  find "$repository/dist" -mindepth 1 -maxdepth 1 -type d ! -name delivery | sort | sed 's/^/--filename=/' |
    xargs -d '\n' kubectl --kubeconfig "$admin_conf" apply --server-side --force-conflicts --field-manager argocd-controller >"$run_folder/taken" 2>&1
}
# Both ask for a login, by the way that PCs take.
are_sources_there() {
  for port in "${registry##*:}/v2/" '443/deskfleet.git/info/refs'; do
    [ "$(curl --silent --max-time 5 --cacert "$certs/$registry/ca.crt" --output /dev/null --write-out '%{http_code}' \
      "https://${registry%:*}:$port")" = 401 ] || return 1
  done
}
all_is_well() {
  apps=$(applications 2>/dev/null) || return 1
  [ -n "$apps" ] && [ -z "$(printf '%s\n' "$apps" | sed '/^ *$/d' | apps_open)" ] || return 1
  # The list is an app itself, and names the others.
  [ "$(printf '%s\n' "$apps" | wc -l)" -ge "$(find "$repository/dist/delivery" -name 'Application.*' | wc -l)" ]
}

# --- what the two serve ---

# containerd pushes what it has, by a folder that knows the login of whoever may write.
push_images() {
  folder=$run_folder/registries
  if [ -n "$apply" ]; then
    mkdir -p "$folder/$registry"
    cat >"$folder/$registry/hosts.toml" <<END
server = "https://$registry"
[host."https://$registry"]
  capabilities = ["pull", "resolve", "push"]
  ca = "$certs/$registry/ca.crt"
[host."https://$registry".header]
  Authorization = "Basic $(printf %s "$push" | encoded)"
END
  fi
  while read -r name tag digest; do
    run_long ctr --namespace k8s.io images push --hosts-dir "$folder" "$registry/$name:$tag" "$(reference_of "$name" "$digest")"
  done <<END
$(images_of_room)
END
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
    rm -f incoming.*
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
    argo_cd_text | make_object
    repository_text | make_object
    trust_text >"$run_folder/trust.yaml"
  fi
  run_long kubectl --kubeconfig "$admin_conf" apply --server-side --force-conflicts --field-manager administrator --filename "$run_folder/trust.yaml"
  for part in argocd-redis argocd-repo-server argocd-application-controller; do
    run_long kubectl --kubeconfig "$admin_conf" --namespace argocd rollout status "deployment/$part" --timeout=300s
  done
}

# By what Argo CD keeps its cache.
argo_cd_text() {
  secret_text argocd argocd-redis
  printf '  auth: %s\n' "$(new_password | tr -d '\n' | encoded)"
}

repository_text() {
  secret_text argocd room-repository 'argocd.argoproj.io/secret-type: repository'
  printf '  type: %s\n  url: %s\n' "$(printf git | encoded)" "$(printf 'https://%s/deskfleet.git' "${registry%:*}" | encoded)"
  printf '  username: %s\n  password: %s\n' "$(printf %s "${argo%%:*}" | encoded)" "$(printf %s "${argo#*:}" | encoded)"
}

trust_text() {
  cat <<END
apiVersion: v1
kind: ConfigMap
metadata: { name: argocd-tls-certs-cm, namespace: argocd, labels: { app.kubernetes.io/part-of: argocd } }
data:
  "${registry%:*}": |
$(sed 's/^/    /' "$certs/$registry/ca.crt")
END
}

# From here on the door of the platform holds the room's address, and takes it back where it has it.
leave_address() {
  [ -e "$held_address" ] || return 0
  address=$(address_of_room)
  ! is_here "${address%/*}" || run ip address del "$address" dev "$(ip -oneline -4 address show to "${address%/*}" | awk '{ print $2; exit }')"
  wait_until 60 'the door holds the address of the room' is_here "${address%/*}" ||
    fail "nobody holds $address" 'kubectl -n deskfleet-door logs daemonset/door -c keepalived says why'
  take_away "$held_address"
}
