import type { KubeConfig } from '@kubernetes/client-node'
import { openCluster } from '../../cli/cluster.ts'
import type { DryRunOptions } from '../../cli/options.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { reasonOf } from '../../cluster/answer.ts'
import type { IdentitySpec } from '../../config/identity.ts'
import { lockLine, lockOf } from '../../config/lock.ts'
import { LOCKED_PEOPLE, NAMESPACES, slugOf } from '../../config/names.ts'
import { lockChange, mustBePerson, setLock } from '../people.ts'
import { endPods, knownToCluster, lockInCluster, unlockInCluster } from './cluster-lock.ts'
import { inDirectorySession, type ReachOptions, showPlan } from './session.ts'

export interface LockOptions extends ReachOptions, DryRunOptions {
  readonly reason?: string
}

type Who = Pick<IdentitySpec, 'entryUUID' | 'uid'>

/** The cluster to lock in: with `--url` only where one is named as well. */
function clusterFor({ url, kubeconfig }: ReachOptions): KubeConfig | undefined {
  return url && !kubeconfig ? undefined : openCluster(kubeconfig, 'give --url to work without one')
}

/** What was not done, a line each; none is no failure. */
function mustBeDone(undone: readonly string[]): void {
  if (undone.length > 0) throw new Error(undone.join('\n'))
}

/**
 * Locks somebody in the cluster, which needs no LDAP, ends what runs as them, and then locks them in the directory. What
 * can be done is done, whatever else fails.
 *
 * @throws Error that says what is still to do.
 */
export async function lock(terminal: Terminal, login: string, options: LockOptions): Promise<void> {
  const { stdout } = terminal
  const cluster = clusterFor(options)
  const undone: string[] = []
  const attempt = async (what: (error: string) => string, work: () => Promise<void>): Promise<boolean> => {
    try {
      await work()
      return true
    } catch (error) {
      undone.push(what(reasonOf(error)))
      return false
    }
  }
  let isLocked = false
  const inCluster = async (where: KubeConfig, who: Who): Promise<void> => {
    const line = lockOf(who, new Date(), options.reason ?? '')
    if (options.dryRun) {
      stdout.write(`ConfigMap ${NAMESPACES.system}/${LOCKED_PEOPLE}\n${slugOf(login)}: ${lockLine(line)}\n`)
      return
    }
    isLocked = await attempt(
      (reason) => `${login} is NOT locked in the cluster: ${reason}`,
      () => lockInCluster(where, login, line),
    )
    if (isLocked)
      stdout.write(`${login} locked in the cluster: sessions end, and nothing starts as them any more\n`)
    await attempt(
      (reason) =>
        `pods of ${login} may still run: ${reason}; "kubectl delete pods -n ${NAMESPACES.desktops} -l deskfleet.io/person=${slugOf(login)}" ends them`,
      async () => {
        const count = await endPods(where, login, who.entryUUID)
        stdout.write(count === 0 ? `no pod of ${login} ran\n` : `${count} pod(s) of ${login} end now\n`)
      },
    )
  }

  let known: Who | undefined
  if (cluster) {
    await attempt(
      (reason) => `whether the cluster knows ${login} could not be asked: ${reason}`,
      async () => {
        known = await knownToCluster(cluster, login)
      },
    )
    if (known) await inCluster(cluster, known)
  }
  await attempt(
    (reason) => directoryFailure(login, reason, isLocked, cluster !== undefined && known === undefined),
    () =>
      inDirectorySession(options, async ({ directory, confirm }) => {
        const account = await mustBePerson(directory, login)
        // Somebody whom the cluster does not know yet may be known to it in a moment.
        if (cluster && !known) await inCluster(cluster, account)
        if (options.dryRun) return showPlan(terminal, [lockChange(account.dn, true)])
        await setLock(directory, login, true)
        stdout.write(cluster ? `${login} locked in the directory\n` : `${login} locked\n`)
        await confirm(`${login} is locked`)
      }),
  )
  if (!cluster)
    terminal.stderr.write(
      'in the directory alone: with --kubeconfig they are locked in the cluster as well\n',
    )
  mustBeDone(undone)
}

function directoryFailure(login: string, reason: string, isLocked: boolean, isUnknown: boolean): string {
  if (isLocked)
    return (
      `${login} is locked in the cluster, and NOT in the directory (${reason}); that lock holds alone. ` +
      `Run "npx deskfleet people lock ${login}" again when the directory answers`
    )
  const unknown = isUnknown ? `the cluster knows nobody called "${login}", and ` : ''
  return `${login} is NOT locked: ${unknown}the directory did not take it: ${reason}`
}

/** Opens an account in the directory and in the cluster. */
export async function unlock(terminal: Terminal, login: string, options: LockOptions): Promise<void> {
  const { stdout } = terminal
  const cluster = clusterFor(options)
  const undone: string[] = []
  try {
    await inDirectorySession(options, async ({ directory, confirm }) => {
      const { dn } = await mustBePerson(directory, login)
      if (options.dryRun) return showPlan(terminal, [lockChange(dn, false)])
      await setLock(directory, login, false)
      stdout.write(cluster ? `${login} unlocked in the directory\n` : `${login} unlocked\n`)
      await confirm(`${login} is unlocked`)
    })
  } catch (error) {
    undone.push(
      `${login} is NOT unlocked in the directory (${reasonOf(error)}): run "npx deskfleet people unlock ${login}" again when it answers`,
    )
  }
  if (cluster && options.dryRun)
    stdout.write(`ConfigMap ${NAMESPACES.system}/${LOCKED_PEOPLE}\n${slugOf(login)}: (none)\n`)
  else if (cluster) {
    try {
      const was = await unlockInCluster(cluster, login)
      stdout.write(was ? `${login} unlocked in the cluster\n` : `${login} was not locked in the cluster\n`)
    } catch (error) {
      undone.push(`${login} is NOT unlocked in the cluster: ${reasonOf(error)}`)
    }
  }
  mustBeDone(undone)
}
