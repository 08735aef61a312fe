import { CustomObjectsApi } from '@kubernetes/client-node'
import type { Command } from 'commander'
import { type ClusterOptions, openCluster, withCluster } from '../../cli/cluster.ts'
import { runInPod } from '../../cli/exec.ts'
import { examplesText } from '../../cli/run.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { oneIdentity } from '../../cluster/identities.ts'
import { NAMESPACES, STORAGE, slugOf } from '../../config/names.ts'

interface RestoreOptions extends ClusterOptions {
  readonly to: string
}

/** `deskfleet homes …` */
export function addHomeCommands(program: Command, terminal: Terminal): void {
  const homes = program.command('homes').description('homes of people who are gone')
  withCluster(homes.command('trash'), 'homes')
    .description('what lies in the trash')
    .addHelpText('after', examplesText(['deskfleet homes trash']))
    .action(async ({ kubeconfig }: ClusterOptions) => {
      const listed = await inMounter(openCluster(kubeconfig), ['list'])
      terminal.stdout.write(listed === '' ? 'the trash is empty\n' : listed)
    })
  withCluster(homes.command('restore <entry>'), 'homes')
    .description('give what lies in the trash to somebody, in a new folder of their home; the trash keeps it')
    .requiredOption('--to <login>', 'who gets it')
    .addHelpText('after', examplesText(['deskfleet homes restore 2026-11-24-ada-… --to ada']))
    .action(async (entry: string, { kubeconfig, to }: RestoreOptions) => {
      const cluster = openCluster(kubeconfig)
      const custom = cluster.makeApiClient(CustomObjectsApi)
      const identity = await oneIdentity(custom, slugOf(to), () => {})
      if (!identity)
        throw new Error(`the cluster knows nobody called "${to}": see "deskfleet people show ${to}"`)
      const { uid, gid, entryUUID } = identity.spec
      const folder = await inMounter(cluster, ['restore', entry, `${uid}`, `${gid}`, entryUUID])
      terminal.stdout.write(`${to} has it in ~/${folder.trim()}\n`)
    })
}

/** The home-mounter is the one program that sees the storage directory and may become the person. */
const inMounter = (cluster: ReturnType<typeof openCluster>, args: readonly string[]): Promise<string> =>
  runInPod(cluster, NAMESPACES.storage, STORAGE.mounter, ['node', 'storage/trash/main.js', ...args])
