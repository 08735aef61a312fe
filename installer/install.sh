#!/bin/sh
# `installer/`: Turns bare PCs into a room: checks, brick, programs, settings, the first master or a node of it, its own screen.
#
# This file is the command line, and the order of the steps. Each step is a file in steps/ that looks (NAME_look: whether it is
# done, is to be done, or is refused) and does (NAME_do). Whatever changes this PC goes through doing.sh, which shows it in a dry run.
# What is set here is read by the files of the steps.
# shellcheck disable=SC2034
set -eu
umask 022
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
here=$(cd "$(dirname "$0")" && pwd)
repository=$(dirname "$here")
# In memory: it holds what a join is told, and goes with a boot.
run_folder=/run/deskfleet-install/$$

usage() {
  cat <<'END'
Makes this PC a node of the room, or the first one of a new room; looks after it, or takes it out.

  install.sh init     begins a room with this PC: its first master, registry, Git, Argo CD, and all apps; once in a room
  install.sh join     checks the PC, makes its brick, lays programs and settings, joins as a worker
  install.sh repair   the same on a PC that was one: does what is not as it must be, keeps the brick's files
  install.sh status   what this PC is, and what is wrong with it; exit code 1 while something is
  install.sh leave    takes the PC out of the room; the brick's files stay
                      (one that was stolen: "npx deskfleet pc lost NAME", where kubectl works)

Without --apply nothing is changed: every step is shown, whether it is done, and the commands.

  --apply              carry it out
  --answers FILE       what there is to know of the room (default: /etc/deskfleet.yaml), from "npx deskfleet node-config"
  --bundle DIR         the folder with programs and their SHA256SUMS (default: the one that this file lies in)
  --name NAME          what this PC is called in the room (default: its host name)
  --disk DISK          its brick: all of that disk, by its name in /dev/disk/by-id
  --confirm SERIAL     the serial of that disk, as its label says
  --free-space         its brick: what is free on the disk of the system
  --brick-mounted      its brick: the XFS that you have mounted at /var/lib/deskfleet/brick yourself
  --no-brick           it has no brick, and keeps no files of others
  --kiosk yes|no|auto  its own screen shows the room's login (default: auto, where a screen is attached)
  --wipe NAME          what is on that disk may go: NAME as the refusal says it
  --wipe-brick SERIAL  the files of the brick on the disk with that serial may go
  --room-is-gone       leave: nobody can be asked any more
  --only STEP          that step alone: init, of hardware, packages, programs, disk, settings, images, cluster,
                       labels, platform, hand-over, kiosk; join, repair and status, of hardware, packages, programs,
                       disk, settings, images, join, labels, kiosk
  --help               this text

Exit codes: 0 done, or nothing to do; 1 refused or failed; 2 called in a way that has no meaning.
END
}

wrong_use() {
  complain "$1"
  complain '"--help" shows what there is'
  exit 2
}

# --- what a step says of itself ---

is_done() { state='done' says=$1 mend='' more=${2-}; }
to_do() { state='to do' says=$1 mend='' more=''; }
refused() { state=refused says=$1 mend=$2 more=''; }
# Another line below.
also() { more="$more
$1"; }

for file in doing answers steps/hardware steps/packages steps/programs steps/disk-facts steps/disk steps/settings \
  steps/images steps/join steps/cluster steps/labels steps/logins steps/platform steps/hand-over steps/kiosk steps/leave steps/status; do
  # shellcheck source=/dev/null
  . "$here/$file.sh"
done

# --- the command line ---

verb='' answers=/etc/deskfleet.yaml answers_given='' bundle='' pc_name='' brick='' confirm='' wipe='' wipe_brick='' room_is_gone='' only='' kiosk='' verdict=''

# This file may lie in a bundle itself.
bundle_around() {
  case $repository in
    */repository) [ ! -f "${repository%/*}/SHA256SUMS" ] || echo "${repository%/*}" ;;
  esac
}
value() { [ "$2" -ge 2 ] || wrong_use "$1 wants a value"; }
choose_brick() {
  [ -z "$brick" ] || wrong_use '--disk, --free-space, --brick-mounted and --no-brick exclude each other'
  brick=$1
}

while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --apply) apply=yes ;;
    --dry-run) apply='' ;;
    --room-is-gone) room_is_gone=yes ;;
    --free-space) choose_brick free ;;
    --no-brick) choose_brick none ;;
    --brick-mounted) choose_brick mounted ;;
    --disk) value "$1" $#; choose_brick "$2"; shift ;;
    --answers) value "$1" $#; answers=$2 answers_given=yes; shift ;;
    --bundle) value "$1" $#; bundle=$2; shift ;;
    --name) value "$1" $#; pc_name=$2; shift ;;
    --confirm) value "$1" $#; confirm=$2; shift ;;
    --kiosk) value "$1" $#; kiosk=$2; shift ;;
    --only) value "$1" $#; only=$2; shift ;;
    --wipe) value "$1" $#; wipe=$2; shift ;;
    --wipe-brick) value "$1" $#; wipe_brick=$2; shift ;;
    -*) wrong_use "there is no option $1" ;;
    *) [ -z "$verb" ] || wrong_use "$verb and $1: one at a time"; verb=$1 ;;
  esac
  shift
done

case $verb in
  init | join | repair | status | leave) ;;
  '') usage >&2; exit 2 ;;
  *) wrong_use "there is no $verb" ;;
esac
case $verb in
  init) steps='hardware packages programs disk settings images cluster labels platform hand-over kiosk' ;;
  *) steps='hardware packages programs disk settings images join labels kiosk' ;;
esac
case " $steps " in
  *" ${only:-disk} "*) steps=${only:-$steps} ;;
  *) wrong_use "there is no step $only: of these there are $steps" ;;
esac
case $kiosk in '' | auto | yes | no) ;; *) wrong_use "--kiosk wants yes, no or auto: $kiosk is none of them" ;; esac
case $brick in '' | none | free | mounted | /dev/*) ;; *) wrong_use "--disk wants a path, as /dev/disk/by-id/…: $brick is none" ;; esac

# --- the answers ---

[ -n "$bundle" ] || bundle=$(bundle_around)
# What a bundle with a room in it says of that room, for the PC that begins it: no secret, and a stick knows no modes.
who_reads=''
if [ "$verb" = init ] && [ -z "$answers_given" ] && [ ! -f "$answers" ] && [ -f "$bundle/room/answers" ]; then
  answers=$bundle/room/answers who_reads=public
fi
if [ -f "$answers" ] || [ -n "$answers_given" ]; then
  check_answers "$answers" "$who_reads"
  has_answers=yes
else
  has_answers=''
fi
answer() { [ -z "$has_answers" ] || answer_in "$answers" "$1"; }

[ -n "$pc_name" ] || pc_name=$(answer name)
[ -n "$pc_name" ] || pc_name=$(hostname | tr '[:upper:]' '[:lower:]')
[ -n "$brick" ] || { brick=$(answer brick) confirm=${confirm:-$(answer confirm)}; }
[ -n "$bundle" ] || bundle=$(answer bundle)
[ -n "$kiosk" ] || kiosk=$(answer kiosk)

# --- the steps, in their order ---

step_number=0 wrong='' open=''

show_state() {
  step_number=$((step_number + 1))
  printf '%2d. %-10s %-8s %s\n' "$step_number" "$step" "$state" "$says"
  [ -z "$more" ] || printf '%s\n' "$more" | sed '/^$/d; s/^/       /'
  [ -z "$mend" ] || tell "       mend: $mend"
}

# A step is called as people say it, and its functions as a shell can.
look_at() { "$(printf %s "$1" | tr - _)_look"; }
do_step() { "$(printf %s "$1" | tr - _)_do"; }

# Looks at all steps before the first one is done: what is refused is refused before anything changes.
refuse_early() {
  for step; do
    look_at "$step"
    [ "$state" != refused ] || wrong=yes
  done
  [ -n "$wrong" ] || return 0
  for step; do look_at "$step"; show_state; done
  complain 'nothing was changed: a step is refused'
  exit 1
}

do_steps() {
  [ -z "$apply" ] || refuse_early "$@"
  for step; do
    look_at "$step"
    show_state
    case $state in
      'done') continue ;;
      refused)
        [ -z "$apply" ] || exit 1
        wrong=yes
        continue
        ;;
    esac
    open=yes
    mend=''
    [ -z "$apply" ] || in_step=$step
    do_step "$step"
    [ -n "$apply" ] || continue
    look_at "$step"
    [ "$state" = 'done' ] || fail "$step was done, and is not so: $says" "$mend"
    tell "       $step: $says"
    in_step=''
  done
}

# Steps are done one at a time: a second install.sh waits for nobody, it says so.
alone() {
  [ -n "$apply" ] || return 0
  exec 9>/run/deskfleet-install.lock
  flock --nonblock 9 || fail 'another install.sh is at work on this PC' 'wait until it is through'
}

# What a power cut or Ctrl-C leaves is gone on with; what works in the background ends with us.
working='' in_step=''
at_the_end() {
  code=$?
  [ -z "$working" ] || kill "$working" 2>/dev/null || :
  rm -rf --one-file-system "$run_folder"
  rmdir "${run_folder%/*}" 2>/dev/null || :
  case $code in
    0 | 130 | 143) ;;
    1) [ -z "$in_step" ] || complain "it stopped in the step $in_step; the same call again goes on" ;;
    *) complain "a program failed, with exit code $code${in_step:+, in the step $in_step}; the same call again goes on" && code=1 ;;
  esac
  exit "$code"
}
trap at_the_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

(umask 077 && mkdir -p "$run_folder") 2>/dev/null || fail 'only root may look at all and change it' 'sudo install.sh …'
alone

# What these go by is seen by steps before them.
case $only in
  labels | platform | hand-over)
    disk_look
    if [ "$verb" = init ]; then cluster_look; else join_look; fi
    case $only:$verdict in
      labels:* | *:done) ;;
      *) fail "the step $only comes after cluster, which is not done: $says" 'the same without --only' ;;
    esac
    ;;
esac
[ -n "$apply" ] || [ "$verb" = status ] || tell "Dry run for $pc_name: nothing is changed. --apply carries it out."
# shellcheck disable=SC2086
case $verb in
  init | join | repair) do_steps $steps ;;
  leave) do_steps leave ;;
  status)
    tell_what_it_is
    tell_steps $steps
    [ -z "$wrong" ] || { tell 'Something is not as it must be.'; exit 1; }
    tell 'All is as it must be.'
    exit 0
    ;;
esac

[ -z "$wrong" ] || { tell 'As it is, this cannot be carried out: see what is refused.'; exit 1; }
[ -n "$open" ] || { tell 'Nothing to do.'; exit 0; }
[ -n "$apply" ] || tell 'Nothing was changed. The same with --apply carries it out.'
