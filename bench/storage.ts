import { ownGluster } from '../test/harness/gluster.ts'
import { say } from './gateway-lab.ts'
import { machine } from './machine.ts'
import { writeResult } from './results.ts'
import { type Arm, innerArms, mountedVolume, ONE_COPY } from './storage-arms.ts'
import { compareArms } from './storage-works.ts'

const ROUNDS = 3
/** Numbers of copies; one is what FUSE and the network take alone. */
const COPIES = [1, 2, 3, 5]
const SERVERS = Math.max(...COPIES)

/**
 * Files on the bare disk of a PC, and from another PC on volumes of one to five copies over the same disks, by TLS as a
 * room has it; and by NFS from such a disk, beside a volume under the same conditions.
 */
export async function run(): Promise<void> {
  const facts = machine()
  say(`starting ${SERVERS} PCs with Gluster`)
  const room = await ownGluster(SERVERS)
  try {
    const desk = await room.lab.addClient('desk', { of: 'room', name: 'desk' })
    const arms: Arm[] = [
      { name: 'bare disk', pc: room.server(1), folder: '/brick/bare', beside: ONE_COPY.name },
    ]
    for (const copies of COPIES) arms.push(await mountedVolume(room, desk, copies))
    arms.push(...(await innerArms(room)))
    writeResult('storage', { machine: facts, rounds: ROUNDS, ...(await compareArms(room, arms, ROUNDS)) })
  } finally {
    await room.lab.down()
  }
}

if (import.meta.main) await run()
