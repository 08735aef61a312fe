/** What the server wrote into the page: elements by id, sentences, and what became of the desktop. */

/** See `Told` in gateway/pages/told.ts: the server's words for the state of the desktop. */
export interface Told {
  readonly state: 'off' | 'waiting' | 'coming' | 'ready'
  readonly title: string
  readonly text: string
  readonly more?: string
  readonly steps: readonly { readonly text: string; readonly state: 'done' | 'now' | 'todo' }[]
  readonly trouble: boolean
  readonly pod?: string
  readonly pc?: string
  readonly stopsAt?: number
}

/** The element of that id, which the page must have, as that kind of element. */
export function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id)
  if (found instanceof kind) return found
  throw new Error(`the page has no ${id}`)
}

export const button = (id: string): HTMLButtonElement => element(id, HTMLButtonElement)
export const block = (id: string): HTMLElement => element(id, HTMLElement)

const desk = block('desk')
export const formToken = desk.dataset.token ?? ''
export const CLOSED: Readonly<Record<string, number>> = JSON.parse(desk.dataset.closed ?? '{}')
export const firstTold: Told = JSON.parse(desk.dataset.told ?? '{}')
const texts: Readonly<Record<string, string>> = JSON.parse(block('texts').dataset.texts ?? '{}')

/** A sentence of the server, with its marks `{name}` filled in. */
export function say(name: string, values: Readonly<Record<string, string | number>> = {}): string {
  return (texts[name] ?? '').replace(/\{(\w+)\}/g, (_, key: string) => String(values[key] ?? ''))
}

/** Does something at the server, as the forms do. */
export const post = (path: string): Promise<Response> =>
  fetch(path, { method: 'POST', headers: { 'X-Desk-Token': formToken } })
