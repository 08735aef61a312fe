# shellcheck shell=sh
# Variables are those of install.sh, which reads this file.
# shellcheck disable=SC2034,SC2154
# Who may do what with the room's registry and its Git, and who vouches for both: made on the first PC, and known to the cluster and to
# the page to print alone (docs/sources.md).

new_password() { openssl rand -hex 24; }
secret_value() { as_admin --namespace "$1" get secret "$2" --output "go-template={{index .data \"$3\" | base64decode}}" 2>/dev/null; }
encoded() { base64 | tr -d '\n'; }
# A line of nginx's list, of NAME:PASSWORD: the password goes by stdin.
hashed() {
  hash=$(printf '%s\n' "${1#*:}" | openssl passwd -6 -stdin) || return 1
  printf '%s:%s\n' "${1%%:*}" "$hash"
}

# What is there already stays: it is made, and never written over.
make_logins() {
  tell '       makes the logins of the registry and of Git, and their certificate, unless they are there'
  [ -n "$apply" ] || return 0
  logins_text | make_object
  pull=$(login_of pull)
  push=$(login_of push)
  argo=$(login_of argo)
  admin=$(login_of admin)
  registry_logins=$(hashed "$pull" && hashed "$push")
  git_logins=$(hashed "$argo" && hashed "$admin")
  make_certificate
  sources_text | make_object
  rm -rf --one-file-system "$run_folder/sources"
}

# Of whoever is asked for; ends install.sh where the API server does not say it.
login_of() {
  value=$(secret_value "$sources_namespace" sources-logins "$1") || value=''
  [ -n "$value" ] || fail "Secret sources-logins in $sources_namespace does not say the login $1" "$mend"
  printf '%s\n' "$value"
}

# Of the object on stdin, which is secret.
make_object() {
  cat >"$run_folder/object.yaml"
  made=$(kubectl --kubeconfig "$admin_conf" --request-timeout=20s create --filename "$run_folder/object.yaml" 2>&1) ||
    case $made in *AlreadyExists*) ;; *) fail "the API server does not take it: $made" "$mend" ;; esac
  rm -f "$run_folder/object.yaml"
}

secret_text() {
  printf 'apiVersion: v1\nkind: Secret\nmetadata: { name: %s, namespace: %s%s }\ndata:\n' "$2" "$1" "${3:+, labels: { $3 \}}"
}

logins_text() {
  secret_text "$sources_namespace" sources-logins
  for who in pull push argo admin; do printf '  %s: %s\n' "$who" "$(printf '%s:%s' "$who" "$(new_password)" | encoded)"; done
}

by_openssl() { openssl "$@" 2>"$run_folder/log" || fail "openssl $1: $(tail -n 1 "$run_folder/log")"; }

# Who vouches for both signs once, and its key is forgotten: nobody can sign anything else for PCs.
make_certificate() {
  place=$run_folder/sources
  mkdir -p "$place"
  host=${registry%:*}
  by_openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=Deskfleet registry and Git" \
    -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign \
    -keyout "$place/ca.key" -out "$place/ca.crt"
  by_openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$host" -keyout "$place/tls.key" -out "$place/tls.csr"
  cat >"$place/extensions" <<END
subjectAltName=IP:$host,IP:127.0.0.1,DNS:localhost,DNS:sources.$sources_namespace.svc
extendedKeyUsage=serverAuth
keyUsage=critical,digitalSignature
basicConstraints=critical,CA:FALSE
END
  by_openssl x509 -req -in "$place/tls.csr" -CA "$place/ca.crt" -CAkey "$place/ca.key" -days 3649 -set_serial "0x$(openssl rand -hex 15)" \
    -extfile "$place/extensions" -out "$place/tls.crt"
  rm -f "$place/ca.key"
}

sources_text() {
  secret_text "$sources_namespace" sources
  for file in tls.crt tls.key ca.crt; do printf '  %s: %s\n' "$file" "$(encoded <"$run_folder/sources/$file")"; done
  printf '  registry.logins: %s\n' "$(printf '%s\n' "$registry_logins" | encoded)"
  printf '  git.logins: %s\n' "$(printf '%s\n' "$git_logins" | encoded)"
  printf '  http-secret: %s\n' "$(new_password | tr -d '\n' | encoded)"
}

# This PC pulls from the room's registry as every other one will.
trust_registry() {
  registry_ca='' registry_login=''
  if [ -n "$apply" ]; then
    registry_ca=$(secret_value "$sources_namespace" sources ca.crt | encoded)
    [ -n "$registry_ca" ] || fail "Secret sources in $sources_namespace does not say who vouches for the registry" "$mend"
    registry_login=$pull
  fi
  authority_text | put_other "$certs/$registry/ca.crt" 0644
  hosts_text | put_other "$certs/$registry/hosts.toml" 0600 secret
}
