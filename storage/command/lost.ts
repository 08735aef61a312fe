import { Writable } from 'node:stream'
import { CustomObjectsApi } from '@kubernetes/client-node'
import type { Command } from 'commander'
import { type ClusterOptions, openCluster, withCluster } from '../../cli/cluster.ts'
import { runInPod } from '../../cli/exec.ts'
import { examplesText } from '../../cli/run.ts'
import { sizeOf } from '../../cli/size.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { toldVolume } from '../../cluster/gluster-volume.ts'
import { allIdentities } from '../../cluster/identities.ts'
import { NAMESPACES, STORAGE, slugOf } from '../../config/names.ts'

interface LostOptions extends ClusterOptions {
  readonly login?: string
  readonly before?: string
}

/** `deskfleet storage lost` */
export function addLostCommand(storage: Command, terminal: Terminal): void {
  withCluster(storage.command('lost [set]'), 'storage')
    .description(
      'name the files of a set of disks that is lost, as they were listed last; or of any set by its number',
    )
    .option('--login <login>', 'only the files of one person')
    .option('--before <date>', 'by a list that was made before that, as 2026-11-27')
    .addHelpText('after', examplesText(['deskfleet storage lost', 'deskfleet storage lost 2 --login ada']))
    .action((set: string | undefined, options: LostOptions) => lost(terminal, set, options))
}

async function lost(
  terminal: Terminal,
  given: string | undefined,
  { kubeconfig, login, before }: LostOptions,
): Promise<void> {
  const cluster = openCluster(kubeconfig)
  const custom = cluster.makeApiClient(CustomObjectsApi)
  const set = given === undefined ? await lostSet(custom) : numberOf(given)
  const until = before === undefined ? '' : timeOf(before)
  const people = await allIdentities(custom, () => {})
  const logins = new Map(people.map(({ spec }) => [spec.entryUUID.toLowerCase(), spec.login]))
  const home =
    login === undefined
      ? ''
      : people.find(({ metadata }) => metadata.name === slugOf(login))?.spec.entryUUID.toLowerCase()
  if (home === undefined)
    throw new Error(`the cluster knows nobody called "${login}": see "deskfleet people show ${login}"`)
  let listed: string | undefined
  const show = (line: string): void => {
    const [what, owner = '', size = '', mtime = '', ...name] = line.split('\t')
    if (what === 'list') listed = line
    if (what !== 'file') return
    const whose = owner === '' ? '-' : (logins.get(owner) ?? `(gone) ${owner}`)
    const day = new Date(Number(mtime) * 1_000).toISOString().slice(0, 16).replace('T', ' ')
    terminal.stdout.write(`${whose}\t${sizeOf(Number(size))}\t${day}\t${name.join('\t')}\n`)
  }
  const command = ['node', 'storage/gluster/index/main.js', `${set}`, home, `${until}`]
  await runInPod(cluster, NAMESPACES.storage, STORAGE.mounter, command, { stdout: linesTo(show) })
  const [, at = '', files = '', some] = (listed ?? '').split('\t')
  if (listed === undefined) throw new Error('the list broke off')
  const age = ageOf(Date.now() - Number(at))
  terminal.stderr.write(
    `set ${set}: ${files} files, as listed at ${new Date(Number(at)).toISOString().slice(0, 19)}Z (${age} ago)${
      some === 'none' ? '; none of them is asked for' : ''
    }\n`,
  )
}

/** The one that is lost. @throws when none is, or several are */
async function lostSet(custom: CustomObjectsApi): Promise<number> {
  const volume = await toldVolume(custom)
  if (volume === undefined) throw new Error('there is no Gluster volume: files lie where storage.path says')
  const found = volume.findings.filter(({ reason }) => reason === 'SetLost').map(({ where }) => where)
  const [first] = found
  if (first === undefined) throw new Error('no set is lost; give its number to see what lies on one')
  if (found.length > 1) throw new Error(`several sets are lost: ${found.join('; ')}; give the number of one`)
  return numberOf(/^set (\d+)/.exec(first)?.[1] ?? '')
}

function numberOf(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new Error(`"${text}" is no number of a set; "deskfleet storage status" has them`)
  return Number(text)
}

function timeOf(text: string): number {
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw new Error(`"${text}" is no date: write one as 2026-11-27`)
  return time
}

const HOUR = 3_600_000
const ageOf = (ms: number): string =>
  ms < 2 * HOUR ? `${Math.max(0, Math.round(ms / 60_000))} min` : `${Math.round(ms / HOUR)} h`

/** Hands on each line as it comes: there may be millions. */
function linesTo(show: (line: string) => void): Writable {
  let rest = ''
  const decoder = new TextDecoder()
  return new Writable({
    write(piece: Buffer, _encoding, done) {
      const lines = `${rest}${decoder.decode(piece, { stream: true })}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) show(line)
      done()
    },
  })
}
