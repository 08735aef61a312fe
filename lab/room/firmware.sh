#!/bin/sh
# What the firmware of PCs does: one that restarts itself (`systemctl reboot` in it) is booted again. Its container has ended
# then, by SIGHUP (exit code 129), which is how the kernel ends a pid namespace that asks for a restart.
# Usage: firmware.sh UNPLUGGED
#   UNPLUGGED   folder with a file for each PC that has no power
unplugged=$1
boot_again() {
  [ ! -e "$unplugged/$1" ] || return
  podman start "$1"
  # Power may have gone meanwhile.
  [ ! -e "$unplugged/$1" ] || podman kill --signal KILL "$1"
  [ -e /share/pod-routes ] || return
  while read -r pods pc; do ip route replace "$pods" via "$pc"; done </share/pod-routes
}
while :; do
  podman events --filter event=died --format '{{.ContainerExitCode}} {{.Name}}' |
    while read -r code name; do [ "$code" != 129 ] || boot_again "$name"; done
  sleep 1
done
