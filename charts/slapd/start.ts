/**
 * The container's command. Needs sh, coreutils and sed beside slapd; runs as any uid on a read-only root, as long as
 * DATA_DIR and RUN_DIR may be written. The suffix is read out of the seed, so that it stands in one place.
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
: "\${DATA_DIR:=/var/lib/ldap}"
: "\${RUN_DIR:=/run/slapd}"
: "\${MODULE_DIR:=/usr/lib/ldap}"
: "\${SCHEMA_DIR:=/etc/ldap/schema}"
: "\${SLAPD_LISTEN:=ldaps://0.0.0.0:1636 ldapi://$(printf %s "$RUN_DIR/ldapi" | sed 's|/|%2F|g')}"
: "\${SLAPD_DEBUG:=none}"
: "\${SLAPD_MAX_FILES:=4096}"
PATH=$PATH:/usr/sbin:/sbin

fail() { printf 'slapd was not started: %s\\n' "$1" >&2; exit 1; }

for path in "$SLAPD_FILES" "$TLS_DIR" "$DATA_DIR" "$RUN_DIR" "$MODULE_DIR" "$SCHEMA_DIR"; do
  case $path in *[!A-Za-z0-9/._-]*) fail "the path \\"$path\\" has characters other than letters, digits, / . _ -" ;; esac
done
for file in "$TLS_DIR/tls.crt" "$TLS_DIR/tls.key" "$TLS_DIR/ca.crt" "$ADMIN_PASSWORD_FILE" "$READER_PASSWORD_FILE"; do
  [ -s "$file" ] && [ -r "$file" ] || fail "$file is missing, empty or unreadable; is its Secret there and mounted?"
done
for dir in "$DATA_DIR" "$RUN_DIR"; do
  [ -d "$dir" ] && [ -w "$dir" ] || fail "$dir is not a folder that uid $(id -u) may write"
done

base=$(sed -n '1s/^dn: //p' "$SLAPD_FILES/seed.ldif")

# render FOLDER DATABASE: lays cn=config for that database down in that folder.
render() {
  rm -rf "$1" && mkdir "$1"
  sed -e "s|@RUN_DIR@|$RUN_DIR|g" -e "s|@TLS_DIR@|$TLS_DIR|g" -e "s|@MODULE_DIR@|$MODULE_DIR|g" \\
    -e "s|@SCHEMA_DIR@|$SCHEMA_DIR|g" -e "s|@SLAPD_FILES@|$SLAPD_FILES|g" -e "s|@DB_DIR@|$2|g" \\
    -e "s|@UID@|$(id -u)|g" -e "s|@GID@|$(id -g)|g" "$SLAPD_FILES/config.ldif" >"$RUN_DIR/config.ldif"
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
digest() { cat "$ADMIN_PASSWORD_FILE" "$READER_PASSWORD_FILE" | sha256sum | cut -d' ' -f1; }

# The database appears by a rename once it is whole: a seeding that was cut short is thrown away and done again.
if [ ! -s "$DATA_DIR/db/data.mdb" ]; then
  rm -rf "$DATA_DIR/db" "$DATA_DIR/db.new" && mkdir "$DATA_DIR/db.new"
  render "$RUN_DIR/seed" "$DATA_DIR/db.new"
  { cat "$SLAPD_FILES/seed.ldif" && echo && account admin "$ADMIN_PASSWORD_FILE" && account reader "$READER_PASSWORD_FILE"
  } >"$RUN_DIR/seed.ldif"
  slapadd -F "$RUN_DIR/seed" -n 1 -w -l "$RUN_DIR/seed.ldif" || fail 'slapadd refused the first entries (see above)'
  digest >"$DATA_DIR/db.new/accounts"
  sync
  mv "$DATA_DIR/db.new" "$DATA_DIR/db"
  rm -rf "$RUN_DIR/seed" "$RUN_DIR/seed.ldif"
fi

render "$RUN_DIR/config" "$DATA_DIR/db"
if [ "$(cat "$DATA_DIR/db/accounts" 2>/dev/null || :)" != "$(digest)" ]; then
  { renew admin "$ADMIN_PASSWORD_FILE" && renew reader "$READER_PASSWORD_FILE"; } >"$RUN_DIR/renew.ldif"
  slapmodify -F "$RUN_DIR/config" -n 1 -l "$RUN_DIR/renew.ldif" || fail 'slapmodify could not set the new passwords'
  rm -f "$RUN_DIR/renew.ldif"
  digest >"$DATA_DIR/db/accounts"
fi

rm -f "$RUN_DIR/config.ldif" "$RUN_DIR/ldapi"
# slapd sets up a table as large as the number of files it may open: a container's default costs hundreds of MB.
ulimit -n "$SLAPD_MAX_FILES" 2>/dev/null || :
exec slapd -d "$SLAPD_DEBUG" -F "$RUN_DIR/config" -h "$SLAPD_LISTEN"
`
