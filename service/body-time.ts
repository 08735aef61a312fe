import type { IncomingMessage } from 'node:http'

const limits = new WeakMap<IncomingMessage, NodeJS.Timeout>()

/**
 * A body is there within so many ms, whatever the method: Node's own limit stands for all requests or for none, and
 * files take as long as they take.
 */
export function limitBody(request: IncomingMessage, within: number): void {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers
  if (coding === undefined && Number(length) === 0) return
  keep(
    request,
    setTimeout(() => endUnlessWhole(request), within),
  )
}

/** This body may take as long as it takes, while at least `rate` bytes of it come in every `within` ms. */
export function mayTakeLong(request: IncomingMessage, { within = 15_000, rate = 1_024 } = {}): void {
  if (!limits.has(request)) return
  const { socket } = request
  let before = socket.bytesRead
  keep(
    request,
    setInterval(() => {
      if (socket.bytesRead - before < rate) endUnlessWhole(request)
      before = socket.bytesRead
    }, within),
  )
}

function keep(request: IncomingMessage, timer: NodeJS.Timeout): void {
  const last = limits.get(request)
  clearTimeout(last)
  limits.set(request, timer.unref())
  if (last !== undefined) return
  for (const event of ['end', 'close']) request.once(event, () => clearTimeout(limits.get(request)))
}

function endUnlessWhole(request: IncomingMessage): void {
  clearTimeout(limits.get(request))
  if (!request.complete) request.socket.destroy()
}
