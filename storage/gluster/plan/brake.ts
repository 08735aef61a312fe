import { isMassLoss } from '../../../service/brake.ts'
import { brickOf, isFenced, isMember, type View } from './view.ts'

/**
 * When most of the PCs with bricks, or more than ever fail at once, are away, it is the network, or whoever looks is cut
 * off himself. PCs that were replaced already, and those that somebody took out of the cluster, do not
 * count.
 */
export function brake(view: View): string | undefined {
  const known = view.pcs.filter(
    (pc) =>
      isMember(view, pc.name) || (brickOf(pc) !== undefined && !pc.retiring && !isFenced(view, pc.name)),
  )
  const away = known.filter(
    (pc) => !pc.ready || view.peers.some((one) => one.name === pc.name && !one.connected),
  )
  if (away.length * 2 <= known.length && !isMassLoss(away.length, known.length)) return undefined
  const names = away.map(({ name }) => name).join(', ')
  return `${away.length} of the ${known.length} PCs with bricks are away at once (${names})`
}
