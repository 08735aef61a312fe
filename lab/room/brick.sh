#!/bin/sh
# Gives a PC of the room its disk for Gluster, when it boots: an XFS image on the PC's own disk, mounted where Gluster
# expects a brick. A PC that has lost its disk gets an empty one.
# Usage: room-brick MOUNT_POINT
set -eu
point=$1
# All PCs of all rooms have one kernel, which knows a disk by this path: it says whose it is.
image=/var/lib/room/$(cat /proc/sys/kernel/hostname).img
mkdir -p "$point" "${image%/*}"
if [ ! -e "$image" ]; then
  truncate --size="$(cat /etc/room/brick-size)" "$image.new"
  mkfs.xfs -q -i size=512 "$image.new"
  mv "$image.new" "$image"
fi
# All PCs ask one kernel: between its answer and the mount, another one may take the device.
for try in 1 2 3 4 5 6 7 8 9 10; do
  device=$(losetup --find)
  [ -b "$device" ] || mknod -m 0660 "$device" b 7 "${device#/dev/loop}"
  ! mount -o "loop=$device" "$image" "$point" || exit 0
  sleep "0.$try"
done
exit 1
