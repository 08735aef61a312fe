import { unpackedDebian } from '../debian/root.ts'

/** The release whose Gluster the images have as well: 11. */
const GLUSTER_DEBIAN = {
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

/** The unpacked Debian that all PCs with a brick stand on; never written to. */
export const glusterRoot = (progress?: (line: string) => void): Promise<string> =>
  unpackedDebian(GLUSTER_DEBIAN, progress)
