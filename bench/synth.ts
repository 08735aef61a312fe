import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { readFolder } from '../charts/kit/write.ts'
import { locate } from '../lab/binaries/locate.ts'
import { machine } from './machine.ts'
import { writeResult } from './results.ts'
import { type Spread, shown, spread } from './spread.ts'

const root = join(import.meta.dirname, '..')
const ROUNDS = 11

interface Arm {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

/**
 * Synth of the whole platform, beside `kubectl kustomize` over the same objects (which only reads and prints
 * them: no charts, no checks) and beside an empty Node as the floor. Interleaved, wall time of whole processes.
 */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'deskfleet-bench-'))
  try {
    const objects = writeKustomization(join(folder, 'kustomize'))
    const kubectl = (await locate(['control-plane'], { assets: process.env.KUBEBUILDER_ASSETS })).get(
      'kubectl',
    )
    if (kubectl === undefined) throw new Error('no kubectl: npm run lab -- up brings one')
    const arms: readonly Arm[] = [
      {
        name: 'npm run synth (node main.ts)',
        command: process.execPath,
        args: [join(root, 'main.ts'), '--out', join(folder, 'dist')],
      },
      { name: 'kubectl kustomize', command: kubectl, args: ['kustomize', join(folder, 'kustomize')] },
      { name: 'an empty Node', command: process.execPath, args: ['-e', '0'] },
    ]
    const times = measure(arms)
    report(arms, times, objects)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The committed objects as a kustomization, the way a Kustomize user would keep them. Returns how many. */
function writeKustomization(folder: string): number {
  mkdirSync(folder, { recursive: true })
  const files = [...readFolder(join(root, 'dist'))]
  for (const [path, text] of files) writeFileSync(join(folder, path.replaceAll('/', '.')), text)
  writeFileSync(join(folder, 'kustomization.yaml'), stringify({ resources: readdirSync(folder).sort() }))
  return files.length
}

function measure(arms: readonly Arm[]): ReadonlyMap<string, Spread> {
  const times = new Map(arms.map(({ name }): [string, number[]] => [name, []]))
  for (let round = -1; round < ROUNDS; round++) {
    // There and back again, so that no arm always runs on the warmer machine; the first round warms up.
    for (const { name, command, args } of round % 2 === 0 ? arms : [...arms].reverse()) {
      const since = performance.now()
      const { status, stderr } = spawnSync(command, args, {
        stdio: ['ignore', 'ignore', 'pipe'],
        encoding: 'utf8',
      })
      if (status !== 0) throw new Error(`${name} failed: ${stderr}`)
      if (round >= 0) times.get(name)?.push((performance.now() - since) / 1000)
    }
  }
  return new Map([...times].map(([name, values]) => [name, spread(values)]))
}

function report(arms: readonly Arm[], times: ReadonlyMap<string, Spread>, objects: number): void {
  const peer = times.get('kubectl kustomize')?.median ?? Number.NaN
  console.log(`synth: ${objects} objects, ${ROUNDS} rounds, seconds of wall time, median (least–most)`)
  for (const { name } of arms) {
    const time = times.get(name)
    if (time !== undefined) {
      console.log(`  ${name.padEnd(30)} ${shown(time)}   ${(time.median / peer).toFixed(2)} × kustomize`)
    }
  }
  const results = { machine: machine(), objects, rounds: ROUNDS, seconds: Object.fromEntries(times) }
  writeResult('synth', results)
}
