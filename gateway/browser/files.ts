import { amount } from './amount.ts'
import { block, button, element, formToken, say, session } from './page.ts'

/** The panel of files: shows folders of the home, gives files out, takes new ones in, deletes. */

interface Entry {
  readonly name: string
  /** As it stands in an address: a name is bytes, and not every one is text. A desktop of an older version says none. */
  readonly at?: string
  /** Whether some of the name cannot be shown. */
  readonly odd?: boolean
  readonly kind: string
  readonly size?: number
}

interface Folder {
  readonly name: string
  readonly at: string
}

const panel = element('files-panel', HTMLDialogElement)
const list = block('files-list')
const news = block('files-news')
const sender = element('files-send', HTMLInputElement)
/** The folders down to the one that is open. */
let path: readonly Folder[] = []
/** Sendings that are under way: what they say must stay. */
let sending = 0

const address = (steps: readonly Folder[]): string =>
  `/desktop/files?session=${session}&path=${steps.map(({ at }) => at).join('/')}`
/** What is no text is none of a page's, either: half of a pair of code units. */
const encoded = (name: string): string => encodeURIComponent(name.toWellFormed())

button('files').addEventListener('click', showFiles)
button('files-up').addEventListener('click', () => void open(path.slice(0, -1)))
sender.addEventListener('change', () => {
  void sendAll([...(sender.files ?? [])])
  sender.value = ''
})
panel.addEventListener('dragover', (event) => event.preventDefault())
panel.addEventListener('drop', (event) => {
  event.preventDefault()
  void sendAll(dropped(event.dataTransfer))
})

/** Leaves nothing of the home's names in the page. */
export function forgetFiles(): void {
  path = []
  block('files-path').textContent = ''
  list.replaceChildren()
  news.replaceChildren()
}

export function showFiles(): void {
  panel.showModal()
  void open(path)
}

/** A line of its own for each thing that happened: none hides another. */
function line(text: string): HTMLParagraphElement {
  const made = document.createElement('p')
  made.textContent = text
  news.append(made)
  return made
}

async function open(at: readonly Folder[]): Promise<void> {
  if (sending === 0) news.replaceChildren()
  const answer = await fetch(address(at), { headers: { Accept: 'application/json' } }).catch(() => undefined)
  if (!answer?.ok) {
    line(say('failed'))
    return
  }
  const { entries, more }: { entries: Entry[]; more: boolean } = await answer.json()
  path = at
  block('files-path').textContent = [say('home'), ...at.map(({ name }) => name)].join(' › ')
  button('files-up').disabled = at.length === 0
  const shown = entries.filter(
    ({ kind, name }) => (kind === 'folder' || kind === 'file') && !name.startsWith('.'),
  )
  const sorted = shown.toSorted(
    (a, b) => Number(b.kind === 'folder') - Number(a.kind === 'folder') || a.name.localeCompare(b.name),
  )
  list.replaceChildren(...sorted.map(lineOf))
  block('files-about').textContent = more ? say('more') : sorted.length === 0 ? say('empty') : ''
}

function lineOf({ name, at = encoded(name), odd, kind, size }: Entry): HTMLLIElement {
  const line = document.createElement('li')
  line.className = kind
  if (kind === 'folder') {
    const into = document.createElement('button')
    into.type = 'button'
    into.textContent = name
    into.addEventListener('click', () => void open([...path, { name, at }]))
    line.append(into)
    if (odd) {
      const note = document.createElement('small')
      note.textContent = say('odd')
      line.append(note)
    }
    line.append(deleter(name, at))
    return line
  }
  const link = document.createElement('a')
  link.href = address([...path, { name, at }])
  link.download = name
  link.textContent = name
  const bytes = document.createElement('small')
  bytes.textContent = [...(odd ? [say('odd')] : []), amount(size ?? 0)].join(' · ')
  line.append(link, bytes, deleter(name, at))
  return line
}

/** Asks a second time, since what is deleted is gone; a click elsewhere is a no. */
function deleter(name: string, at: string): HTMLButtonElement {
  const made = document.createElement('button')
  made.type = 'button'
  made.className = 'delete'
  const ask = (sure: boolean) => {
    made.dataset.sure = sure ? 'yes' : ''
    made.textContent = say(sure ? 'deleteYes' : 'delete')
  }
  ask(false)
  made.setAttribute('aria-description', name)
  made.addEventListener('blur', () => ask(false))
  made.addEventListener('click', () => {
    if (made.dataset.sure === 'yes') void drop(path, name, at)
    else ask(true)
  })
  return made
}

async function drop(folder: readonly Folder[], name: string, at: string): Promise<void> {
  const answer = await fetch(address([...folder, { name, at }]), {
    method: 'DELETE',
    headers: { 'X-Desk-Token': formToken },
  }).catch(() => undefined)
  const words: Readonly<Record<number, string>> = {
    204: 'deleted',
    403: 'notYours',
    404: 'deleted',
    409: 'notEmpty',
  }
  if (path === folder) await open(path)
  line(say(words[answer?.status ?? 0] ?? 'kept', { name }))
}

/** What was dropped: files, and the names of folders, of which browsers give no bytes. */
function dropped(data: DataTransfer | null): (File | string)[] {
  return [...(data?.items ?? [])].flatMap((item) => {
    const entry = item.webkitGetAsEntry()
    return entry?.isDirectory ? entry.name : (item.getAsFile() ?? [])
  })
}

/** Into the folder that is open now, also when the person goes on to another one meanwhile. */
async function sendAll(things: readonly (File | string)[]): Promise<void> {
  const folder = path
  if (sending === 0) news.replaceChildren()
  if (things.length === 0) line(say('noFile'))
  sending++
  for (const thing of things) {
    if (typeof thing === 'string') line(say('folder', { name: thing }))
    else await inTurn(() => send(folder, thing))
  }
  if (path === folder) await open(path)
  sending--
}

/** One file at a time from all tabs: six that are sent at once would keep every page of ours from loading. */
const inTurn = (sending: () => Promise<void>): Promise<void> =>
  navigator.locks ? navigator.locks.request('desk file', sending) : sending()

/** XMLHttpRequest, since fetch does not tell how far an upload is. */
function send(folder: readonly Folder[], file: File): Promise<void> {
  return new Promise((done) => {
    const name = file.name
    const said = line(say('sending', { name, percent: 0 }))
    const request = new XMLHttpRequest()
    request.open('PUT', address([...folder, { name, at: encoded(name) }]))
    request.setRequestHeader('X-Desk-Token', formToken)
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    request.upload.addEventListener('progress', ({ loaded, total }) => {
      said.textContent = say('sending', { name, percent: Math.round((loaded / Math.max(1, total)) * 100) })
    })
    const words: Readonly<Record<number, string>> = {
      201: 'sent',
      400: 'badName',
      403: 'notHere',
      409: 'there',
      413: 'long',
      507: 'full',
    }
    const end = (word: string) => {
      said.textContent = say(word, { name })
      done()
    }
    request.addEventListener('load', () => end(words[request.status] ?? 'broken'))
    request.addEventListener('error', () => end('broken'))
    request.send(file)
  })
}
