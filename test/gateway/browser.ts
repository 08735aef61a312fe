import type { IncomingHttpHeaders } from 'node:http'
import { request as requestTls } from 'node:https'
import { DEVICE_COOKIE } from '../../gateway/login/device.ts'

/** An answer, read whole. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** A browser as far as HTTP goes: keeps its two cookies, sends Origin with forms, finds the form's token in pages. */
export interface Browser {
  /** The session's cookie, `name=value`; empty when there is none. */
  cookie: string
  /** The cookie by which it is known from a login before; empty for a stranger's. */
  device: string
  token: string
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  post(path: string, fields: Record<string, string>, headers?: Record<string, string>): Promise<Answer>
  login(name: string, password: string): Promise<Answer>
}

export function send(
  origin: string,
  path: string,
  options: {
    method?: string
    headers?: Record<string, string>
    body?: string | Buffer
    /** The address that it comes from. */
    from?: string
    /** Called when the answer begins: one that lasts is not whole for long. */
    onHead?: () => void
  } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(origin)
  return new Promise((done, fail) => {
    const asked = requestTls(
      {
        host: '127.0.0.1',
        port,
        path,
        method: options.method ?? 'GET',
        headers: { host: `${hostname}:${port}`, ...options.headers },
        rejectUnauthorized: false,
        agent: false,
        ...(options.from ? { localAddress: options.from } : {}),
      },
      (answer) => {
        options.onHead?.()
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', fail)
        answer.on('end', () =>
          done({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        )
      },
    )
    asked.on('error', fail)
    asked.end(options.body)
  })
}

export function newBrowser(origin: string, from?: string): Browser {
  const cookies = (): Record<string, string> => {
    const cookie = [browser.cookie, browser.device].filter(Boolean).join('; ')
    return cookie ? { cookie } : {}
  }
  const at = from === undefined ? {} : { from }
  const browser: Browser = {
    cookie: '',
    device: '',
    token: '',
    async get(path, headers = {}) {
      return take(
        await send(origin, path, {
          headers: { ...cookies(), accept: 'text/html', ...headers },
          ...at,
        }),
      )
    },
    async post(path, fields, headers = {}) {
      const body = new URLSearchParams({
        ...(browser.token ? { token: browser.token } : {}),
        ...fields,
      }).toString()
      const all = {
        origin,
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(Buffer.byteLength(body)),
        ...cookies(),
        ...headers,
      }
      return take(await send(origin, path, { method: 'POST', headers: all, body, ...at }))
    },
    async login(name, password) {
      const answer = await browser.post('/login', { login: name, password })
      if (answer.status === 303) await browser.get('/password')
      return answer
    },
  }
  const take = (answer: Answer): Answer => {
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [pair = ''] = line.split(';')
      if (pair.startsWith(`${DEVICE_COOKIE}=`)) browser.device = pair
      else browser.cookie = pair.endsWith('=') ? '' : pair
    }
    browser.token = /name="token" value="([^"]+)"/.exec(answer.text)?.[1] ?? browser.token
    return answer
  }
  return browser
}
