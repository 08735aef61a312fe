#!/bin/sh
# Becomes the first process of a blank PC for tests: a Debian on a disk of its own (an image, attached as a loop device), on
# namespaces of its own but for the network. It sees the disks that it is given, and no other of this machine.
# Usage: blank-pc.sh FOLDER LOWER REPOSITORY SYSTEM_DISK [DISK SERIAL]…
# Stand-ins for what a PC without systemd lacks lie in FOLDER/programs; they go before the real ones.
set -eu
folder=$1 lower=$2 repository=$3 system=$4
shift 4
root=$folder/root
mkdir -p "$root"
mount -t ext4 "${system}p1" "$root"
for link in bin lib lib64 sbin; do [ -L "$root/$link" ] || ln -s "usr/$link" "$root/$link"; done
[ -e "$root/etc" ] || cp -a "$lower/etc" "$root/etc"
mkdir -p "$root/usr" "$root/dev" "$root/proc" "$root/sys" "$root/run" "$root/tmp" "$root/var/log" "$root/var/lib" "$root/root" \
  "$root/local/sbin" "$root/local/bin" "$root/opt" "$root/mnt" "$root/srv"
mount --bind "$lower/usr" "$root/usr"
mount --bind "$root/local" "$root/usr/local"
mkdir -p "$root/usr/local/stand-ins"
mount --bind "$folder/programs" "$root/usr/local/sbin"
mount --bind "$folder/stand-ins" "$root/usr/local/stand-ins"
mount -t proc proc "$root/proc"
# The settings of the kernel are the machine's.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
# No disk of the machine has a device node here.
sh "$(dirname "$0")/../../lab/debian/device-nodes.sh" "$root"
ln -s /proc/self/fd "$root/dev/fd"
mount --rbind /sys "$root/sys"
mount -t tmpfs -o mode=0755,size=64m run "$root/run"
mkdir -p "$root/run/udev/data" "$root/dev/disk/by-id" "$root/srv/repository"
mkdir -p "$root/srv/given"
mount --bind "$folder/given" "$root/srv/given"
mount --bind "$repository" "$root/srv/repository"
mount -o remount,bind,ro "$root/srv/repository"
# What udev would know and make.
add_disk() {
  number=$(cat "/sys/class/block/$1/dev")
  mknod -m 0660 "$root/dev/$1" b "${number%:*}" "${number#*:}"
  printf 'E:ID_SERIAL_SHORT=%s\n' "$2" >"$root/run/udev/data/b$number"
  ln -s "../../$1" "$root/dev/disk/by-id/ata-Test_$2"
  echo "$1" >>"$root/run/disks"
}
add_disk "${system#/dev/}" SYSTEM-1
while [ $# -gt 0 ]; do
  add_disk "${1#/dev/}" "$2"
  shift 2
done
cd "$root"
mkdir -p .outside
pivot_root . .outside
umount -l /.outside
rmdir /.outside
hostname "$(cat /etc/pc-name 2>/dev/null || echo pc-7)"
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
udevadm settle
# As systemd does at a boot.
for unit in /etc/systemd/system/multi-user.target.wants/*.mount; do
  [ ! -e "$unit" ] || systemctl start "${unit##*/}" || :
done
: >/run/on
exec sleep infinity
