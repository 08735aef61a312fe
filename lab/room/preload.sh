#!/bin/sh
# Puts the archives of FOLDER into the image store of an unpacked node, by that node's own containerd.
# Started in a mount namespace of its own: its mounts end with it.
# Usage: preload.sh NODE_ROOT FOLDER
set -eu
root=$1 archives=$2
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=0755 dev "$root/dev"
mknod -m 0666 "$root/dev/null" c 1 3
mknod -m 0666 "$root/dev/zero" c 1 5
mknod -m 0666 "$root/dev/random" c 1 8
mknod -m 0666 "$root/dev/urandom" c 1 9
mount -t tmpfs run "$root/run"
mount -t tmpfs tmp "$root/tmp"
mkdir "$root/tmp/archives"
mount --bind "$archives" "$root/tmp/archives"
cat >"$root/tmp/import" <<'IMPORT'
set -eu
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
containerd --log-level warn >/tmp/containerd.log 2>&1 &
containerd=$!
tries=0
until ctr version >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { cat /tmp/containerd.log >&2; exit 1; }
  sleep 0.1
done
for archive in /tmp/archives/*.tar; do
  ctr -n k8s.io images import --local --discard-unpacked-layers --label=io.cri-containerd.pinned=pinned "$archive"
done
kill "$containerd"
wait "$containerd" || true
IMPORT
exec chroot "$root" /bin/sh /tmp/import
