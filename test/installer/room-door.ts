import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import express, { type Express } from 'express'
import { html, markupOf } from '../../gateway/html.ts'
import { readAssets } from '../../gateway/pages/assets.ts'
import { page } from '../../gateway/pages/layout.ts'
import { loginPage } from '../../gateway/pages/login.ts'
import { protect } from '../../gateway/request/headers.ts'
import { ENGLISH } from '../../gateway/texts/english.ts'
import { issue, type KeyPair } from '../../lab/bare/certificates.ts'

/** The door of a room for tests: the gateway's own login page and headers, and in place of desktops a page that says whose it is. */

export const HOST = 'desk.room.example.org'
/** The site of a service, below that name. */
export const SERVICE = `wiki.${HOST}`
/** What is in a file that a page offers. */
export const LETTER = 'a letter that no PC may keep'
const COOKIE = '__Host-desk'

export interface RoomDoor {
  readonly port: number
  /** Whose cookie the last page was asked for with. */
  readonly seen: { cookie?: string | undefined; asked: string[] }
  /** Nobody answers there any more: connections break, and new ones are refused. */
  close(): Promise<void>
  /** Everybody is let in, and nobody answered, as behind a switch that has died. */
  silence(): void
  /** Answers again, at the same port. */
  open(certificate?: KeyPair): Promise<void>
}

export async function roomDoor(authority: KeyPair): Promise<RoomDoor> {
  const seen: RoomDoor['seen'] = { asked: [] }
  const app = doorApp(seen)
  const own = await issue(authority, { name: HOST, hosts: [HOST, SERVICE] })
  const sockets = new Set<Socket>()
  let server: Server | undefined
  let silent = false
  let port = 0
  const open: RoomDoor['open'] = async ({ certificate, key } = own) => {
    silent = false
    if (server) return
    const opened = createServer({ cert: certificate, key }, (request, response) => {
      if (!silent) app(request, response)
    })
    opened.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    opened.listen(port, '127.0.0.1')
    await once(opened, 'listening')
    port = (opened.address() as AddressInfo).port
    server = opened
  }
  await open()
  return {
    port,
    seen,
    open,
    silence() {
      silent = true
    },
    async close() {
      const closing = server
      server = undefined
      for (const socket of sockets) socket.destroy()
      if (closing) await new Promise((done) => closing.close(done))
    },
  }
}

function doorApp(seen: RoomDoor['seen']): Express {
  const app = express()
  const assets = readAssets()
  const frame = { texts: ENGLISH, asset: assets.address, modules: () => [] }
  app.use((request, response, next) => {
    protect(response, false)
    seen.asked.push(request.path)
    if (request.path !== '/robots.txt') seen.cookie = request.headers.cookie
    next()
  })
  app.use(express.urlencoded({ extended: false }))
  app.use((request, response, next) => {
    // It answers everything with its page, as programs do that know no robots.txt.
    if (request.hostname !== SERVICE) return next()
    seen.asked.push(`${SERVICE}${request.path}`)
    response.type('html').send('<!doctype html><h1>A wiki</h1>')
  })
  app.get('/robots.txt', (_request, response) => void response.type('text').send('User-agent: *\n'))
  app.get('/assets/:version/*name', (request, response) => {
    const asset = assets.find([request.params.name].flat().join('/'))
    if (asset) response.type(asset.type).end(asset.body)
    else response.status(404).end()
  })
  app.get('/login', (_request, response) => void response.send(markupOf(loginPage(frame, {}))))
  app.post('/login', (request, response) => {
    response.setHeader(
      'Set-Cookie',
      `${COOKIE}=${request.body.login}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=36000`,
    )
    response.redirect(303, '/desktop')
  })
  app.get('/', (_request, response) => response.redirect(303, '/desktop'))
  app.get('/desktop', (request, response) => {
    const who = new RegExp(`${COOKIE}=(\\w+)`).exec(request.headers.cookie ?? '')?.[1]
    if (who === undefined) response.redirect(303, '/login')
    else response.send(markupOf(deskOf(who)))
  })
  app.get('/password', (_request, response) => void response.type('html').send('<h1>A new password</h1>'))
  app.get('/file', (_request, response) => {
    response.setHeader('Content-Disposition', 'attachment; filename="letter.txt"')
    response.type('application/octet-stream').send(LETTER)
  })
  app.post('/logout', (_request, response) => {
    response.setHeader('Set-Cookie', `${COOKIE}=; Path=/; Secure; HttpOnly; Max-Age=0`)
    response.redirect(303, '/login?after=out')
  })
  const deskOf = (who: string) =>
    page(frame, {
      title: 'Desktop',
      body: html`<h1>${who}’s desktop</h1><p><a id="file" href="/file">a file</a> <a id="other" href="/password" target="_blank">another page</a></p>
<form method="post" action="/logout"><button class="main">Log out</button></form>`,
    })
  return app
}
