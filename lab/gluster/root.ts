import { type DebianWish, unpackedDebian } from '../debian/root.ts'

/** The release whose Gluster the images have as well: 11. */
const GLUSTER_DEBIAN: DebianWish = {
  name: 'gluster',
  suite: 'trixie',
  packages: [
    'glusterfs-server',
    'glusterfs-client',
    'xfsprogs',
    'iproute2',
    'tini',
    'mount',
    'procps',
    'attr',
  ],
}

/** The same with what a desktop starts: XFCE and Firefox. */
const DESK_DEBIAN: DebianWish = {
  name: 'gluster-desk',
  suite: GLUSTER_DEBIAN.suite,
  packages: [
    ...GLUSTER_DEBIAN.packages,
    'dbus-daemon',
    'firefox-esr',
    'tigervnc-standalone-server',
    'x11-utils',
    'xfce4-panel',
    'xfce4-session',
    'xfce4-settings',
    'xfdesktop4',
    'xfwm4',
  ],
}

/**
 * The same with an NFS server, and with a kernel that runs as a program: this machine's own may have no NFS. The compiler
 * makes what that kernel lacks on newer processors (bench/nfs/processor-state.c).
 */
const NFS_DEBIAN: DebianWish = {
  name: 'gluster-nfs',
  suite: GLUSTER_DEBIAN.suite,
  packages: [
    ...GLUSTER_DEBIAN.packages,
    'gcc',
    'kmod',
    'libc6-dev',
    'nfs-common',
    'nfs-ganesha',
    'nfs-ganesha-vfs',
    'user-mode-linux',
  ],
}

/** The unpacked Debian that all PCs with a brick stand on; never written to. */
export const glusterRoot = (progress?: (line: string) => void): Promise<string> =>
  unpackedDebian(GLUSTER_DEBIAN, progress)

/** The unpacked Debian of a PC that mounts and has the programs of a desktop; never written to. */
export const deskRoot = (progress?: (line: string) => void): Promise<string> =>
  unpackedDebian(DESK_DEBIAN, progress)

/** The unpacked Debian of a PC that serves files by NFS, or mounts them; never written to. */
export const nfsRoot = (progress?: (line: string) => void): Promise<string> =>
  unpackedDebian(NFS_DEBIAN, progress)
