# shellcheck shell=sh
# The file is read by several, and written by none of them.
# shellcheck disable=SC2094
# The answer file: what install.sh would have to ask, one `key: value` a line. It is YAML of the simplest kind, written by
# `npx deskfleet node-config`. It holds secrets, so others than its owner must not read it.

# One line for each key: the key, and what it looks like.
answer_keys='
name ^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$
endpoint ^[][A-Za-z0-9.:-]+:[0-9]{1,5}$
door-address ^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$
administrator ^[a-z_][a-z0-9_.-]{0,31}$
ca-cert-hash ^sha256:[0-9a-f]{64}$
token ^[a-z0-9]{6}\.[a-z0-9]{16}$
kubernetes ^v[0-9]+\.[0-9]+\.[0-9]+$
registry ^[A-Za-z0-9.-]+(:[0-9]{1,5})?$
registry-ca ^[A-Za-z0-9+/=]+$
registry-login ^[^:[:space:]]+:[^[:space:]]+$
brick ^(none|free|mounted|/dev/.+)$
confirm ^[^[:space:]]+$
bundle ^/.+$
time-servers ^[A-Za-z0-9.: -]+$
door ^[A-Za-z0-9.-]+(:[0-9]{1,5})?$
door-ca ^[A-Za-z0-9+/=]+$
kiosk ^(auto|yes|no)$
kiosk-idle ^[1-9][0-9]{0,2}$
keyboard ^[a-z]{2,12}(\([A-Za-z0-9_-]+\))?$
language ^[a-z]{2,3}(_[A-Z]{2})?$
time-zone ^[A-Z][A-Za-z0-9_+/-]{1,60}$
ignore-preflight ^[A-Za-z0-9,-]+$
'

# The value of a key in the file; nothing where it is not there.
answer_in() { sed -n "s/^$2:[[:space:]]*//p" "$1" | sed "s/[[:space:]]*$//; s/^\"\(.*\)\"$/\1/; s/^'\(.*\)'$/\1/" | head -n 1; }

# Ends install.sh where the file is not one that it can go by: check_answers FILE [public]
check_answers() {
  [ -f "$1" ] || fail "there is no answer file $1" 'make one by "npx deskfleet node-config FILE" where kubectl works, and bring it here'
  mode=$(stat -L -c %a "$1")
  case ${2-}$mode in
    *00 | public*) ;;
    *) fail "$1 holds secrets, and its mode is $mode" "chmod 0600 $1" ;;
  esac
  number=0
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    case $line in '' | '#'* | ---) continue ;; esac
    key=${line%%:*}
    case $key in
      '' | *[!a-z-]*) pattern='' ;;
      *) pattern=$(printf '%s\n' "$answer_keys" | sed -n "s/^$key //p") ;;
    esac
    [ -n "$pattern" ] || fail "$1:$number: there is no answer called $key" "take it out; there are:$(printf '%s\n' "$answer_keys" | sed -n 's/ .*//p' | paste -s -d ' ' - | sed 's/^/ /')"
    [ "$(grep -c "^$key:" "$1")" -eq 1 ] || fail "$1:$number: $key stands there twice" 'take one of them out'
    answer_in "$1" "$key" | grep -Eq "$pattern" || fail "$1:$number: the value of $key is not as it must be" "make the file anew by \"npx deskfleet node-config\", or see docs/install.md"
  done <"$1"
}
