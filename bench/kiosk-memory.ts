import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nfsRoot } from '../lab/gluster/root.ts'
import { call } from '../lab/programs/call.ts'
import { type Spread, spread } from './spread.ts'

/**
 * Whether the kiosk's program stays in memory beside desktops that read large files, in a kernel of its own (user-mode Linux) which
 * has cgroups of version 2: a machine that runs tests may have the others.
 */

export interface MemoryRow {
  readonly arm: string
  /** MiB of the 200 of its program that had to be read from the disk again, eight seconds after the last time. */
  readonly readAgain: Spread
}

const ARMS = {
  none: 'no kiosk.slice',
  slice: 'kiosk.slice, and the kubelet gives all to desktops',
  both: 'kiosk.slice, and what the kubelet keeps back',
} as const

export async function memory(say: (line: string) => void): Promise<MemoryRow[]> {
  const lower = await nfsRoot(say)
  const rows: MemoryRow[] = []
  for (const [word, arm] of Object.entries(ARMS)) {
    const folder = mkdtempSync(join(tmpdir(), 'deskfleet-bench-'))
    const job = join(folder, 'job')
    mkdirSync(job)
    copyFileSync(join(import.meta.dirname, 'kiosk-memory.sh'), join(job, 'init.sh'))
    copyFileSync(join(import.meta.dirname, 'nfs/processor-state.c'), join(job, 'processor-state.c'))
    const own = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private']
    const { code, stdout, stderr } = await call('unshare', [
      ...own,
      ...['sh', '-euc', AROUND, 'sh', folder, lower, word],
    ])
    const out = code === 0 ? readFileSync(join(job, 'out'), 'utf8') : ''
    const pages = [...out.matchAll(/^reading \S+ (\d+)$/gm)].map(([, count]) => Number(count))
    if (pages.length !== 10) throw new Error(`${arm}: ${stderr}\n${stdout.slice(-2_000)}\n${out}`)
    // Until the first one the desktops were still filling the memory.
    rows.push({ arm, readAgain: spread(pages.slice(1).map((count) => count / 256)) })
    say(`${arm}: ${pages.map((count) => Math.round(count / 256)).join(', ')} MiB`)
    rmSync(folder, { recursive: true })
  }
  return rows
}

/** Everything that is mounted goes with its namespace. */
const AROUND = `
cd "$1"
mkdir above root
mount -t tmpfs -o mode=0755,size=3g above above
mkdir above/upper above/work
mount -t overlay -o "lowerdir=$2,upperdir=above/upper,workdir=above/work" overlay root
mkdir -p root/job root/memory
mount --bind job root/job
mount -t tmpfs -o mode=0755,size=1m dev root/dev
mknod -m 666 root/dev/null c 1 3
mknod -m 666 root/dev/zero c 1 5
mount -t tmpfs -o size=2g memory root/memory
mount -t proc proc root/proc
chmod +x job/init.sh
# Not from zeroes: they would be a hole.
head -c 200M /dev/urandom >root/program
for film in 1 2 3 4; do head -c 300M /dev/urandom >"root/film-$film"; done
exec chroot root sh -euc '
  gcc -O2 -shared -fPIC -o /processor-state.so /job/processor-state.c
  LD_PRELOAD=/processor-state.so TMPDIR=/memory linux.uml mem=1536M rootfstype=hostfs rootflags=/ rw \\
    init=/job/init.sh ARM='"$3"' quiet con=null con0=null,fd:1'`
