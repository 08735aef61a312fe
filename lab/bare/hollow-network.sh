#!/bin/sh
# Makes the network of the hollow nodes in the namespace it is started in, then becomes the relay that holds it.
# The kubelets need an interface with a default route to find an address; nothing is ever sent over it.
# Usage: hollow-network.sh COMMAND...
set -eu
if [ -n "$(ip route show)" ]; then
  echo 'hollow-network: this network namespace is in use: it was not made for the hollow nodes' >&2
  exit 1
fi
ip link set lo up
ip link add node0 type veth peer name node1
ip link set node0 up
ip link set node1 up
ip address add 10.97.255.254/16 dev node0
ip route add default dev node0
exec "$@"
