#!/bin/sh
# The first process of a Linux that runs as a program (bench/nfs/inner.ts): mounts what /job/mount says, runs /job/command
# with /job/in, leaves out, err and code beside them, and switches off. Its root is the PC's own.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root
modprobe -a nfsv4 fuse
ip link set lo up
ip address add "$(cat /job/address)/16" dev vec0
ip link set vec0 up
{ sh -eu /job/mount && sh -eu /job/command </job/in >/job/out; } 2>/job/err
echo $? >/job/code
umount -a -t nfs4,fuse.glusterfs
sync
echo o >/proc/sysrq-trigger
sleep 10
