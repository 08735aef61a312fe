import { GATE } from '../../config/names.ts'
import { SLAPD_LOCK } from './seed.ts'

/**
 * The container's command: a slapd alone, or, where SLAPD_PEERS names several, one of those that hold the same people
 * (docs/decisions/0014-ldap-servers.md). Needs sh, coreutils and sed beside slapd; runs as any uid on a
 * read-only root, as long as DATA_DIR and RUN_DIR may be written. The suffix is read out of the seed, so that it stands
 * in one place.
 */
export const startScript = `#!/bin/sh
# Starts slapd from the files beside this script. The configuration is laid down anew at every start and never kept;
# only the people (DATA_DIR) are. Every path may be given by environment.
set -eu
umask 077

: "\${SLAPD_FILES:=/etc/deskfleet/slapd}"
: "\${TLS_DIR:=/etc/deskfleet/tls}"
: "\${ADMIN_PASSWORD_FILE:=/etc/deskfleet/admin/password}"
: "\${READER_PASSWORD_FILE:=/etc/deskfleet/reader/password}"
: "\${REPLICA_PASSWORD_FILE:=/etc/deskfleet/replica/password}"
: "\${DATA_DIR:=/var/lib/ldap}"
: "\${RUN_DIR:=/run/slapd}"
: "\${MODULE_DIR:=/usr/lib/ldap}"
: "\${SCHEMA_DIR:=/etc/ldap/schema}"
: "\${SLAPD_LISTEN:=ldaps://0.0.0.0:1636 ldapi://$(printf %s "$RUN_DIR/ldapi" | sed 's|/|%2F|g')}"
: "\${SLAPD_DEBUG:=none}"
: "\${SLAPD_MAX_FILES:=4096}"
# Seconds between two looks at TLS_DIR, whose files change while slapd runs.
: "\${SLAPD_TLS_LOOK:=10}"
# Every server that holds these people, in the order of their ordinals, this one too, as ldaps://NAME:PORT; nothing or one
# where there is one. Which of them this is says the number that the host's name ends with.
: "\${SLAPD_PEERS:=}"
: "\${SLAPD_ORDINAL:=$(uname -n | sed -n 's/.*-\\([0-9][0-9]*\\)$/\\1/p')}"
# Of several servers one takes writes: whether this is the one from its start, or when it is told so on its socket, by
# olcMultiProvider. A server that takes none counts wrong passwords for itself alone: a count that travelled would take
# all of its entry along, over a lock or a new password that was written elsewhere at that moment.
: "\${SLAPD_WRITES:=FALSE}"
PATH=$PATH:/usr/sbin:/sbin

fail() { printf 'slapd was not started: %s\\n' "$1" >&2; exit 1; }

for path in "$SLAPD_FILES" "$TLS_DIR" "$DATA_DIR" "$RUN_DIR" "$MODULE_DIR" "$SCHEMA_DIR"; do
  case $path in *[!A-Za-z0-9/._-]*) fail "the path \\"$path\\" has characters other than letters, digits, / . _ -" ;; esac
done
for file in "$TLS_DIR/tls.crt" "$TLS_DIR/tls.key" "$TLS_DIR/ca.crt" "$ADMIN_PASSWORD_FILE" "$READER_PASSWORD_FILE" \\
  "$REPLICA_PASSWORD_FILE"; do
  [ -s "$file" ] && [ -r "$file" ] || fail "$file is missing, empty or unreadable; is its Secret there and mounted?"
done
for dir in "$DATA_DIR" "$RUN_DIR"; do
  [ -d "$dir" ] && [ -w "$dir" ] || fail "$dir is not a folder that uid $(id -u) may write"
done

base=$(sed -n '1s/^dn: //p' "$SLAPD_FILES/seed.ldif")

# slapd serves from copies, a folder for each pair of certificate and key, that nobody changes: what it cannot use it
# refuses then, and goes on with the one before. A mounted Secret changes all at once, behind a link: what is copied out
# of the folder that the link leads to now belongs together.
rm -rf "$RUN_DIR/tls"
pair=0
authorities=
# where: the folder that the files of TLS_DIR lie in now.
where() { dirname "$(readlink -f "$TLS_DIR/tls.crt")"; }
# mounted: a digest of what lies there; nothing while it is being changed.
mounted() { from=$(where) && cat "$from/tls.crt" "$from/tls.key" "$from/ca.crt" | sha256sum; }
# copy: lays what is there now down as the next pair. The authorities get another path when they are others only: by that
# the program beside slapd sees it (directory/socket.ts).
copy() {
  from=$(where)
  pair=$((pair + 1))
  mkdir -p "$RUN_DIR/tls/$pair" && cp "$from/tls.crt" "$from/tls.key" "$from/ca.crt" "$RUN_DIR/tls/$pair" || return 1
  [ -n "$authorities" ] && [ "$(cat "$authorities")" = "$(cat "$RUN_DIR/tls/$pair/ca.crt")" ] ||
    authorities="$RUN_DIR/tls/$pair/ca.crt"
}
served=$(mounted)
copy || fail "what lies in $TLS_DIR could not be copied"

set -- $SLAPD_PEERS
several=
if [ $# -gt 1 ]; then several=yes; else SLAPD_ORDINAL=0; fi
case $SLAPD_ORDINAL in
  *[!0-9]* | '') fail "SLAPD_ORDINAL is \\"$SLAPD_ORDINAL\\", and no number: which of \\"$SLAPD_PEERS\\" is this?" ;;
esac
[ -z "$several" ] || [ "$SLAPD_ORDINAL" -lt $# ] || fail "server $SLAPD_ORDINAL is not among \\"$SLAPD_PEERS\\""
# Stands in every stamp that this server gives: two servers must never have the same, and 0 means "no number".
server_id=$((SLAPD_ORDINAL + 1))

# consumer NUMBER ADDRESS: how one other server is read.
consumer() {
  tr '\\n' ' ' <<END
rid=$1 provider=$2 searchbase="$base" type=refreshAndPersist retry="1 30 5 +" keepalive=10:3:5 network-timeout=5 timeout=3
tls_cacert=$authorities tls_reqcert=demand tls_reqsan=demand tls_protocol_min=3.4
bindmethod=simple binddn="cn=replica,$base" credentials=$secret
END
}

# consumers: one line of cn=config for each other server, from which this one takes what was written there. The password
# stands in a file of slapd's own then, and never in an argument.
consumers() {
  secret=$(cat "$REPLICA_PASSWORD_FILE")
  case $secret in *[!A-Za-z0-9_-]*) fail "the password in $REPLICA_PASSWORD_FILE has other characters than letters, digits, _ -" ;; esac
  other=0
  for peer in $SLAPD_PEERS; do
    case $peer in ldaps://*) ;; *) fail "\\"$peer\\" is no address such as ldaps://NAME:PORT" ;; esac
    if [ $other -ne "$SLAPD_ORDINAL" ]; then
      printf 'olcSyncrepl:: '
      printf %s "$(consumer $((other + 1)) "$peer")" | base64 -w0
      echo
    fi
    other=$((other + 1))
  done
  printf 'olcMultiProvider: %s\\n' "$SLAPD_WRITES"
}

: >"$RUN_DIR/replicated"
[ -z "$several" ] || consumers >"$RUN_DIR/replicated"

# render FOLDER DATABASE: lays cn=config for that database down in that folder.
render() {
  rm -rf "$1" && mkdir "$1"
  sed -e "s|@RUN_DIR@|$RUN_DIR|g" -e "s|@PAIR@|$RUN_DIR/tls/$pair|g" -e "s|@AUTHORITIES@|$authorities|g" -e "s|@MODULE_DIR@|$MODULE_DIR|g" \\
    -e "s|@SCHEMA_DIR@|$SCHEMA_DIR|g" -e "s|@SLAPD_FILES@|$SLAPD_FILES|g" -e "s|@DB_DIR@|$2|g" \\
    -e "s|@UID@|$(id -u)|g" -e "s|@GID@|$(id -g)|g" -e "s|@SERVER_ID@|$server_id|g" \\
    -e "/^@REPLICATED@$/{r $RUN_DIR/replicated" -e 'd}' "$SLAPD_FILES/config.ldif" >"$RUN_DIR/config.ldif"
  slapadd -F "$1" -n 0 -l "$RUN_DIR/config.ldif" || fail 'slapadd refused the configuration (its reason stands above)'
}

# hash FILE: the argon2id hash of the password in FILE (without a last newline), in base64 for LDIF.
hash() {
  printf %s "$(cat "$1")" >"$RUN_DIR/password"
  slappasswd -o module-path="$MODULE_DIR" -o module-load='argon2 m=19456 t=2 p=1' -h '{ARGON2}' -n \\
    -T "$RUN_DIR/password" >"$RUN_DIR/hash" || fail "slappasswd could not hash the password in $1"
  rm -f "$RUN_DIR/password"
  base64 -w0 <"$RUN_DIR/hash"
  rm -f "$RUN_DIR/hash"
}

# account NAME FILE: the entry of one of the directory's own accounts, completed by its password.
account() {
  cat "$SLAPD_FILES/$1.ldif"
  printf 'userPassword:: %s\\n\\n' "$(hash "$2")"
}

# renew NAME FILE: the change that gives one of these accounts the password in FILE.
renew() {
  printf 'dn: cn=%s,%s\\nchangetype: modify\\nreplace: userPassword\\nuserPassword:: %s\\n\\n' "$1" "$base" "$(hash "$2")"
}

# Which passwords the database holds, told without them: random ones of 32 characters are not guessed from a digest.
digest() { cat "$ADMIN_PASSWORD_FILE" "$READER_PASSWORD_FILE" "$REPLICA_PASSWORD_FILE" | sha256sum | cut -d' ' -f1; }

# The database appears by a rename once it is whole: a seeding that was cut short is thrown away and done again.
if [ ! -s "$DATA_DIR/db/data.mdb" ]; then
  rm -rf "$DATA_DIR/db" "$DATA_DIR/db.new" && mkdir "$DATA_DIR/db.new"
  render "$RUN_DIR/seed" "$DATA_DIR/db.new"
  { cat "$SLAPD_FILES/seed.ldif" && echo && account admin "$ADMIN_PASSWORD_FILE" && account reader "$READER_PASSWORD_FILE" &&
      account replica "$REPLICA_PASSWORD_FILE"
  } >"$RUN_DIR/seed.ldif"
  slapadd -F "$RUN_DIR/seed" -n 1 -w -l "$RUN_DIR/seed.ldif" || fail 'slapadd refused the first entries (see above)'
  digest >"$DATA_DIR/db.new/accounts"
  sync
  mv "$DATA_DIR/db.new" "$DATA_DIR/db"
  rm -rf "$RUN_DIR/seed" "$RUN_DIR/seed.ldif"
fi

render "$RUN_DIR/config" "$DATA_DIR/db"
# The account by which servers read each other is younger than the first directories.
if [ -z "$(slapcat -F "$RUN_DIR/config" -n 1 -s "cn=replica,$base" 2>/dev/null)" ]; then
  account replica "$REPLICA_PASSWORD_FILE" >"$RUN_DIR/replica.ldif"
  slapadd -F "$RUN_DIR/config" -n 1 -l "$RUN_DIR/replica.ldif" || fail 'slapadd could not add the account of replicas'
  rm -f "$RUN_DIR/replica.ldif"
fi
if [ "$(cat "$DATA_DIR/db/accounts" 2>/dev/null || :)" != "$(digest)" ]; then
  { renew admin "$ADMIN_PASSWORD_FILE" && renew reader "$READER_PASSWORD_FILE" &&
    renew replica "$REPLICA_PASSWORD_FILE"; } >"$RUN_DIR/renew.ldif"
  slapmodify -F "$RUN_DIR/config" -n 1 -S "$server_id" -w -l "$RUN_DIR/renew.ldif" || fail 'slapmodify could not set the new passwords'
  rm -f "$RUN_DIR/renew.ldif"
  digest >"$DATA_DIR/db/accounts"
fi

# The group of helpers is younger than the first directories. Every server adds the same old entry, so that none overrides
# what somebody changed of it at another one.
if [ -z "$(slapcat -F "$RUN_DIR/config" -n 1 -s "cn=helpers,ou=groups,$base" 2>/dev/null)" ]; then
  slapadd -F "$RUN_DIR/config" -n 1 -l "$SLAPD_FILES/helpers.ldif" || fail 'slapadd could not add the group of helpers'
fi
# Without this a one-time password would do for more than choosing another.
must="cn=default,ou=policies,$base"
if [ -n "$(slapcat -F "$RUN_DIR/config" -n 1 -s "$must" -a '(pwdMustChange=FALSE)')" ]; then
  printf 'dn: %s\\nchangetype: modify\\nreplace: pwdMustChange\\npwdMustChange: TRUE\\n\\n' "$must" >"$RUN_DIR/must.ldif"
  slapmodify -F "$RUN_DIR/config" -n 1 -S "$server_id" -w -l "$RUN_DIR/must.ldif" || fail 'slapmodify could not set pwdMustChange'
  rm -f "$RUN_DIR/must.ldif"
fi

# A directory of before locked an account after five wrong passwords, whoever typed them. Other numbers are somebody's.
policy="cn=default,ou=policies,$base"
before='(&(pwdMaxFailure=5)(pwdFailureCountInterval=300)(pwdLockoutDuration=300))'
if [ -n "$(slapcat -F "$RUN_DIR/config" -n 1 -s "$policy" -a "$before")" ]; then
  { printf 'dn: %s\\nchangetype: modify\\n' "$policy"
    printf 'replace: pwdMaxFailure\\npwdMaxFailure: ${SLAPD_LOCK.failures}\\n-\\n'
    printf 'replace: pwdFailureCountInterval\\npwdFailureCountInterval: ${SLAPD_LOCK.within}\\n-\\n'
    printf 'replace: pwdLockoutDuration\\npwdLockoutDuration: ${SLAPD_LOCK.lasts}\\n\\n'
  } >"$RUN_DIR/lock.ldif"
  slapmodify -F "$RUN_DIR/config" -n 1 -S "$server_id" -w -l "$RUN_DIR/lock.ldif" || fail 'slapmodify could not set the lock'
  rm -f "$RUN_DIR/lock.ldif"
fi

# Whoever lets this slapd write says each second, by a file, that it still may. When that ends without a word, because the
# program hangs or is gone, slapd ends too, before another server may begin; started anew it takes no writes. (As a
# container's first process it can be told to end from within, and not be killed.)
rm -f "$RUN_DIR/open"
watch_over() {
  while kill -0 "$1" 2>/dev/null; do
    said=$(stat -c %Y "$RUN_DIR/open" 2>/dev/null) && [ $(($(date +%s) - said)) -gt ${GATE.stale} ] && kill -TERM "$1"
    sleep 1
  done
}
if [ -n "$several" ]; then watch_over $$ & fi

# A certificate that is made anew is served from the next connection on: slapd reads its files again when it is told
# where they are, all in one change. One that it cannot use is told once, and tried again.
serve_anew() {
  copy && ldapmodify -Q -Y EXTERNAL -o nettimeout=5 -H "ldapi://$(printf %s "$RUN_DIR/ldapi" | sed 's|/|%2F|g')" >/dev/null <<END
dn: cn=config
changetype: modify
replace: olcTLSCACertificateFile
olcTLSCACertificateFile: $authorities
-
replace: olcTLSCertificateFile
olcTLSCertificateFile: $RUN_DIR/tls/$pair/tls.crt
-
replace: olcTLSCertificateKeyFile
olcTLSCertificateKeyFile: $RUN_DIR/tls/$pair/tls.key
END
}
follow_tls() {
  turn=0
  refused=
  while kill -0 "$1" 2>/dev/null; do
    sleep 1
    turn=$(((turn + 1) % SLAPD_TLS_LOOK))
    [ $turn -eq 0 ] || continue
    now=$(mounted 2>/dev/null) && [ "$now" != "$served" ] || continue
    before=$authorities
    if serve_anew 2>"$RUN_DIR/refusal"; then
      served=$now
      echo 'slapd serves with another certificate, or trusts other authorities' >&2
      continue
    fi
    [ "$now" = "$refused" ] || { echo 'slapd goes on with its certificate; it does not take the new one:' >&2; cat "$RUN_DIR/refusal" >&2; }
    refused=$now
    rm -rf "$RUN_DIR/tls/$pair"
    pair=$((pair - 1))
    authorities=$before
  done
}
follow_tls $$ &

rm -f "$RUN_DIR/config.ldif" "$RUN_DIR/replicated" "$RUN_DIR/ldapi"
# slapd sets up a table as large as the number of files it may open: a container's default costs hundreds of MB.
ulimit -n "$SLAPD_MAX_FILES" 2>/dev/null || :
exec slapd -d "$SLAPD_DEBUG" -F "$RUN_DIR/config" -h "$SLAPD_LISTEN"
`
