import { lasting } from '../../cli/age.ts'
import type { ClusterOptions } from '../../cli/cluster.ts'
import type { OutputOptions } from '../../cli/options.ts'
import { print, printOne } from '../../cli/output.ts'
import type { Terminal } from '../../cli/terminal.ts'
import type { Facts } from '../facts.ts'
import type { Guard } from '../guard.ts'
import { explain, type Judged, judge } from '../heir.ts'
import type { View } from '../view.ts'
import { mastersOf } from '../view.ts'
import { lookAt, openRoom } from './room.ts'

/**
 * The view that the orchestrator would decide by, at its last look: heartbeats are judged by when it saw them, so by now all of
 * them would seem late.
 */
export const viewAtLook = ({ policy, state }: Guard, facts: Facts): View => ({
  facts,
  state,
  policy,
  now: state.at,
})

/** The heir that would be chosen now; undefined where no PC can be one. */
export const wouldBe = (view: View): Judged | undefined =>
  judge(view).find(({ refusals }) => refusals.length === 0)

export const heirRows = (view: View) =>
  judge(view).map(({ name, refusals, score }, at) => {
    const may = refusals.length === 0
    return {
      pc: name,
      heir: may ? (at === 0 ? 'yes, the next one' : 'yes') : 'no',
      score: may ? score.total : undefined,
      hardware: score.hardware,
      pods: score.load,
      apart: score.spread,
      there: score.history,
      why: refusals.join('; ') || undefined,
    }
  })

/** Why which PC would be the heir now. */
export async function explainHeirs(
  terminal: Terminal,
  name: string | undefined,
  { kubeconfig, output }: ClusterOptions & OutputOptions,
): Promise<void> {
  const { guard, facts } = await lookAt(await openRoom(kubeconfig))
  if (guard.state.at === 0)
    throw new Error('nobody has looked at the masters yet: "deskfleet masters status" says where to look')
  const view = viewAtLook(guard, facts)
  const write = (text: string) => terminal.stdout.write(text)
  if (name !== undefined) return explainOne(terminal, name, view, output)
  const rows = heirRows(view)
  if (output !== 'table') {
    write(print(rows, output, ''))
    return
  }
  const { operation } = guard.state
  if (operation?.heir !== undefined) write(`${operation.id} has chosen ${operation.heir.why}\n\n`)
  write(print(rows, output, 'every PC is a master', terminal.stdout.columns))
  const best = wouldBe(view)
  write(best === undefined ? '\nno PC can be made a master now\n' : `\nthe next heir: ${explain(best)}\n`)
  write(`as seen in the look of ${lasting(Date.now() - guard.state.at)} ago\n`)
}

function explainOne(terminal: Terminal, name: string, view: View, output: OutputOptions['output']): void {
  if (mastersOf(view).includes(name)) {
    const said = { pc: name, heir: 'it is a master' }
    terminal.stdout.write(output === 'table' ? `${name}: ${said.heir}\n` : printOne(said, output))
    return
  }
  const row = heirRows(view).find(({ pc }) => pc === name)
  if (row === undefined) {
    const known = view.facts.nodes
      .map((node) => node.name)
      .sort()
      .join(', ')
    throw new Error(`no PC of this room is called ${name}; of these there are: ${known}`)
  }
  const lines = row.why?.split('; ') ?? []
  if (output !== 'table') terminal.stdout.write(printOne({ ...row, why: lines }, output))
  else {
    const { why: _, ...rest } = row
    terminal.stdout.write(printOne(rest, output))
    for (const line of lines) terminal.stdout.write(`  ${line}\n`)
  }
}
