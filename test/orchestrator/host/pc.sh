#!/bin/sh
# Becomes the first process of a PC for tests: a Debian of its own, on namespaces of its own but for the network, with the
# real containerd. What it writes outlives a power cut, but for /run, as on a real one.
# Usage: pc.sh FOLDER LOWER
set -eu
pc=$1 lower=$2
root=$pc/root
mkdir -p "$root" "$pc/upper" "$pc/work"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$pc/upper,workdir=$pc/work" "$root"
mount -t proc proc "$root/proc"
sh "$(dirname "$0")/../../../lab/debian/device-nodes.sh" "$root"
mount -t tmpfs -o mode=0755,size=64m run "$root/run"
cd "$root"
mkdir -p .outside
pivot_root . .outside
umount -l /.outside
rmdir /.outside
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
containerd --log-level warn >/run/containerd.log 2>&1 &
until ctr version >/dev/null 2>&1; do sleep 0.1; done
: >/run/on
exec sleep infinity
