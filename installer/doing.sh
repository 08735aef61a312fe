# shellcheck shell=sh
# Variables are those of install.sh, which reads this file.
# shellcheck disable=SC2034,SC2154
# How something is done: shown in a dry run, carried out by `--apply`. Steps change this PC by these functions and by nothing
# else, so a dry run prints the very commands.
#
# Read by install.sh. `apply` is yes or empty.

apply=${apply-}

tell() { printf '%s\n' "$*"; }
complain() { printf 'install.sh: %s\n' "$*" >&2; }

# Ends everything: what is wrong, and the mend.
fail() { complain "$1"; [ -z "${2-}" ] || complain "  mend: $2"; exit 1; }

# A word as a shell reads it.
quoted() {
  case $1 in
    '' | *[!A-Za-z0-9_./:=@%+,-]*) printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
    *) printf '%s' "$1" ;;
  esac
}

command_line() {
  line=
  for word; do line="$line $(quoted "$word")"; done
  printf '%s' "${line# }"
}

indented() { sed 's/^./       &/'; }
show_command() { tell "       \$ $(command_line "$@")"; }

# A command that takes a moment.
run() {
  show_command "$@"
  [ -n "$apply" ] || return 0
  "$@" || fail "this failed, with exit code $?: $(command_line "$@")" "${mend-}"
}

# The same with a text on its stdin.
run_with_input() {
  input=$1
  shift
  tell "       \$ $(command_line "$@") <<END"
  printf '%s\n' "$input" | indented
  tell '       END'
  [ -n "$apply" ] || return 0
  printf '%s\n' "$input" | "$@" || fail "this failed, with exit code $?: $(command_line "$@")" "${mend-}"
}

# A command that may take minutes: says every three seconds that it goes on, and keeps what it says until it fails.
run_long() {
  show_command "$@"
  [ -n "$apply" ] || return 0
  log=$run_folder/log
  "$@" >"$log" 2>&1 </dev/null &
  working=$!
  began=$(date +%s) told=0
  while kill -0 "$working" 2>/dev/null; do
    sleep 0.2
    seconds=$(($(date +%s) - began))
    if [ "$seconds" -ge $((told + 3)) ]; then
      tell "         … $seconds s"
      told=$seconds
    fi
  done
  if wait "$working"; then code=0; else code=$?; fi
  working=
  [ "$code" -ne 0 ] || return 0
  # Without colours.
  tail -n 20 "$log" | sed "s/$(printf '\033')\[[0-9;]*m//g; s/^/         /" >&2
  fail "this failed, with exit code $code: $(command_line "$@")" "${mend-}"
}

# Asks again and again, up to so many seconds: wait_until SECONDS WHAT COMMAND…
wait_until() {
  patience=$1 awaited=$2
  shift 2
  tell "       waits up to $patience s until $awaited"
  [ -n "$apply" ] || return 0
  began=$(date +%s) told=0
  until "$@"; do
    seconds=$(($(date +%s) - began))
    [ "$seconds" -lt "$patience" ] || return 1
    if [ "$seconds" -ge $((told + 3)) ]; then
      tell "         … $seconds s"
      told=$seconds
    fi
    sleep 0.5
  done
}

# Whether a file says exactly the text on stdin, and has that mode: same_file PATH MODE
same_file() {
  if [ ! -f "$1" ] || [ -L "$1" ]; then return 1; fi
  cmp -s - "$1" && [ "$(stat -c %a "$1")" = "${2#0}" ]
}

# Writes the text on stdin, whole or not at all, and on the disk when this returns: put PATH MODE [secret]
# What is secret is never shown.
put() {
  target=$1 mode=$2
  if [ -z "$apply" ]; then
    tell "       writes $target ($mode)$([ -z "${3-}" ] || printf ', which is not shown')"
    if [ -n "${3-}" ]; then cat >/dev/null; else indented | sed 's/^./  &/'; fi
    return 0
  fi
  tell "       writes $target"
  mkdir -p "$(dirname "$target")"
  (umask 077 && cat >"$target.new")
  settle_file "$target" "$mode"
}

# The same with a file: lay SOURCE PATH MODE
lay() {
  tell "       lays $2 ($3)"
  [ -n "$apply" ] || return 0
  mkdir -p "$(dirname "$2")"
  cp "$1" "$2.new"
  settle_file "$2" "$3"
}

settle_file() {
  chmod "$2" "$1.new"
  sync "$1.new"
  mv -f "$1.new" "$1"
  sync "$(dirname "$1")"
}

# A file that says by being there what has begun; on the disk when this returns.
mark() {
  tell "       marks $1"
  [ -n "$apply" ] || return 0
  mkdir -p "${1%/*}"
  : >"$1"
  sync "$1" "${1%/*}"
}
unmark() {
  take_away "$@"
  [ -z "$apply" ] || sync "${1%/*}"
}

# rm, of files that may be gone already.
take_away() {
  show_command rm -rf --one-file-system -- "$@"
  [ -z "$apply" ] || rm -rf --one-file-system -- "$@"
}

# What something is called: name_of KIND WHAT, out of the file `names`.
name_of() { sed -n "s/^$1 $2 //p" "$here/names"; }

has_program() { command -v "$1" >/dev/null 2>&1; }
is_active() { systemctl is-active --quiet "$1" 2>/dev/null; }
is_enabled() { systemctl is-enabled --quiet "$1" 2>/dev/null; }
