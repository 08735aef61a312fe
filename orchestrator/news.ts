import type { State, Told } from './state.ts'
import { told } from './turn.ts'

/** What was not so at the look before. */
export function news(before: State, { sick, storm, halted, operation }: State): readonly Told[] {
  const events: Told[] = []
  for (const [name, { as }] of Object.entries(sick))
    if (before.sick[name]?.as !== as) events.push(told('MasterSick', `${name}: ${as}`, name))
  for (const name of Object.keys(before.sick))
    if (sick[name] === undefined) events.push(told('MasterWell', `${name} is well again, or gone`, name))
  if (storm !== '' && before.storm === '') events.push(told('Storm', `nothing is begun: ${storm}`))
  if (before.halted !== undefined && halted === undefined)
    events.push(told('Resumed', `goes on after a halt${operation ? ` with ${operation.id}` : ''}`))
  return events
}
