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

/** The unpacked Debian that all PCs with a brick stand on; never written to. */
export const glusterRoot = (progress?: (line: string) => void): Promise<string> =>
  unpackedDebian(GLUSTER_DEBIAN, progress)

/** The unpacked Debian of a PC that mounts and has the programs of a desktop; never written to. */
export const deskRoot = (progress?: (line: string) => void): Promise<string> =>
  unpackedDebian(DESK_DEBIAN, progress)
