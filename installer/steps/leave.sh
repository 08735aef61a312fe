# shellcheck shell=sh
# Variables are those of install.sh, which reads this file.
# shellcheck disable=SC2034,SC2154
# The PC leaves the room. What only an administrator may do, with their own rights, is said, and waited for: desktops go elsewhere,
# files of its brick come to other PCs, its Node is deleted. What is on the brick stays.

# What is done about it: judge_leave TRACES MASTER NODE GONE, the last yes where nobody can be asked any more.
judge_leave() {
  case $1:$2:$3:$4 in
    no:*) echo 'done' ;;
    yes:yes:*) echo 'refuse this PC is a master | let another one take its place: npx deskfleet masters step-down NAME; then this again' ;;
    yes:no:gone:* | yes:no:stranger:* | yes:no:*:yes) echo leave ;;
    yes:no:silent:*) echo 'refuse the room does not answer, so nobody knows whether its files are elsewhere | run this when it answers; or, if the room is no more: --room-is-gone' ;;
    *) echo 'refuse the room still counts on this PC | what an administrator does first, in this order:' ;;
  esac
}

leave_look() {
  facts_of_join
  # The last that goes: as long as it is there, a leave was not finished.
  [ ! -e "$saved_answers" ] || traces=yes
  leaving=$(judge_leave "$traces" "$master" "$node_is" "$room_is_gone")
  case $leaving in
    'done') is_done 'it is in no room. Its plug may be pulled; a brick in it keeps its files' ;;
    leave) to_do 'the room does not count on it any more: what it has of the room is removed' ;;
    *) why=${leaving#refuse }; refused "${why% | *}" "${why##* | }" ;;
  esac
  case $node_is:$state in
    ready:refused | not-ready:refused)
      [ "$master" = yes ] || also "npx deskfleet storage retire $pc_name    # until it says: its plug may be pulled
kubectl drain $pc_name --ignore-daemonsets --delete-emptydir-data
kubectl delete node $pc_name" ;;
  esac
}

leave_do() {
  mend='run this again: it goes on where it stopped'
  forget_room
  run systemctl disable kubelet
  if [ -f "/etc/systemd/system/$brick_unit" ]; then
    run systemctl disable --now "$brick_unit"
    take_away "/etc/systemd/system/$brick_unit"
  fi
  ! kiosk_is_there || take_kiosk_away
  take_away "$door_file" "$joining"
  # What the first PC was left with.
  take_away "$saved_answers" "$page" "$join_answers" "$room_settings" "$first_password" "$administrator_made" "$founding" "$platform_mark" "$delivered"
  [ -n "$apply" ] || return 0
  tell '       its plug may be pulled; its brick keeps its files'
}
