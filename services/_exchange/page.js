/** The page of the exchange: what lies there, and files that are dropped on it. */

const [list, coming, problem, empty, choose] = ['files', 'coming', 'problem', 'empty', 'choose'].map((id) =>
  document.getElementById(id),
)
const drop = document.querySelector('.drop')

const SAME = 'same-origin'
const address = (name) => `/files/${encodeURIComponent(name)}`

/** Bytes as people read them. */
function size(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const step = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1)
  return `${(bytes / 1000 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step]}`
}

function say(text) {
  problem.textContent = text
  problem.hidden = text === ''
}

/** What lies there; [] where nothing was ever laid. */
async function look() {
  const answer = await fetch('/files/', { credentials: SAME, redirect: 'manual' })
  // The login ended: the way to it is a page, and no answer to a script.
  if (answer.type === 'opaqueredirect' || answer.status === 401) location.reload()
  return answer.ok ? await answer.json() : []
}

function row({ name, size: bytes, mtime }) {
  const tr = document.createElement('tr')
  const cell = (className, ...content) => {
    const td = document.createElement('td')
    td.className = className
    td.append(...content)
    tr.append(td)
  }
  const link = document.createElement('a')
  link.href = address(name)
  link.textContent = name
  link.download = name
  const button = document.createElement('button')
  button.textContent = 'Delete'
  button.setAttribute('aria-label', `Delete ${name}`)
  button.addEventListener('click', () => remove(name))
  cell('', link)
  cell('size', size(bytes))
  cell('since', new Date(mtime).toLocaleString())
  cell('', button)
  return tr
}

async function show() {
  const found = (await look()).filter(({ type }) => type === 'file')
  found.sort((a, b) => Date.parse(b.mtime) - Date.parse(a.mtime))
  list.replaceChildren(...found.map(row))
  empty.hidden = found.length > 0
  return found
}

async function remove(name) {
  if (!confirm(`Delete ${name} for everybody?`)) return
  const answer = await fetch(address(name), { method: 'DELETE', credentials: SAME })
  if (!answer.ok && answer.status !== 404) say(`${name} could not be deleted: try again.`)
  await show()
}

/** One after the other; a large file is seen to come. */
async function send(files) {
  say('')
  const there = new Set((await show()).map(({ name }) => name))
  for (const file of files) {
    if (there.has(file.name) && !confirm(`There is ${file.name} already. Replace it?`)) continue
    await sendOne(file)
  }
  choose.value = ''
  await show()
}

function sendOne(file) {
  const item = document.createElement('li')
  const bar = document.createElement('progress')
  bar.max = 1
  item.append(file.name, bar)
  coming.append(item)
  return new Promise((done) => {
    const request = new XMLHttpRequest()
    request.upload.addEventListener('progress', ({ loaded, total }) => {
      bar.value = total > 0 ? loaded / total : 0
    })
    request.addEventListener('loadend', () => {
      item.remove()
      const { status } = request
      if (status === 413) say(`${file.name} is larger than 4 GB.`)
      else if (status === 507 || status === 500)
        say(`${file.name}: there is no room left. Delete something first.`)
      else if (status === 0 || status >= 400) say(`${file.name} did not arrive: try again.`)
      done()
    })
    request.open('PUT', address(file.name))
    request.send(file)
  })
}

choose.addEventListener('change', () => send([...choose.files]))
for (const kind of ['dragover', 'dragleave', 'drop'])
  drop.addEventListener(kind, (event) => {
    event.preventDefault()
    drop.classList.toggle('over', kind === 'dragover')
    if (kind === 'drop') send([...event.dataTransfer.files])
  })

await show()
setInterval(show, 15_000)
