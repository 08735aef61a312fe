import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { DOOR_HOST } from '../../lab/delivery/deliver.ts'

/** Where the test run keeps what people would have seen. */
const SCREENS = join(import.meta.dirname, '..', '..', '.test', 'screens')

export async function keepScreen(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENS, { recursive: true })
  await page.screenshot({ path: join(SCREENS, `${name}.png`) })
}

/** Logs in, and starts that template if the desktop does not run. Resolves on the desktop's page; `clicked` is called before the login's click. */
export async function enter(
  context: BrowserContext,
  login: string,
  password: string,
  template?: string,
  clicked: () => void = () => {},
): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`https://${DOOR_HOST}/`)
  await page.fill('#login', login)
  await page.fill('#password', password)
  clicked()
  await page.click('button.main')
  await page.waitForLoadState()
  const start = page.locator('form[action="/desktop/start"] button.main')
  if (await start.isVisible()) {
    // Where there is but one kind, there is nothing to choose.
    const choice = page.locator(`input[type=radio]${template === undefined ? '' : `[value="${template}"]`}`)
    if ((await choice.count()) > 0) await choice.first().check()
    await start.click()
  }
  return page
}

/** The little of a page's world that is looked at; this program itself has no elements. */
interface Seen {
  readonly document: {
    getElementById(id: string): { readonly hidden: boolean } | null
    querySelector(selector: string): {
      readonly width: number
      readonly height: number
      getContext(kind: '2d'): {
        getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8Array }
      }
    } | null
  }
}

/** Runs in the page, as a function: its law against scripts from elsewhere holds for texts of ours too. */
function hasPicture(): boolean {
  const { document } = globalThis as unknown as Seen
  const canvas = document.querySelector('#screen canvas')
  if (!document.getElementById('overlay')?.hidden || !canvas || canvas.width === 0) return false
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  const colours = new Set<number>()
  for (let at = 0; at < data.length && colours.size < 8; at += 4_004)
    colours.add(((data[at] ?? 0) << 16) | ((data[at + 1] ?? 0) << 8) | (data[at + 2] ?? 0))
  return colours.size >= 8
}

/**
 * Milliseconds until the tab shows a picture: no card over the screen, and a canvas of more than one colour.
 *
 * @throws with what the person reads instead, and keeps the screen as `no-picture.png`.
 */
export async function picture(page: Page, patience = 120_000): Promise<number> {
  const began = performance.now()
  try {
    await page.waitForFunction(hasPicture, undefined, { timeout: patience, polling: 100 })
  } catch (cause) {
    await keepScreen(page, 'no-picture')
    const words = (await page.innerText('body')).replaceAll(/\s+/g, ' ').slice(0, 300)
    throw new Error(`no picture after ${patience / 1000} s; the page says: ${words}`, { cause })
  }
  return performance.now() - began
}

/** Resolves when the picture gives way to the card, for however short a time: the tab may be back before anybody looks. */
export async function interrupted(page: Page): Promise<void> {
  await page.evaluate(
    `new Promise((done) => {
      const overlay = document.querySelector('#overlay')
      if (!overlay.hidden) done()
      new MutationObserver(() => done()).observe(overlay, { attributes: true, attributeFilter: ['hidden'] })
    })`,
  )
}

/** Resolves when the picture is gone: a card lies over the screen. */
export async function card(page: Page, patience = 60_000): Promise<string> {
  await page.waitForSelector('#overlay:not([hidden])', { timeout: patience })
  return (await page.textContent('#status-title')) ?? ''
}
