#!/bin/sh
# Becomes the first process of the room's machine: a Debian of its own in namespaces of its own (mount, network, pid,
# ipc, uts), in which the container engine runs. Nothing that it does to network or mounts is seen outside; when this
# process ends, everything inside ends with it.
# Usage: machine.sh RUN_FOLDER LOWER IMAGE_STORE
#   RUN_FOLDER   of this room: gets root/, upper/, work/, graph/
#   LOWER        unpacked Debian with podman, shared by all rooms, never written to
#   IMAGE_STORE  images shared by all rooms, read-only here
set -eu
run=$1 lower=$2 store=$3
root=$run/root
mkdir -p "$root" "$run/upper" "$run/work" "$run/graph" "$run/share"

mount -t overlay overlay -o "lowerdir=$lower,upperdir=$run/upper,workdir=$run/work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"

# Device nodes of its own: the machine's /dev is out of reach of whatever happens in here.
mount -t tmpfs -o mode=0755,size=1m dev "$root/dev"
while read -r name type major minor; do
  mknod -m 0666 "$root/dev/$name" "$type" "$major" "$minor"
done <<'NODES'
null c 1 3
zero c 1 5
full c 1 7
random c 1 8
urandom c 1 9
kmsg c 1 11
tty c 5 0
fuse c 10 229
loop-control c 10 237
loop0 b 7 0
loop1 b 7 1
loop2 b 7 2
loop3 b 7 3
loop4 b 7 4
loop5 b 7 5
loop6 b 7 6
loop7 b 7 7
NODES
mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/net"
mknod -m 0666 "$root/dev/net/tun" c 10 200
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o size=512m shm "$root/dev/shm"
mount -t tmpfs -o mode=0755,size=2g run "$root/run"
mount -t tmpfs -o mode=1777,size=1g tmp "$root/tmp"

mkdir -p "$root/var/lib/containers" "$root/images" "$root/share" "$root/lib/modules"
mount --bind "$run/graph" "$root/var/lib/containers"
mount --bind "$store" "$root/images"
mount --bind "$run/share" "$root/share"

ip link set lo up
cd "$root"
mkdir -p .outside
pivot_root . .outside
umount -l /.outside
rmdir /.outside
echo ready >/share/ready
exec /usr/bin/tini -g -- /bin/sleep infinity
