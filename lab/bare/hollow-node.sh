#!/bin/sh
# Becomes one hollow node, in a mount namespace of its own: kubemark writes to /tmp whatever it is told, so it gets
# a /tmp that ends with it; and it asks DNS for its own name, which nobody answers here, so it gets a hosts file.
# Usage: hollow-node.sh RUN_FOLDER KUBEMARK NAME ADDRESS KUBELET_PORT
set -eu
run=$1 kubemark=$2 name=$3 address=$4 port=$5
ip address add "$address/16" dev node0 2>/dev/null || true
stage=$run/tmp
mount -t tmpfs -o mode=0700,size=64m tmpfs "$stage"
cp "$run/$name.kubeconfig" "$stage/kubeconfig"
printf '127.0.0.1 localhost\n%s %s\n' "$address" "$name" >"$stage/hosts"
: >"$stage/kubemark"
mount --bind "$kubemark" "$stage/kubemark"
mount --bind "$stage/hosts" /etc/hosts
# Last, since the run folder may itself be in /tmp.
mount --rbind "$stage" /tmp
cd /tmp
# The ports that nothing can switch off are open on all addresses of the private network only.
exec /tmp/kubemark --morph=kubelet --name="$name" --kubeconfig=/tmp/kubeconfig \
  --kubelet-port="$port" --kubelet-read-only-port=0 --use-host-image-service=false
