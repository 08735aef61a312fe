import { newMemberKey, requestFor } from '../../certificates/member.ts'
import type { PoolCluster } from './cluster.ts'
import type { Step } from './facts.ts'
import type { Files } from './files.ts'
import type { Seen } from './observe.ts'

/** Takes a step by what was seen. A step that was taken already, or by half, can be taken again. */
export async function act(step: Step, seen: Seen, files: Files, cluster: PoolCluster): Promise<void> {
  const { key, certificate, authorities, facts } = seen
  switch (step) {
    case 'make-key':
      // On the disk before anybody hears of it: what is signed for a key that is lost is of no use to anybody.
      return await files.write({ next: await newMemberKey() })
    case 'ask':
      if (key !== undefined && facts.next)
        await cluster.ask(facts.next.request, await requestFor(key, facts.node))
      return
    case 'lay':
      if (key !== undefined && certificate !== undefined && authorities !== undefined)
        await files.write({ authorities, certificate, key })
      return
    case 'lay-authorities':
      if (authorities !== undefined) await files.write({ authorities })
      return
    case 'drop-key':
      return await files.remove('next')
  }
}
