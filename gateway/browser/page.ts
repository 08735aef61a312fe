import type { SentStatus } from '../pages/status.ts'

/** What the server wrote into the page: elements by id, sentences, and what became of the desktop. */

/** The element of that id, which the page must have, as that kind of element. */
export function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id)
  if (found instanceof kind) return found
  throw new Error(`the page has no ${id}`)
}

export const button = (id: string): HTMLButtonElement => element(id, HTMLButtonElement)
export const block = (id: string): HTMLElement => element(id, HTMLElement)

export const desk = block('desk')
export const formToken = desk.dataset.token ?? ''
/** The mark of the session that this page is of. The browser may have another one's cookie later. */
export const session = desk.dataset.session ?? ''
export const CLOSED: Readonly<Record<string, number>> = JSON.parse(desk.dataset.closed ?? '{}')
export const firstStatus: SentStatus = JSON.parse(desk.dataset.status ?? '{}')
const texts: Readonly<Record<string, string>> = JSON.parse(block('texts').dataset.texts ?? '{}')

/** A sentence of the server, with its marks `{name}` filled in. */
export function say(name: string, values: Readonly<Record<string, string | number>> = {}): string {
  return (texts[name] ?? '').replace(/\{(\w+)\}/g, (_, key: string) => String(values[key] ?? ''))
}

/** Whether the browser is still logged in as whom this page is of; undefined when nobody answers. */
export const stillMine = (): Promise<boolean | undefined> =>
  fetch('/desktop', {
    method: 'HEAD',
    headers: { Accept: 'application/json', 'X-Desk-Session': session },
  }).then(
    ({ status }) => status !== 401,
    () => undefined,
  )

/** Does something at the server, as the forms do. */
export const post = (path: string): Promise<Response> =>
  fetch(path, { method: 'POST', headers: { 'X-Desk-Token': formToken } })
