import { styleText } from 'node:util'
import type { Cluster } from '../kubectl/cluster.ts'

/** What the demo prints: numbered steps with the commands in them, and in between how far the work behind them is. */

let number = 0
let showing = false

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`

export const print = (text: string): void => console.log(text.trimEnd().replace(/^/gm, '  '))
export const dim = (line: string): void => console.log(styleText('dim', `  ${line}`))
export const command = (line: string): void => console.log(`  ${styleText('cyan', `$ ${line}`)}`)

/** Whether something is on the screen that no word of the work behind it shall run into. */
export const isShowing = (): boolean => showing

/** Keeps the screen for `work`. */
export async function undisturbed<T>(work: () => Promise<T>): Promise<T> {
  showing = true
  try {
    return await work()
  } finally {
    showing = false
  }
}

/** Shows one step: its title, what `work` prints and says, and how long it took. */
export async function step<T>(title: string, work: (say: (line: string) => void) => Promise<T>): Promise<T> {
  const since = performance.now()
  console.log(styleText('bold', `\n${++number}. ${title}`))
  return undisturbed(async () => {
    const result = await work(dim)
    dim(`done in ${seconds(since)}`)
    return result
  })
}

/** kubectl on that cluster; resolves with what it printed. @throws with what it complained of. */
export async function must(
  cluster: Pick<Cluster, 'run'>,
  args: readonly string[],
  input?: string,
): Promise<string> {
  const result = await cluster.run(args, input === undefined ? {} : { input })
  if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr.trim()}`)
  return result.stdout
}
