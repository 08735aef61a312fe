import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { TABLE } from './ruleset.ts'

/** nft(8) in the PC's own network. */
export interface Nft {
  /** Replaces the table. @throws with what nft complained of. */
  load(ruleset: string): Promise<void>
  /** The table as the kernel has it; undefined where there is none. */
  listing(): Promise<string | undefined>
}

export const nft: Nft = {
  async load(ruleset) {
    const { code, complaint } = await run(['--file', '-'], ruleset)
    if (code !== 0) throw new Error(`nft refused the rules: ${complaint}`)
  },
  async listing() {
    const { code, said, complaint } = await run(['--numeric', 'list', 'table', ...TABLE.split(' ')])
    if (code === 0) return said
    if (/No such file or directory/.test(complaint)) return undefined
    throw new Error(`nft cannot list the rules: ${complaint}`)
  },
}

async function run(args: readonly string[], input = '') {
  const child = spawn('nft', args, { stdio: ['pipe', 'pipe', 'pipe'] })
  // A program that ends before it has read everything says why on its stderr.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [[code], said, complaint] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ])
  return { code: Number(code), said, complaint: complaint.trim() }
}
