/**
 * Becomes the FUSE process of one client, in a mount namespace that it shares with nobody. Run by sh in the PC's own
 * namespaces, by `unshare --mount --propagation unchanged`: what is mounted on the shared folder of volumes is seen by
 * the whole PC, and nothing else is, so that no mount stays behind in the client's files when the process ends.
 *
 * The namespace hears of every mount that the PC takes off (`--make-slave`, not private), so it never holds one.
 */
export const SCRIPT = `#!/bin/sh
# Usage: start CLIENT TLS NAMES LOGS VOLUMES NUMBER SERVER...
set -eu
client=$1 tls=$2 names=$3 logs=$4 volumes=$5 number=$6
shift 6
mount --make-slave "$(findmnt --noheadings --first-only --output TARGET --target "$client")"
mount --bind "$client" "$client"
mount -o remount,bind,ro,nosuid "$client"
cd "$client"
mount -t tmpfs -o mode=0755,size=64k,nosuid,noexec dev dev
mknod -m 0666 dev/null c 1 3
mknod -m 0444 dev/random c 1 8
mknod -m 0444 dev/urandom c 1 9
mknod -m 0600 dev/fuse c 10 229
mount -t tmpfs -o mode=0755,size=1m,nosuid,nodev,noexec run run
mkdir run/gluster
mount -t tmpfs -o mode=0700,size=1m,nosuid,nodev,noexec tmp tmp
mount --bind /proc proc
mount --bind "$tls" tls
mount -o remount,bind,ro tls
mount --bind "$names" names
mount -o remount,bind,ro names
mount --bind "$logs" logs
mount --bind "$volumes" volumes
for server; do
  set -- "$@" "--volfile-server=$server"
  shift
done
exec env -i PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 chroot . /usr/sbin/glusterfs --no-daemon --process-name fuse \\
  --volfile-id=home "$@" --log-level=WARNING "--log-file=/logs/gluster-client-$number.log" \\
  --fuse-mountopts=nosuid,nodev "/volumes/$number"
`
