#!/bin/sh
# Becomes the first process of a pod for tests: the root of its image, read-only but for what its containers may write, with a network
# of its own in which it has the address of its Service. All containers share one root, since they share one image.
# Usage: pod.sh FOLDER LOWER ADDRESS
set -eu
pod=$1 lower=$2 address=$3
root=$pod/root
mkdir -p "$root" "$pod/upper" "$pod/work" "$pod/data"
ip link set lo up
ip address add "$address/32" dev lo
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$pod/upper,workdir=$pod/work" "$root"
mkdir -p "$root/data" "$root/etc/sources"
mount --bind "$pod/data" "$root/data"
# Files of its Secret and its ConfigMap change from outside.
mount --bind "$pod/etc" "$root/etc/sources"
mount -o remount,bind,ro "$root/etc/sources"
mount -t proc proc "$root/proc"
sh "$(dirname "$0")/../../lab/debian/device-nodes.sh" "$root"
mount -t tmpfs -o mode=0755,size=16m run "$root/run"
mount -t tmpfs -o mode=1777,size=512m tmp "$root/tmp"
for one in sources git git-2; do install -d -o 65532 -g 65532 "$root/run/$one"; done
chown 65532:65532 "$root/data"
cd "$root"
mkdir -p .outside
pivot_root . .outside
umount -l /.outside
rmdir /.outside
mount -o remount,bind,ro /
: >/run/on
exec sleep infinity
