import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { issue, type KeyPair, makeAuthority } from '../../lab/bare/certificates.ts'
import { freePorts } from '../../lab/network/ports.ts'
import type { CallResult } from '../../lab/programs/call.ts'
import { eventually } from '../harness/wait.ts'
import { HOST, type RoomDoor, roomDoor, SERVICE } from './room-door.ts'
import { type ScreenPc, screenPc } from './screen-pc.ts'

/** A room's door, and a PC with a screen that is to show it: what its person does there, and what install.sh is told. */
export interface RoomWithScreen {
  readonly door: RoomDoor
  readonly pc: ScreenPc
  readonly origin: string
  /** Where a browser that is let be driven listens. */
  readonly debugging: string
  /** Runs the step of install.sh. */
  install(...words: readonly string[]): Promise<CallResult>
  loginPage(): Promise<Page>
  logIn(login?: string): Promise<Page>
  /** Which start of the unit this is. */
  start(): Promise<string>
  startsAnew(before: string, seconds?: number): Promise<unknown>
  /** The certificate of somebody who says to be the door, and is not. */
  impostor(): Promise<KeyPair>
  end(): Promise<void>
}

/** What stands above a page of the room, by the screen itself. */
export const notice = (page: Page): Promise<string> =>
  page.evaluate(`document.querySelector('deskfleet-screen')?.textContent ?? ''`)

const KIOSK = {
  kiosk: 'yes',
  keyboard: 'ch(fr)',
  language: 'de_CH',
  'time-zone': 'Europe/Zurich',
}

/** @param folder where it may write; empty */
export async function roomWithScreen(folder: string): Promise<RoomWithScreen> {
  const authority = await makeAuthority('a room for tests')
  const [debuggingPort = 0] = await freePorts(1)
  const door = await roomDoor(authority)
  const hosts = `127.0.0.1 localhost ${HOST} ${SERVICE}\n`
  const pc = await screenPc(join(folder, 'pc'), debuggingPort, { 'etc/hosts': hosts })
  const origin = `https://${HOST}:${door.port}`
  const answers = {
    door: `${HOST}:${door.port}`,
    'door-ca': Buffer.from(authority.certificate).toString('base64'),
    ...KIOSK,
  }
  const text = Object.entries(answers).map((pair) => `${pair.join(': ')}\n`)
  writeFileSync(join(pc.given, 'answers.yaml'), text.join(''), { mode: 0o600 })

  const loginPage: RoomWithScreen['loginPage'] = async () => {
    const page = await pc.page()
    await page.waitForURL(`${origin}/login`)
    await page.locator('#password').waitFor()
    return page
  }
  const start = () => pc.said('systemctl show -p InvocationID --value deskfleet-kiosk')
  return {
    door,
    pc,
    origin,
    debugging: `http://127.0.0.1:${debuggingPort}`,
    install: (...words) =>
      pc.install('join', '--only', 'kiosk', '--answers', '/srv/given/answers.yaml', ...words),
    loginPage,
    async logIn(login = 'ada') {
      const page = await loginPage()
      await page.fill('#login', login)
      await page.fill('#password', 'a password')
      await page.click('button.main')
      await page.getByRole('heading', { name: `${login}’s desktop` }).waitFor()
      return page
    },
    start,
    startsAnew: (before, seconds = 20) =>
      eventually('another browser begins', async () => (await start()) !== before, { seconds }),
    impostor: async () => issue(await makeAuthority('somebody else'), { name: HOST, hosts: [HOST] }),
    async end() {
      await pc.end()
      await door.close()
    },
  }
}
