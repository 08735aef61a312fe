# shellcheck shell=sh
# Variables are those of install.sh, which reads this file.
# shellcheck disable=SC2034,SC2154
# What a PC is, and what is wrong with it.

# What this PC is, before what is wrong with it.
tell_what_it_is() {
  facts_of_join
  case $traces:$master:$node_is in
    no:*) what='in no room' ;;
    yes:yes:*) what="a master of the room, to which it is: $node_is" ;;
    *) what="a worker of the room, to which it is: $node_is" ;;
  esac
  version=$(kubelet --version 2>/dev/null) || version='no kubelet'
  tell "$pc_name is $what ($version$([ ! -f "$door_file" ] || printf ', %s' "$(cat "$door_file")"))"
}

# Every step, and nothing of what would be done.
tell_steps() {
  for step; do
    look_at "$step"
    [ "$state" = 'done' ] || wrong=yes
    [ "$state" != 'to do' ] || mend="install.sh repair"
    show_state
  done
}
