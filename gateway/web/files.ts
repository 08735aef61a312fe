import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Express } from 'express'
import { reasonOf } from '../../cluster/answer.ts'
import { encodedPath, LONGEST_PATH, pathAsked, pathBytes, shownName } from '../../config/file-path.ts'
import { mayTakeLong } from '../../service/body-time.ts'
import { textOf } from '../desktops/bridge.ts'
import { mustBeThere } from '../request/exchange.ts'
import type { Parts } from '../request/parts.ts'

/** An upload that stands still for so long is given up. Ms. */
const STANDSTILL = 30_000

/**
 * The path that an address asks for, in bytes: relative to the home, and without a step that the bridge would have to
 * judge. A text says what is wrong with it.
 */
export function placeAsked(address: string): Buffer | string {
  const path = pathBytes(pathAsked(address) ?? '')
  if (path === undefined) return 'it is not percent-encoded'
  if (path.length > LONGEST_PATH) return 'it is too long'
  if (path.includes(0)) return 'it holds a zero'
  if (path[0] === SLASH) return 'it is not relative to the home'
  const steps = path.toString('latin1').split('/')
  return steps.some((step) => step === '..' || step === '.') ? 'it steps aside' : path
}

const SLASH = 0x2f

/** A file's name as a header takes it, for every browser (RFC 6266). */
export function disposition(path: Buffer): string {
  const name = shownName(path.subarray(path.lastIndexOf(SLASH) + 1))
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${name.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '_')}"; filename*=UTF-8''${encoded}`
}

/** Files of the person's own home, through their desktop. Nothing of them is ever shown as a page of ours. */
export function fileRoutes(app: Express, parts: Parts): void {
  app.get('/desktop/files', async (request, response) => {
    const { session } = mustBeThere(request)
    const { slug } = session
    const path = placeAsked(request.originalUrl)
    if (typeof path === 'string') {
      response.status(400).end()
      return
    }
    const answer = await parts.bridges.read(session, encodedPath(path)).catch((error: unknown) => {
      parts.log.warn({ slug, reason: reasonOf(error) }, 'files could not be shown')
      return undefined
    })
    if (!answer) {
      response.status(502).end()
      return
    }
    const status = answer.statusCode ?? 502
    const isFolder =
      /^application\/json\b/.test(answer.headers['content-type'] ?? '') && request.query.as !== 'file'
    if (status !== 200) {
      answer.resume()
      response.status([400, 403, 404, 409].includes(status) ? status : 502).end()
    } else if (isFolder) {
      response.type('json').send(await textOf(answer))
    } else {
      response.setHeader('Content-Type', 'application/octet-stream')
      response.setHeader('Content-Disposition', disposition(path))
      response.setHeader('Content-Security-Policy', "sandbox; default-src 'none'")
      const length = answer.headers['content-length']
      if (length !== undefined) response.setHeader('Content-Length', length)
      // Whoever leaves in the middle is no failure of ours.
      const stop = () => void answer.destroy(new Error('the session has ended'))
      await parts.transfers.during(session, stop, () => pipeline(answer, response)).catch(() => {})
    }
  })

  app.put('/desktop/files', async (request, response) => {
    const { session } = mustBeThere(request)
    const { slug } = session
    const path = placeAsked(request.originalUrl)
    const refuse = (status: number) => {
      // What is left of the body is not read, so the connection cannot serve another request.
      response.setHeader('Connection', 'close')
      response.status(status).end()
    }
    if (typeof path === 'string' || path.length === 0) return refuse(400)
    if (Number(request.headers['content-length'] ?? 0) > parts.longestUpload) return refuse(413)
    mayTakeLong(request)
    const stop = new AbortController()
    const watchdog = setInterval(() => stop.abort(), STANDSTILL)
    let length = 0
    let tooLong = false
    const measured = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        watchdog.refresh()
        length += chunk.length
        tooLong = length > parts.longestUpload
        if (tooLong) stop.abort()
        done(null, chunk)
      },
    })
    request.on('error', () => stop.abort())
    request.on('aborted', () => stop.abort())
    try {
      const status = await parts.transfers.during(
        session,
        () => stop.abort(new Error('the session has ended')),
        () => parts.bridges.write(session, encodedPath(path), request.pipe(measured), stop.signal),
      )
      if (status >= 300) return refuse([400, 403, 404, 409, 413, 507].includes(status) ? status : 502)
      response.status(201).end()
    } catch (error) {
      parts.log.warn({ slug, reason: reasonOf(error) }, 'a file could not be sent')
      if (!response.headersSent) refuse(tooLong ? 413 : 502)
    } finally {
      clearInterval(watchdog)
    }
  })

  app.delete('/desktop/files', async (request, response) => {
    const { session } = mustBeThere(request)
    const path = placeAsked(request.originalUrl)
    if (typeof path === 'string' || path.length === 0) {
      response.status(400).end()
      return
    }
    const status = await parts.bridges.remove(session, encodedPath(path)).catch((error: unknown) => {
      parts.log.warn({ slug: session.slug, reason: reasonOf(error) }, 'a file could not be deleted')
      return 502
    })
    response.status(status < 300 ? 204 : [400, 403, 404, 409].includes(status) ? status : 502).end()
  })
}
