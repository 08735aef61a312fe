import { isFresh } from './heartbeat.ts'
import type { Sickness, State } from './state.ts'
import { isHealthy, isRead, mastersOf, memberOf, nodeOf, type View } from './view.ts'

/**
 * What is wrong with a master, by three signs: its heartbeat (the kubelet), its etcd, and its API server. Each is asked at its
 * own address, so that one that is gone does not hide another.
 *
 * | heartbeat | etcd | API server | |
 * | --- | --- | --- | --- |
 * | silent | silent | silent | MachineDead |
 * | silent | answers | | KubeletDead: it still counts for the quorum |
 * | silent | silent | answers | Unclear: the network is broken somewhere |
 * | there | silent or corrupt | | EtcdSick |
 * | there | answers | silent | ApiSick: told, and nothing is done |
 */
function sicknessOf(view: View, master: string): Sickness | undefined {
  const member = memberOf(view, master)
  const heartbeat = nodeOf(view, master) !== undefined && isFresh(view, master)
  const api = view.facts.apis.includes(master)
  const etcd = member !== undefined && isHealthy({ ...member, learner: false })
  if (!heartbeat) return etcd ? 'KubeletDead' : api ? 'Unclear' : 'MachineDead'
  // etcd does not count it any more: it is none that is sick, but one to be made a worker.
  if (member === undefined) return undefined
  if (!etcd) return 'EtcdSick'
  return api ? undefined : 'ApiSick'
}

/** The masters that are not well, each since when it is so. Without the list of members nothing new is known. */
export function sickIn(view: View, away: boolean): State['sick'] {
  if (!isRead(view)) return view.state.sick
  return Object.fromEntries(
    mastersOf(view).flatMap((name): [string, State['sick'][string]][] => {
      const as = sicknessOf(view, name)
      if (as === undefined) return []
      const last = view.state.sick[name]
      return [[name, last?.as === as && !away ? last : { as, since: beginOf(as, name, view) }]]
    }),
  )
}

/** One that is silent is sick since it was heard last. */
const beginOf = (as: Sickness, name: string, { state, now }: View): number =>
  as === 'MachineDead' || as === 'KubeletDead' ? (state.heard[name]?.since ?? now) : now

const MINUTE = 60_000
/** What is given up, and how much later than a dead machine: a kubelet or an etcd may yet be mended in place. */
const GIVEN_UP: Partial<Record<Sickness, number>> = {
  MachineDead: 0,
  KubeletDead: 10 * MINUTE,
  EtcdSick: 15 * MINUTE,
}

/**
 * A master whose etcd is silent, and not for so long yet that it is lost. kubeadm lets nobody join while a member is listed that
 * does not answer: so whoever is to be replaced waits, to be replaced together with that one.
 */
export function undecided({ state, policy, now }: View, leaving: readonly string[]): string | undefined {
  const found = Object.entries(state.sick).find(
    ([name, { as, since }]) =>
      (as === 'MachineDead' || as === 'EtcdSick') &&
      now - since < policy.deadAfter &&
      !leaving.includes(name),
  )
  return found && `${found[0]} is silent, too, and may come back`
}

/** The masters that were sick for so long that others are to take their place. */
export const lostMasters = ({ state, policy, now }: View): readonly string[] =>
  Object.entries(state.sick)
    .filter(([, { as, since }]) => {
      const later = GIVEN_UP[as]
      return later !== undefined && now - since >= policy.deadAfter + later
    })
    .map(([name]) => name)
