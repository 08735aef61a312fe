import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { identify, isAlive, ProcessIdentity } from './processes.ts'

/** Either the lock, to be released, or the pid of the process that holds it. */
export type Attempt =
  | { readonly held: true; readonly release: () => void }
  | { readonly held: false; readonly holder: number }

let attempts = 0

/**
 * Tries to take the lock file at `path`. A lock whose holder is dead is taken over, so a crash never leaves
 * one behind that somebody has to remove by hand.
 */
export function tryLock(path: string): Attempt {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const self = identify(process.pid)
  if (!self) throw new Error('the lab needs /proc: it runs on Linux only')
  const own = `${path}.${process.pid}.${attempts++}`
  // A link to a finished file is atomic: nobody ever reads a lock that is half written.
  writeFileSync(own, JSON.stringify(self), { mode: 0o600 })
  try {
    for (;;) {
      if (link(own, path)) return { held: true, release: () => rmSync(path, { force: true }) }
      const seen = read(path)
      if (seen === undefined) continue
      const holder = ProcessIdentity.safeParse(parseJson(seen)).data
      if (holder && isAlive(holder)) return { held: false, holder: holder.pid }
      takeAway(path, seen, own)
    }
  } finally {
    rmSync(own, { force: true })
  }
}

/**
 * Waits for the lock as long as its holder lives; the returned function releases it.
 *
 * @param what what the holder is doing, told every ten seconds: "making the node image"
 */
export async function waitForLock(
  path: string,
  what: string,
  progress: (line: string) => void,
  pause = 1_000,
): Promise<() => void> {
  for (let told = 0; ; ) {
    const attempt = tryLock(path)
    if (attempt.held) return attempt.release
    if (Date.now() - told >= 10_000) {
      told = Date.now()
      progress(`process ${attempt.holder} is ${what} already; waiting for it`)
    }
    await sleep(pause)
  }
}

/** The same for at most `patience` ms, for what takes milliseconds: longer means that something is wrong. */
export async function lock(path: string, patience: number, what: string): Promise<() => void> {
  const deadline = Date.now() + patience
  for (;;) {
    const attempt = tryLock(path)
    if (attempt.held) return attempt.release
    if (Date.now() > deadline)
      throw new Error(`${what}: process ${attempt.holder} holds ${path}; wait for it`)
    await sleep(20)
  }
}

/** Removes a dead holder's lock, and puts back a live one that came in its place between look and rename. */
function takeAway(path: string, seen: string, own: string): void {
  const aside = `${own}.stale`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  if (read(aside) !== seen) link(aside, path)
  rmSync(aside, { force: true })
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
