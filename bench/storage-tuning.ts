import type { Options } from '../storage/gluster/plan/facts.ts'
import { ownGluster } from '../test/harness/gluster.ts'
import { say } from './gateway-lab.ts'
import { machine } from './machine.ts'
import { writeResult } from './results.ts'
import { type Arm, mounted } from './storage-arms.ts'
import { compareArms } from './storage-works.ts'

/** More do not fit on the PCs' small disks: each volume keeps up to 65,536 folders for itself, whatever is deleted. */
const ROUNDS = 2
const COPIES = 3
const SHIPPED = 'as shipped'

/** What Gluster's own pages name for many small files, each by itself; and all of it. */
const TRIES: Readonly<Record<string, Options>> = {
  [SHIPPED]: {},
  'threads for the client': { 'performance.client-io-threads': 'on' },
  'more threads for events': { 'client.event-threads': '4', 'server.event-threads': '4' },
  'metadata kept for ten minutes': {
    'features.cache-invalidation': 'on',
    'features.cache-invalidation-timeout': '600',
    'performance.cache-invalidation': 'on',
    'performance.md-cache-timeout': '600',
    'network.inode-lru-limit': '200000',
  },
  'more written behind': {
    'performance.write-behind-window-size': '4MB',
    'performance.aggregate-size': '512KB',
  },
}

/** The same volume of three copies with further options, one try beside the other. */
export async function run(): Promise<void> {
  const facts = machine()
  say(`starting ${COPIES} PCs with Gluster`)
  const room = await ownGluster(COPIES)
  try {
    const desk = await room.lab.addClient('desk', { of: 'room', name: 'desk' })
    const tries = { ...TRIES, 'all of it': Object.assign({}, ...Object.values(TRIES)) as Options }
    const arms: Arm[] = []
    for (const [at, [name, options]] of Object.entries(tries).entries()) {
      const folder = await mounted(room, desk, `try${at}`, COPIES, options)
      arms.push({ name, pc: desk, folder, beside: SHIPPED })
    }
    writeResult('storage-tuning', {
      ...{ machine: facts, rounds: ROUNDS, tries },
      ...(await compareArms(room, arms, ROUNDS)),
    })
  } finally {
    await room.lab.down()
  }
}

if (import.meta.main) await run()
