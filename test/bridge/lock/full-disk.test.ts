import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

const run = promisify(execFile)
const asRoot = process.getuid?.() === 0 ? test : test.skip

/** Small disks, which keep nothing back for root, made and mounted where nobody else sees them. */
const DISKS = {
  ext4: (top: string, disk: string) =>
    `truncate -s 16M ${top}/image && mkfs.ext4 -q -m 0 -N 128 ${top}/image && mount -o loop ${top}/image ${disk}`,
  tmpfs: (_top: string, disk: string) => `mount -t tmpfs -o size=4m,nr_inodes=200 tmpfs ${disk}`,
}

async function drill(kind: keyof typeof DISKS, what: 'bytes' | 'files'): Promise<Record<string, unknown>> {
  const top = temporaryFolder()
  const disk = join(top, 'disk')
  mkdirSync(disk)
  const script = join(top, 'script')
  writeFileSync(
    script,
    `set -e
${DISKS[kind](top, disk)}
exec ${process.execPath} ${join(import.meta.dirname, 'full-disk-drill.ts')} ${disk} ${what}
`,
  )
  const { stdout } = await run('unshare', ['--mount', '--propagation=private', 'sh', script])
  return JSON.parse(stdout)
}

for (const kind of ['ext4', 'tmpfs'] as const) {
  for (const what of ['bytes', 'files'] as const) {
    asRoot(`a disk without ${what} left (${kind}) ends no desktop, and others start`, async (t) => {
      t.timeout(60_000)
      const { fullBefore, fullAfter, ...rest } = await drill(kind, what)
      t.false(fullBefore)
      t.regex(String(fullAfter), /disk of all homes is full/)
      t.deepEqual(
        rest,
        { told: 1, next: true },
        'told at the second try; nobody was fenced, and nothing failed',
      )
    })
  }
}
