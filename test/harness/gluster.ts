import { randomBytes } from 'node:crypto'
import { type GlusterLab, type Pc, type Server, up } from '../../lab/gluster/gluster.ts'
import { systemClock } from '../../service/clock.ts'
import { act, type Hands } from '../../storage/gluster/glusterd/act.ts'
import { glusterCommand } from '../../storage/gluster/glusterd/call.ts'
import { type Asked, observe, type Part, type Told } from '../../storage/gluster/glusterd/observe.ts'
import type { BrickPlace, Change, Options } from '../../storage/gluster/plan/facts.ts'
import { isDone } from '../../storage/gluster/plan/intent.ts'
import { eventually } from './wait.ts'

/** Real PCs with Gluster of a test file's own, and what is asked of them through the storage's own code. */
export interface OwnGluster {
  readonly lab: GlusterLab
  server(number: number): Server
  /** Asks the glusterd of that PC; the first one unless told. */
  hands(at?: Pc): Hands & Asked
  /** Carries a change out, and waits until it is seen. @throws what Gluster says against it, or when it is never seen */
  change(change: Change, at?: Pc): Promise<void>
  look(parts?: readonly Part[], at?: Pc): Promise<Told>
  /** Resolves once every brick answers and none has anything to heal. */
  healed(at?: Pc): Promise<void>
}

export const VOLUME = 'home'
export const brickOf = ({ name }: Pc): BrickPlace => ({ pc: name, path: '/brick/home' })

/** TLS from the first start, and what the tests do not want to wait for. */
export const birth = (allowed: readonly string[]): Options => ({
  'client.ssl': 'on',
  'server.ssl': 'on',
  'auth.ssl-allow': allowed.join(','),
  'network.ping-timeout': '5',
  'cluster.quorum-type': 'auto',
  'cluster.heal-timeout': '10',
  'storage.health-check-interval': '5',
})

export async function ownGluster(servers: number): Promise<OwnGluster> {
  const name = `test-${randomBytes(3).toString('hex')}`
  const lab = await up({ name, servers, ownerPid: process.pid })
  const server = (number: number): Server => {
    const found = lab.servers()[number - 1]
    if (!found) throw new Error(`there is no PC ${number}`)
    return found
  }
  const hands = (at: Pc = server(1)): Hands & Asked => ({
    gluster: glusterCommand(at.way()),
    clock: systemClock,
    me: at.name,
    volume: VOLUME,
    touchRoot: async () => {},
  })
  const look = async (parts?: readonly Part[], at?: Pc): Promise<Told> =>
    (await observe(hands(at), parts)).told
  return {
    lab,
    server,
    hands,
    async change(change, at) {
      const answer = await act(change, hands(at))
      const isSeen = async (): Promise<boolean> => {
        const told = await look(['peers', 'volume', 'running', 'rebalance'], at)
        return isDone(change, { ...told, pcs: 'unread', root: 'unread' }, Date.now()) === true
      }
      if (typeof answer !== 'object') await eventually(`${change.change} is seen`, isSeen, { every: 500 })
      else if (!(await isSeen())) throw new Error(`${change.change}: ${answer.refused}`)
    },
    look,
    async healed(at) {
      await eventually(
        'nothing is left to heal',
        async () => {
          const { heal } = await look(['heal'], at)
          return (
            heal !== 'unread' && heal.length > 0 && heal.every((one) => one.answered && one.pending === 0)
          )
        },
        { seconds: 120, every: 500 },
      )
    },
  }
}

/**
 * Mounts the volume on a PC without a disk. Resolves with whether it is there: mount(8) may say so although the
 * bricks refused, and what is then written goes into an empty folder.
 */
export async function mountOn(client: Pc, from: Pc): Promise<boolean> {
  const mount = ['mount', '-t', 'glusterfs', `${from.name}:/${VOLUME}`, '/mnt']
  const { code } = await client.exec(mount, { timeout: 20_000 })
  if (code !== 0) return false
  const there = 'ls /mnt >/dev/null && findmnt --types fuse.glusterfs /mnt'
  return (await client.exec(['sh', '-c', there], { timeout: 15_000 })).code === 0
}

/** SHA-256 of every file that is to be seen at the mount, by path. */
export async function sumsOnMount(client: Pc): Promise<Map<string, string>> {
  const find = 'cd /mnt && find . -type f -print0 | xargs -0 -r sha256sum -z'
  const lines = (await client.must(['sh', '-c', find])).split('\0').filter(Boolean)
  return new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]))
}
