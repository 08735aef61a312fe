import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installProgram, type Machine } from '../machine/machine.ts'
import { BRICKS } from './ground.ts'
import type { NodeImage } from './node-image.ts'
import { kindConfig, type RoomWish } from './plan.ts'

/** Has kind make the cluster of a room in its machine, on the network that is laid there. */
export async function makeCluster(
  machine: Machine,
  room: string,
  wish: RoomWish,
  image: NodeImage,
  progress: (line: string) => void,
): Promise<void> {
  const node = { image: image.reference, versions: image.versions, bricks: BRICKS }
  writeFileSync(join(machine.share, 'kind.yaml'), kindConfig(room, wish, '/share/srv', node))
  progress(`kind makes ${wish.masters} master${wish.masters === 1 ? '' : 's'} and ${wish.workers} workers`)
  const kind = installProgram(machine, 'kind', image.binary('kind'))
  const files = ['--config', '/share/kind.yaml', '--kubeconfig', '/share/kubeconfig']
  await machine.must([kind, 'create', 'cluster', ...files, '--retain', '--wait', '120s'], {
    env: { KIND_EXPERIMENTAL_PROVIDER: 'podman' },
    onLine: tellSteps(progress),
  })
}

/** What kind says beside its steps, and its advice to its own users. */
const NO_STEP = /^$|^(Set kubectl|You can now|kubectl |Have a |Not sure|Thanks|using |enabling |cgroup v1)/

/** kind says each step when it begins and when it is done. */
function tellSteps(progress: (line: string) => void): (line: string) => void {
  let last = ''
  return (line) => {
    const printable = line.replace(/[^\x20-\x7e]/g, '').trim()
    const step = printable.replace(/\s*\.\.\.$/, '')
    if (step === last || NO_STEP.test(step)) return
    last = step
    progress(`kind: ${step}`)
  }
}
