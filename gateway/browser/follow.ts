import type { SentStatus } from '../pages/status.ts'
import { session, stillMine } from './page.ts'

/**
 * What the server tells of the desktop, for all tabs of a browser by one stream: browsers keep six lasting requests to
 * a server, and the seventh waits for ever. A lock says which tab holds the stream, and a channel carries what it hears
 * to the others. A tab that comes to the front takes the lock, so that nobody who is looked at depends on a tab that
 * the browser slows down; when the one that holds it closes, crashes or is frozen, the next in the row has it.
 */

/** What tabs tell each other. The channel is one for all sessions of the browser, so each message says whose it is. */
interface Said {
  readonly session: string
  /** Absent where it is a tab's question for the last. */
  readonly news?: News
}
type News = { readonly status: SentStatus } | 'ended'

export interface Ears {
  told(status: SentStatus): void
  /** The session is over, for good. Called once. */
  ended(): void
}

/** Ms until a stream that was refused is asked for again. */
const REFUSED = 2_000

/** Follows until the session is over. Without locks or channels each tab has a stream of its own while it is seen. */
export function follow({ told, ended }: Ears): void {
  let channel = navigator.locks && window.BroadcastChannel ? new BroadcastChannel('desk') : undefined
  let over = false
  let frozen = false
  /** This tab's place: the stream, or in the row for it. */
  let place: AbortController | undefined
  /** What the stream that this tab holds said last, and when. */
  let last: { readonly status: SentStatus; readonly at: number } | undefined

  const hear = (news: News): void => {
    if (over) return
    if (news === 'ended') {
      over = true
      place?.abort()
      ended()
    } else told(news.status)
  }
  const tell = (said: Omit<Said, 'session'>): void =>
    channel?.postMessage({ session, ...said } satisfies Said)
  const pass = (news: News): void => {
    if (news !== 'ended') last = { status: news.status, at: performance.now() }
    tell({ news })
    hear(news)
  }
  const leave = (): void => {
    place?.abort()
    place = undefined
  }

  /** Holds the stream until the place is given up. */
  const hold = async (signal: AbortSignal): Promise<void> => {
    await stream(pass, signal)
    last = undefined
  }

  function takePlace(front: boolean): void {
    leave()
    const mine = new AbortController()
    place = mine
    if (!channel) {
      void hold(mine.signal)
      return
    }
    navigator.locks
      .request(`desk ${session}`, front ? { steal: true } : { signal: mine.signal }, () => hold(mine.signal))
      .catch(({ name }: Error) => {
        // Else another tab came to the front, or this place is not wanted any more.
        if (name !== 'AbortError') channel = undefined
      })
      .then(() => {
        mine.abort()
        if (place === mine && !over) takePlace(false)
      })
  }

  function look(): void {
    const seen = !document.hidden && !frozen
    if (over) return
    if (seen) takePlace(true)
    else if (frozen || !channel) leave()
    else if (!place) takePlace(false)
  }

  channel?.addEventListener('message', ({ data }: MessageEvent<Said>) => {
    if (over) return
    // Somebody logged in anew in this browser: what it sends from here now may be theirs.
    if (data.session !== session) void stillMine().then((mine) => mine === false && pass('ended'))
    else if (data.news) hear(data.news)
    else if (last) tell({ news: { status: since(last) } })
  })
  document.addEventListener('visibilitychange', look)
  for (const [event, is] of [
    ['freeze', true],
    ['resume', false],
  ] as const)
    document.addEventListener(event, () => {
      frozen = is
      look()
    })
  // A page that is kept for the way back holds nothing meanwhile.
  window.addEventListener('pagehide', leave)
  window.addEventListener('pageshow', ({ persisted }) => {
    if (persisted) look()
  })
  look()
  tell({})
}

/** With the time that is left now. */
function since({ status, at }: { readonly status: SentStatus; readonly at: number }): SentStatus {
  const { stopsIn } = status
  return stopsIn === undefined ? status : { ...status, stopsIn: stopsIn - (performance.now() - at) }
}

/** Opens the stream, and again when it was refused; resolves when the signal aborts. */
function stream(pass: (news: News) => void, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    let retry: ReturnType<typeof setTimeout> | undefined
    let events: EventSource | undefined
    const open = () => {
      const opened = new EventSource(`/desktop/events?session=${session}`)
      events = opened
      opened.addEventListener('message', ({ data }) => pass({ status: JSON.parse(data) }))
      opened.addEventListener('ended', () => pass('ended'))
      opened.addEventListener('error', async () => {
        // The browser itself tries again, unless it was refused.
        if (opened.readyState !== EventSource.CLOSED) return
        const mine = await stillMine()
        if (signal.aborted) return
        if (mine === false) pass('ended')
        else retry = setTimeout(open, REFUSED)
      })
    }
    const close = () => {
      clearTimeout(retry)
      events?.close()
      done()
    }
    signal.addEventListener('abort', close, { once: true })
    if (signal.aborted) close()
    else open()
  })
}
