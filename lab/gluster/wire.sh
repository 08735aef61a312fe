#!/bin/sh
# Becomes the first process of the room of a run's Gluster: namespaces of its own (mount, network, pid, ipc), with a
# switch that its PCs are plugged into. Nothing of it is seen outside; when this process ends, every PC, mount, loop
# device and cable inside ends with it.
set -eu
if [ -n "$(ip link show type bridge)" ]; then
  echo 'wire: this network namespace is in use: it was not made for this run' >&2
  exit 1
fi
ip link set lo up
ip link add switch type bridge
ip link set switch up
exec sleep infinity
