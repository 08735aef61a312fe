import { block, button, session } from './page.ts'

/** What the person is to know of a desktop that runs: of their home, such as that nothing can be saved. */

const bar = block('home-notices')
const list = block('home-notices-list')
/** Ms between two looks. */
const LOOK = 60_000

let shown = ''
/** What was read and put away: it comes back when something else is to be said. */
let away = ''
let timer: ReturnType<typeof setTimeout> | undefined
let pod: string | undefined

button('home-notices-close').addEventListener('click', () => {
  away = shown
  show([])
})
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && pod !== undefined) void look()
})

/** Looks from now on, for that start of a desktop; undefined: none runs. */
export function noticesOf(running: string | undefined): void {
  if (pod === running) return
  pod = running
  away = ''
  show([])
  clearTimeout(timer)
  if (running !== undefined) void look()
}

async function look(): Promise<void> {
  clearTimeout(timer)
  const mine = pod
  if (!document.hidden) {
    const said = await fetch(`/desktop/notices?session=${session}`, {
      headers: { Accept: 'application/json' },
    }).then(
      (answer): Promise<string[]> | undefined => (answer.ok ? answer.json() : undefined),
      () => undefined,
    )
    if (pod !== mine) return
    if (said) show(JSON.stringify(said) === away ? [] : said)
  }
  if (pod === mine && pod !== undefined) {
    clearTimeout(timer)
    timer = setTimeout(look, LOOK)
  }
}

function show(said: readonly string[]): void {
  const text = JSON.stringify(said)
  if (text === shown) return
  shown = text
  bar.hidden = said.length === 0
  list.replaceChildren(
    ...said.map((one) => {
      const line = document.createElement('p')
      line.textContent = one
      return line
    }),
  )
}
