import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { BRIDGE_PATHS } from '../../config/names.ts'
import type { Desk, Desks } from '../../lab/desktop/desks.ts'
import { colours } from '../../lab/desktop/viewer.ts'

/** What the desktop of any image must do, and what nobody may do on it. */

async function firstFrame(desk: Desk): Promise<number> {
  const viewer = await desk.view()
  const began = performance.now()
  for (;;) {
    const seen = colours(await viewer.frame())
    if (seen > 64) break
    if (performance.now() - began > 60_000) throw new Error(`the screen stays empty: ${seen} colours`)
    await sleep(50)
  }
  viewer.close()
  return performance.now() - began
}

/** Starts one, is at it as its person, and looks around in it as whoever broke out of everything they could. */
export async function isSeen(
  t: ExecutionContext,
  desks: Desks,
  image: 'desktop-light' | 'desktop',
): Promise<void> {
  const began = performance.now()
  const desk = await desks.start('seen', { image })
  await desk.becomes('ready')
  const ready = performance.now() - began
  await firstFrame(desk)
  const seen = performance.now() - began
  t.log(`${image}: ready after ${Math.round(ready)} ms, first frame after ${Math.round(seen)} ms`)
  for (const token of ['', 'wrong']) {
    const error = await t.throwsAsync(desk.view(token))
    t.regex(error?.message ?? '', /401/)
    t.is((await desk.ask('GET', BRIDGE_PATHS.state, { token })).status, 401)
  }
  await sleep(3_000)
  const memory = await desk.memory()
  t.log(`${image}: ${Math.round(memory / 2 ** 20)} MiB when idle`)
  t.true(memory < 350 * 2 ** 20)

  const ports = await desk.run('cat', '/proc/net/tcp', '/proc/net/tcp6')
  const listening = ports.stdout.split('\n').filter((line) => / 0A /.test(line))
  t.is(listening.length, 1, 'the bridge alone listens on TCP')
  const rights = await desk.run(
    'sh',
    '-c',
    'grep -E "^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):" /proc/self/status',
  )
  t.regex(
    rights.stdout,
    /Uid:\s+12345[\s\S]*CapEff:\s+0+\n[\s\S]*CapBnd:\s+0+\n[\s\S]*NoNewPrivs:\s+1[\s\S]*Seccomp:\s+2/,
  )
  t.is((await desk.run('sh', '-c', 'find / -xdev -type f -perm /6000')).stdout, '')
  t.not((await desk.run('touch', '/usr/x')).code, 0)
  t.regex((await desk.run('cat', '/etc/machine-id')).stdout, /^[0-9a-f]{32}\n$/)
  const session = await desk.run('sh', '-c', 'cat /proc/$(pidof xfce4-session)/environ')
  t.notRegex(session.stdout, /TOKEN|SECRETS|tls/i)
  const { code } = await desk.stop()
  t.is(code, 0)
}
