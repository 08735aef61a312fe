#!/bin/sh
# Becomes the first process of one PC: a Debian of its own in namespaces of its own, its disk an XFS image. What it
# writes outlives a power cut, but for /run, as on a real one.
# Usage: pc.sh FOLDER LOWER NAME HOSTS server|kept|client|desk|nfs
#   FOLDER  of this PC: upper/ is what it wrote; disk.img, where it has a disk
#   LOWER   unpacked Debian, shared by all, never written to
#   HOSTS   file with the names and addresses of all, kept by the lab
set -eu
pc=$1 lower=$2 name=$3 hosts=$4 role=$5
root=$pc/root
mkdir -p "$root" "$pc/upper" "$pc/work"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$pc/upper,workdir=$pc/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"

# The machine's /dev is out of reach of whatever happens in here.
sh "$(dirname "$0")/../debian/device-nodes.sh" "$root" tty
mknod -m 0666 "$root/dev/fuse" c 10 229
mknod -m 0666 "$root/dev/loop-control" c 10 237
for number in $(seq 0 127); do mknod "$root/dev/loop$number" b 7 "$number"; done
ln -s /proc/self/fd "$root/dev/fd"
mkdir "$root/dev/shm"
mount -t tmpfs -o size=64m shm "$root/dev/shm"
mount -t tmpfs -o mode=0755,size=64m run "$root/run"
mkdir -p "$root/brick" "$root/mnt" "$root/run/gluster"
hostname "$name"
echo "$name" >"$root/etc/hostname"
: >"$root/etc/hosts"
mount --bind "$hosts" "$root/etc/hosts"
mkdir -p "$root/etc/glusterfs"
cp "$(dirname "$0")/../../images/gluster/glusterd.vol" "$root/etc/glusterfs/glusterd.vol"

# Another lab may take the loop device that was found free before it is bound.
if [ -e "$pc/disk.img" ]; then
  : >"$root/run/disk.img"
  mount --bind "$pc/disk.img" "$root/run/disk.img"
  for try in 1 2 3 4 5; do
    chroot "$root" mount -o loop /run/disk.img /brick && break
    [ "$try" != 5 ] || exit 1
    sleep 0.2
  done
fi

ip link set lo up
# The lab plugs the cable in as soon as it sees this process.
tries=0
until ip link show eth0 >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 400 ] || { echo "pc: $name got no network cable" >&2; exit 1; }
  sleep 0.05
done

cd "$root"
mkdir -p .outside
pivot_root . .outside
umount -l /.outside
rmdir /.outside
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root
: >/run/on
# As the first process, glusterd would leave a dead brick as a zombie, and never start it again.
if [ "$role" = server ]; then
  exec tini -g -- sh -c 'glusterd --pid-file=/run/glusterd.pid --log-level=INFO && exec sleep infinity'
fi
exec tini -g -- sleep infinity
