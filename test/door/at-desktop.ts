import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../../lab/browser/browser.ts'
import { DOOR_HOST, openDoor } from '../../lab/delivery/deliver.ts'
import type { Room } from '../../lab/room/room.ts'
import { addPerson } from '../delivery/person.ts'
import { enter, picture } from '../harness/visitor.ts'
import { passwordIn } from './desktop-pod.ts'

/** Adds somebody, and logs them in at the door in a browser of their own; resolves when their tab shows the light desktop. */
export async function newPersonAtDesktop(
  room: Room,
  login: string,
  log: (line: string) => void,
): Promise<{ readonly browser: Browser; readonly page: Page }> {
  const password = passwordIn(await addPerson(room, login))
  const browser = await launchBrowser(DOOR_HOST, await openDoor(room), log)
  try {
    const page = await enter(await browser.newContext(), login, password, 'light')
    await picture(page)
    return { browser, page }
  } catch (error) {
    await browser.close()
    throw error
  }
}
