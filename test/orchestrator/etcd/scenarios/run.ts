import { join } from 'node:path'
import { inNamespace } from '../../../harness/namespace.ts'
import type { Care, Played, Script } from './play.ts'

const STORY = join(import.meta.dirname, 'story.ts')

/** What came of scenarios that were played in a network of their own. @throws when they could not be played */
async function told(...args: string[]): Promise<readonly Played[]> {
  const { code, lines, stderr } = await inNamespace(STORY, args)
  if (code !== 0) throw new Error(`after ${lines.length} scenarios: ${stderr.slice(-2_000)}`)
  return lines.map((line) => JSON.parse(line))
}

export const playScript = async (care: Care, script: Script): Promise<Played | undefined> =>
  (await told(care, JSON.stringify(script)))[0]

/** Those with the numbers from the one to before the other, as many as can be begun in so many seconds. */
export const playSeeds = (
  care: Care,
  from: number,
  to: number,
  seconds = 1_000_000,
): Promise<readonly Played[]> => told(care, String(from), String(to), String(seconds))
