import type { Request, Response } from 'express'
import type { Owner } from '../desktops/desktop.ts'
import type { Desktops } from '../desktops/desktops.ts'
import { type View, viewOf } from '../desktops/view.ts'
import type { Offer } from '../offer.ts'
import { asSent, statusOf } from '../pages/status.ts'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Texts } from '../texts/texts.ts'

/** The pages that follow their desktop at this replica, each by a stream of server-sent events. */
export interface Followers {
  /** Tells the page what becomes of its desktop, until one of them leaves. */
  follow(session: Session, request: Request, response: Response): void
  /** Looks again whether everybody who follows may still do so. */
  review(): void
  /** Sends everybody to another replica, and takes nobody any more. */
  close(): void
}

export interface FollowersParts {
  readonly sessions: Pick<Sessions, 'stillGood'>
  readonly desktops: Desktops
  readonly offer: () => Offer
  readonly texts: Texts
  readonly now: () => number
}

/** Streams of one person at one replica: more are pages that nobody looks at. */
const MOST_PER_PERSON = 8
/** Ms. Balancers cut what is silent. */
const SIGN_OF_LIFE = 15_000

interface Follower {
  readonly slug: string
  /** Tells what is new, and ends the stream of a session that has ended. */
  push(): void
  leave(): void
}

/** What a person is shown of their own desktop now. */
export const viewNow = (
  { desktops, offer }: Pick<FollowersParts, 'desktops' | 'offer'>,
  owner: Owner,
): View => viewOf(desktops.of(owner), desktops.all(), offer().desktops.atMost)

export function openFollowers(parts: FollowersParts): Followers {
  const open = new Set<Follower>()
  let closed = false
  return {
    follow(session, request, response) {
      // Gone while its session was looked at: it closes no second time, and would hold a place for ever.
      if (response.destroyed) return
      const others = [...open].filter(({ slug }) => slug === session.slug).length
      if (closed || others >= MOST_PER_PERSON) {
        response.status(closed ? 503 : 429).end()
        return
      }
      const follower = stream(parts, session, response)
      open.add(follower)
      const forget = parts.desktops.onChange(follower.push)
      const life = setInterval(() => {
        response.write(': here\n\n')
        follower.push()
      }, SIGN_OF_LIFE)
      response.once('close', () => {
        open.delete(follower)
        forget()
        clearInterval(life)
      })
      follower.push()
      request.socket.setNoDelay(true)
    },
    review() {
      for (const follower of open) follower.push()
    },
    close() {
      closed = true
      for (const follower of open) follower.leave()
    },
  }
}

function stream(parts: FollowersParts, session: Session, response: Response): Follower {
  const { slug } = session
  response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' })
  response.write('retry: 2000\n\n')
  let last = ''
  return {
    slug,
    push() {
      if (response.writableEnded || response.destroyed) return
      if (!parts.sessions.stillGood(session)) {
        response.end('event: ended\ndata:\n\n')
        return
      }
      const status = statusOf(viewNow(parts, session), parts.texts)
      const text = JSON.stringify(status)
      if (text !== last) response.write(`data: ${JSON.stringify(asSent(status, parts.now()))}\n\n`)
      last = text
    },
    leave: () => void response.end('retry: 500\n\n'),
  }
}
