import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { removeCgroups } from '../lab/run/cgroups.ts'
import { type RoomWithScreen, roomWithScreen } from '../test/installer/room-with-screen.ts'
import { type Percentiles, percentiles, type Spread, spread } from './spread.ts'

/**
 * What somebody at a PC's own screen feels of the desktops of others that run on it: pictures for each second, and from a key to the
 * picture that answers it. The screen's real browser draws a whole picture again and again, as an open desktop with a film does, beside
 * eight processes of desktops that want a processor each.
 */

/** Weights of the slices as systemd and the kubelet write them where cgroups are of version 1, on a PC of two cores. */
const ARMS = {
  'nobody else': { desktops: 0, kiosk: 1024, kubepods: 2048 },
  'desktops, no kiosk.slice': { desktops: 8, kiosk: 1024, kubepods: 2048 },
  'desktops, kiosk.slice': { desktops: 8, kiosk: 10_240, kubepods: 1536 },
} as const
type Arm = keyof typeof ARMS
const ROUNDS = 7
const SECONDS = 5

const NAME = `bench-kiosk-${process.pid}`
const TOP = `/sys/fs/cgroup/cpu/deskfleet-${NAME}`
const group = (name: string): string => join(TOP, name)

interface Felt {
  readonly picturesPerSecond: number
  readonly keyToPicture: readonly number[]
}

/** In the page: draws for some seconds, and says when the picture after each key was there. */
const DRAWS = `(seconds) => new Promise((done) => {
  const canvas = document.body.appendChild(document.createElement('canvas'))
  canvas.width = 1920; canvas.height = 1080
  canvas.style.cssText = 'position:fixed;inset:0;z-index:9'
  const context = canvas.getContext('2d')
  const picture = context.createImageData(1920, 1080)
  const keyToPicture = []
  addEventListener('keydown', ({ timeStamp }) =>
    requestAnimationFrame(() => setTimeout(() => keyToPicture.push(performance.now() - timeStamp))))
  const began = performance.now()
  let frames = 0
  const draw = () => {
    const words = new Uint32Array(picture.data.buffer)
    // As much work as unpacking a film for a whole screen.
    for (let pass = 0; pass < 8; pass++)
      for (let at = 0; at < words.length; at++) words[at] = 0xff000000 | (words[at] + at * 2654435761 + frames)
    context.putImageData(picture, 0, 0)
    frames++
    if (performance.now() - began < seconds * 1000) return requestAnimationFrame(draw)
    canvas.remove()
    done({ picturesPerSecond: frames / seconds, keyToPicture })
  }
  requestAnimationFrame(draw)
})`

async function felt(page: Page): Promise<Felt> {
  const drawn = page.evaluate<Felt>(`(${DRAWS})(${SECONDS})`)
  const until = performance.now() + (SECONDS - 0.5) * 1000
  while (performance.now() < until) {
    await page.keyboard.press('x')
    await sleep(120)
  }
  return await drawn
}

function weigh(room: RoomWithScreen, arm: Arm): ChildProcess[] {
  const { desktops, kiosk, kubepods } = ARMS[arm]
  writeFileSync(join(group('kiosk'), 'cpu.shares'), String(kiosk))
  writeFileSync(join(group('kubepods'), 'cpu.shares'), String(kubepods))
  for (const pid of room.pc.outsidePids()) writeFileSync(join(group('kiosk'), 'cgroup.procs'), String(pid))
  return Array.from({ length: desktops }, () => {
    const words = ['-c', `echo $$ >${group('kubepods')}/cgroup.procs; while :; do :; done`]
    return spawn('setpriv', ['--pdeathsig', 'KILL', 'sh', ...words], { stdio: 'ignore' })
  })
}

export interface ProcessorRow {
  readonly arm: string
  readonly picturesPerSecond: Spread
  /** Ms. */
  readonly keyToPicture: Percentiles
}

export async function processors(say: (line: string) => void): Promise<ProcessorRow[]> {
  if (!existsSync('/sys/fs/cgroup/cpu/cpu.shares'))
    throw new Error(
      'this bench wants the processors in a tree of cgroups of version 1, beside that of systemd',
    )
  for (const one of ['kiosk', 'kubepods']) mkdirSync(group(one), { recursive: true })
  // What is measured competes with itself, and not with what measures.
  writeFileSync(join(TOP, 'cpu.shares'), String(4 * 1024))
  const folder = mkdtempSync(join(tmpdir(), 'deskfleet-bench-'))
  const room = await roomWithScreen(folder)
  const all: Record<string, Felt[]> = {}
  try {
    const { code, stderr } = await room.install('--apply')
    if (code !== 0) throw new Error(stderr)
    await room.pc.allowDebugging()
    const page = await room.logIn()
    for (let round = 1; round <= ROUNDS; round++)
      for (const arm of Object.keys(ARMS) as Arm[]) {
        const desktops = weigh(room, arm)
        await sleep(500)
        const result = await felt(page)
        for (const one of desktops) one.kill('SIGKILL')
        all[arm] = [...(all[arm] ?? []), result]
        say(`round ${round}, ${arm}: ${result.picturesPerSecond.toFixed(1)} pictures/s`)
      }
  } finally {
    await room.end()
    await removeCgroups(NAME)
    rmSync(folder, { recursive: true })
  }
  return Object.entries(all).map(([arm, some]) => ({
    arm,
    picturesPerSecond: spread(some.map((one) => one.picturesPerSecond)),
    keyToPicture: percentiles(some.flatMap((one) => one.keyToPicture)),
  }))
}
