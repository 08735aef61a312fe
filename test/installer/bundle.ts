import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A bundle for tests: kubectl is the real one, what else there is are shell files that stand for it. */

const CUT = (name: string): string => `#!/bin/sh\nexec sh /usr/local/stand-ins/cut/${name} "$@"\n`
const EMPTY = '#!/bin/sh\n'

/**
 * @param more files that it has as well
 * @param kubectl the real one, as the PC sees it
 */
export function makeBundle(
  folder: string,
  more: Readonly<Record<string, string>> = {},
  kubectl = '/nonexistent/kubectl',
  version = 'v1.37.2',
): string {
  const files: Record<string, string> = {
    versions: `kubernetes: ${version}\n`,
    'bin/kubectl': `#!/bin/sh\nexec ${kubectl} "$@"\n`,
    'bin/kubelet': `#!/bin/sh\necho Kubernetes ${version}\n`,
    'bin/kubeadm': CUT('kubeadm'),
    'bin/ctr': CUT('ctr'),
    'images/pause.tar': 'an image',
    ...more,
  }
  for (const name of ['containerd', 'containerd-shim-runc-v2']) files[`bin/${name}`] = EMPTY
  for (const name of ['bridge', 'host-local', 'loopback', 'portmap', 'ptp']) files[`cni/${name}`] = EMPTY
  const sums = Object.entries(files).map(([path, text]) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
    return `${createHash('sha256').update(text).digest('hex')}  ${path}\n`
  })
  writeFileSync(join(folder, 'SHA256SUMS'), sums.join(''))
  return folder
}

/** Changes a line of its list of sums. */
export function changeSums(folder: string, change: (line: string) => string): void {
  const file = join(folder, 'SHA256SUMS')
  writeFileSync(
    file,
    readFileSync(file, 'utf8').split('\n').map(change).filter(Boolean).join('\n').concat('\n'),
  )
}
