import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'

const run = promisify(execFile)
const asRoot = process.getuid?.() === 0 ? test : test.skip

asRoot(
  'real mounts: a home appears whole, is kept while used, comes back under a pod, goes when unused',
  async (t) => {
    const top = mkdtempSync(join(tmpdir(), 'deskfleet-mounts-'))
    // The namespace and all its mounts end with the process; only empty places and plain files are left here.
    t.teardown(() => rmSync(top, { recursive: true, force: true }))
    const { stdout } = await run('unshare', [
      '-m',
      '--propagation',
      'private',
      process.execPath,
      join(import.meta.dirname, 'mount-drill.ts'),
      top,
    ])
    const { options, millisecondsEach, ...seen } = JSON.parse(stdout)
    t.deepEqual(seen, {
      storageWithoutMarker: false,
      storageWithMarker: true,
      parentBefore: false,
      mounted: true,
      file: 'work',
      left: [],
      noted: { generation: 10, text: 'as it was' },
      notedAgo: true,
      notedEarlier: 5,
      notedAnew: true,
      pod: 'work',
      busy: true,
      vanished: [],
      placeholder: 0o555,
      podWithout: '',
      podAgain: 'work',
      released: { mounts: [], parent: false },
      kept: 'work',
      afterCrash: '0',
      parentWithoutMount: false,
      link: true,
    })
    t.regex(options, /nosuid.*nodev/)
    t.log(`${millisecondsEach} ms for each mount`)
  },
)
