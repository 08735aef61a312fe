import { block, button, element, formToken, say } from './page.ts'

/** The panel of files: shows folders of the home, gives files out, takes new ones in. */

interface Entry {
  readonly name: string
  readonly kind: string
  readonly size?: number
}

const panel = element('files-panel', HTMLDialogElement)
const list = block('files-list')
const news = block('files-news')
const sender = element('files-send', HTMLInputElement)
let path = ''

const address = (at: string): string => `/desktop/files?path=${encodeURIComponent(at)}`
const below = (name: string): string => (path === '' ? name : `${path}/${name}`)

button('files').addEventListener('click', () => {
  panel.showModal()
  void open(path)
})
button('files-up').addEventListener('click', () => void open(path.split('/').slice(0, -1).join('/')))
sender.addEventListener('change', () => void sendAll([...(sender.files ?? [])]))
panel.addEventListener('dragover', (event) => event.preventDefault())
panel.addEventListener('drop', (event) => {
  event.preventDefault()
  void sendAll([...(event.dataTransfer?.files ?? [])])
})

async function open(at: string): Promise<void> {
  const answer = await fetch(address(at), { headers: { Accept: 'application/json' } }).catch(() => undefined)
  if (!answer?.ok) {
    news.textContent = say('failed')
    return
  }
  const { entries }: { entries: Entry[] } = await answer.json()
  path = at
  news.textContent = entries.length === 0 ? say('empty') : ''
  block('files-path').textContent = [say('home'), ...at.split('/').filter(Boolean)].join(' › ')
  button('files-up').disabled = at === ''
  const shown = entries.filter(
    ({ kind, name }) => (kind === 'folder' || kind === 'file') && !name.startsWith('.'),
  )
  const sorted = shown.toSorted(
    (a, b) => Number(b.kind === 'folder') - Number(a.kind === 'folder') || a.name.localeCompare(b.name),
  )
  list.replaceChildren(...sorted.map(lineOf))
}

function lineOf({ name, kind, size }: Entry): HTMLLIElement {
  const line = document.createElement('li')
  line.className = kind
  if (kind === 'folder') {
    const into = document.createElement('button')
    into.type = 'button'
    into.textContent = name
    into.addEventListener('click', () => void open(below(name)))
    line.append(into)
    return line
  }
  const link = document.createElement('a')
  link.href = address(below(name))
  link.download = name
  link.textContent = name
  const bytes = document.createElement('small')
  bytes.textContent = amount(size ?? 0)
  line.append(link, bytes)
  return line
}

function amount(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte']
  const step = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  const format = {
    style: 'unit',
    unit: units[step] ?? 'byte',
    // The short name of a byte has no plural.
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: 1,
  } as const
  return new Intl.NumberFormat(document.documentElement.lang, format).format(bytes / 1000 ** step)
}

async function sendAll(files: readonly File[]): Promise<void> {
  let last = ''
  for (const file of files) {
    last = await send(file)
    news.textContent = last
  }
  sender.value = ''
  await open(path)
  news.textContent = last
}

/** XMLHttpRequest, since fetch does not tell how far an upload is. */
function send(file: File): Promise<string> {
  return new Promise((done) => {
    const name = file.name
    const request = new XMLHttpRequest()
    request.open('PUT', address(below(name)))
    request.setRequestHeader('X-Desk-Token', formToken)
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    request.upload.addEventListener('progress', ({ loaded, total }) => {
      news.textContent = say('sending', { name, percent: Math.round((loaded / Math.max(1, total)) * 100) })
    })
    const words: Readonly<Record<number, string>> = { 201: 'sent', 409: 'there', 413: 'long' }
    request.addEventListener('load', () => done(say(words[request.status] ?? 'broken', { name })))
    request.addEventListener('error', () => done(say('broken', { name })))
    request.send(file)
  })
}
