import { createHash } from 'node:crypto'
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { debianTar, unpack } from '../debian/root.ts'

/** The release whose podman and runc run nodes on kernels with either kind of cgroups. */
export const MACHINE_DEBIAN = {
  name: 'machine',
  suite: 'bookworm',
  packages: [
    ...['podman', 'runc', 'conmon', 'netavark', 'aardvark-dns', 'iptables', 'nftables', 'iproute2'],
    ...['tini', 'procps', 'util-linux', 'mount', 'kmod', 'ca-certificates', 'skopeo'],
  ],
}

/** What makes podman the engine of a run: laid over that Debian. */
const FILES = join(import.meta.dirname, 'files')

/** The unpacked Debian that all machines here stand on; made once, never written to afterwards. */
export async function machineRoot(progress: (line: string) => void = () => {}): Promise<string> {
  const tar = await debianTar(MACHINE_DEBIAN, progress)
  const hash = createHash('sha256')
  for (const path of globSync('**/*', { cwd: FILES, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()) {
    hash.update(`\0${path.slice(FILES.length)}\0`).update(readFileSync(path))
  }
  const root = `${tar.replace(/\.tar$/, '')}-${hash.digest('hex').slice(0, 8)}`
  if (existsSync(root)) return root
  const making = `${root}.making-${process.pid}`
  mkdirSync(making, { recursive: true })
  await unpack(tar, making)
  cpSync(FILES, making, { recursive: true })
  if (existsSync(root)) rmSync(making, { recursive: true, force: true })
  else renameSync(making, root)
  return root
}
