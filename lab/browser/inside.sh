#!/bin/sh
# Runs a program of a Debian of its own, on whatever release this machine is: mounts are seen by it alone, and end with it.
# Device nodes are its own; of the machine's files it sees /tmp (profile, downloads) and nothing else.
# Usage: DEBIAN_ROOT=FOLDER DEBIAN_PROGRAM=NAME inside.sh ARGUMENT…
set -eu
if [ "${1-}" != --inside ]; then exec unshare --mount --propagation private "$0" --inside "$@"; fi
shift
root=$DEBIAN_ROOT
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
sh "$(dirname "$0")/../debian/device-nodes.sh" "$root" tty
mkdir "$root/dev/shm"
mount -t tmpfs -o mode=1777,size=512m shm "$root/dev/shm"
mkdir "$root/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount --bind /tmp "$root/tmp"
exec chroot "$root" /usr/bin/env HOME=/tmp LC_ALL=C.UTF-8 PATH=/usr/bin:/bin "$DEBIAN_PROGRAM" "$@"
