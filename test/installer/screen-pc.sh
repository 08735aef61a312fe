#!/bin/sh
# Becomes the first process of a PC with a screen, for tests: systemd, on a Debian that is laid over the one in the cache, in namespaces
# of its own but for the network. Nothing is attached to it: no disk, no terminal, no graphics card of the machine.
# Usage: screen-pc.sh FOLDER LOWER REPOSITORY
set -eu
folder=$1 lower=$2 repository=$3
root=$folder/root
mkdir -p "$root" "$folder/given"
mount -t tmpfs -o mode=0755,size=512m above "$folder/above"
mkdir "$folder/above/upper" "$folder/above/work"
mount -t overlay -o "lowerdir=$lower,upperdir=$folder/above/upper,workdir=$folder/above/work" overlay "$root"
mount -t proc proc "$root/proc"
# The settings of the kernel are the machine's.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
sh "$(dirname "$0")/../../lab/debian/device-nodes.sh" "$root" tty
ln -s /proc/self/fd "$root/dev/fd"
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs -o mode=1777,size=512m shm "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t sysfs -o ro sysfs "$root/sys" 2>/dev/null || mount --rbind /sys "$root/sys"
# Its own part of the tree of processes; no controller is in it where the machine has them in trees of version 1.
umount -R "$root/sys/fs/cgroup" 2>/dev/null || :
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=0755,size=64m run "$root/run"
mount -t tmpfs -o mode=1777,size=256m tmp "$root/tmp"
mkdir -p "$root/srv/repository" "$root/srv/given"
mount --bind "$repository" "$root/srv/repository"
mount -o remount,bind,ro "$root/srv/repository"
mount --bind "$folder/given" "$root/srv/given"
cp -a "$folder/given/over/." "$root/"
cd "$root"
mkdir -p .outside
pivot_root . .outside
umount -l /.outside
rmdir /.outside
hostname pc-7
export container=deskfleet-test LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin
exec /lib/systemd/systemd
