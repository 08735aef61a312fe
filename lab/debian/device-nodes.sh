#!/bin/sh
# Gives a Debian that is entered in namespaces of its own a /dev of its own, with the nodes that every program wants and none of the
# machine's devices.
# Usage: device-nodes.sh ROOT [tty]
set -eu
mount -t tmpfs -o mode=0755,size=1m dev "$1/dev"
nodes='null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9'
[ "${2-}" != tty ] || nodes="$nodes tty:5:0"
for node in $nodes; do
  numbers=${node#*:}
  mknod -m 0666 "$1/dev/${node%%:*}" c "${numbers%:*}" "${numbers#*:}"
done
