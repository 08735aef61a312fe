import { lasting } from '../../cli/age.ts'
import type { MasterTrouble, ToldGuard, ToldMaster } from '../../cluster/control-plane-guard.ts'
import type { Newest } from '../backup/newest.ts'

/** How masters stand, in words for whoever looks after them. Pure. */

/** What of a master says something: its heartbeat, etcd, and the API server, as `orchestrator/detect.ts` tells them apart. */
const SIGNS: Readonly<Record<string, readonly [kubelet: string, etcd: string, api: string]>> = {
  MachineDead: ['silent', 'silent', 'silent'],
  KubeletDead: ['silent', 'answers', '?'],
  Unclear: ['silent', 'silent', 'answers'],
  EtcdSick: ['answers', 'sick', '?'],
  ApiSick: ['answers', 'answers', 'silent'],
}
const WELL = ['answers', 'answers', 'answers'] as const
const UNKNOWN = ['?', '?', '?'] as const

export const MEANINGS: Readonly<Record<string, string>> = {
  MachineDead: 'is silent in every way: it is off, or away from the network',
  KubeletDead: 'tells nothing of itself, and its etcd answers: its kubelet stands still',
  Unclear: 'is heard by its API server alone: the network is broken somewhere',
  EtcdSick: 'runs, and its etcd does not answer or holds something else than the others',
  ApiSick: 'runs, and its API server does not answer; nothing is done about that',
}

const ago = (at: number | undefined, now: number): string | undefined =>
  at === undefined ? undefined : `${lasting(now - at)} ago`

const until = (at: number, now: number): string => (at > now ? lasting(at - now) : 'ended')

/** A line for each master. */
export const rowsOf = (
  masters: readonly ToldMaster[],
  certificates: ToldGuard['certificates'],
  now: number,
) =>
  masters.map(({ pc, sick, way, since, ready }) => {
    const known = sick === undefined ? (way === 'coming' ? UNKNOWN : WELL) : (SIGNS[sick.as] ?? UNKNOWN)
    const [kubelet, etcd, api] = known
    const state = [sick && `${sick.as} for ${lasting(now - sick.since)}`, way].filter(Boolean).join(', ')
    return {
      pc,
      since: since === undefined ? undefined : lasting(now - since),
      ready: ready ? 'yes' : 'no',
      kubelet,
      etcd,
      api,
      certificates: certificates[pc] === undefined ? undefined : until(certificates[pc], now),
      state: state || 'well',
    }
  })

/** What goes on, and what keeps it from going on. */
export function headOf(
  guard: ToldGuard,
  masters: readonly ToldMaster[],
  newest: Newest | undefined,
  now: number,
) {
  const { operation, orders, size, mode, waiting, suggestion, lookedAt } = guard
  const well = masters.filter(({ sick, way }) => sick === undefined && way !== 'coming').length
  return {
    masters: `${well} of ${size.wanted || '?'}`,
    mode,
    looked: lookedAt === 0 ? 'never' : ago(lookedAt, now),
    operation: operation && `${operation.id}, for ${lasting(now - operation.begun)}`,
    phase: operation && `${operation.phase}, for ${lasting(now - operation.since)}`,
    leaving: operation?.leaving
      .map(({ name, as }) => (as === undefined ? name : `${name} (${as})`))
      .join(', '),
    heir: operation?.heir?.why,
    undone: operation?.failed,
    waits: operation === undefined ? waiting : operation.waiting,
    wouldDo: suggestion,
    ordered: orders.stepDown && `${orders.stepDown} is to step down`,
    paused: orders.pause,
    copy:
      newest === undefined
        ? ago(guard.backupAt, now)
        : `${ago(Date.parse(newest.at), now)}, revision ${newest.revision}, on ${newest.places.join(', ') || 'no PC'}`,
  }
}

/** The operations that ended last. */
export const endedRows = ({ history }: ToldGuard, now: number) =>
  history.map(({ id, leaving, heir, begun, ended, failed }) => ({
    operation: id,
    ended: ago(ended, now),
    took: lasting(ended - begun),
    leaving: leaving.join(', ') || undefined,
    heir,
    result: failed === undefined ? 'done' : `undone: ${failed}`,
  }))

interface Finding {
  readonly what: string
  readonly mend: string
}

/** What is wrong, and what to do about it. */
export function findingOf(trouble: MasterTrouble, now: number): Finding {
  if (trouble.trouble === 'blind')
    return {
      what:
        trouble.lookedAt === 0
          ? 'NOBODY HAS LOOKED AT THE MASTERS YET'
          : `NOBODY LOOKS AT THE MASTERS: the last look was ${ago(trouble.lookedAt, now)}; all else here is as old`,
      mend: 'see "kubectl -n deskfleet-crown get cronjobs,pods", and the log of the newest pod of orchestrator',
    }
  if (trouble.trouble === 'halted')
    return {
      what: `${trouble.ordered ? 'halted by an administrator' : 'halted by itself'}: ${trouble.why}`,
      mend: `nothing is done until somebody runs "deskfleet masters resume"${trouble.ordered ? '' : '; see first why, by "deskfleet masters explain"'}`,
    }
  if (trouble.trouble === 'sick')
    return {
      what: `${trouble.pc} ${MEANINGS[trouble.as] ?? trouble.as}, for ${lasting(now - trouble.since)}`,
      mend: 'mend it, or leave it: after masters.deadAfter another PC takes its place; docs/operate.md',
    }
  if (trouble.trouble === 'few')
    return {
      what: `${trouble.well} of ${trouble.wanted} masters are well`,
      mend: '"deskfleet masters explain" says which PC would be made one, and why others are not',
    }
  if (trouble.trouble === 'storm')
    return {
      what: `too much is wrong at once: ${trouble.why}`,
      mend: 'look at the network and the power first; nothing is begun until it has been quiet for a while',
    }
  if (trouble.trouble === 'certificate')
    return {
      what: `the certificates of ${trouble.pc} end ${trouble.ends > now ? `in ${lasting(trouble.ends - now)}` : 'now'}`,
      mend: 'they are renewed by themselves while all of etcd is well: look on that PC at "journalctl -u deskfleet-renew"; docs/operate.md',
    }
  return {
    what:
      trouble.backupAt === undefined
        ? 'no copy of etcd was proven yet'
        : `the newest copy of etcd that was proven is from ${ago(trouble.backupAt, now)}`,
    mend: 'see the Job etcd-backup in deskfleet-crown and docs/recover.md; without a fresh one no master is changed, unless masters.backup is Preferred',
  }
}
