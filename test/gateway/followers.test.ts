import { once } from 'node:events'
import { connect } from 'node:net'
import test from 'ava'
import express from 'express'
import { openFollowers } from '../../gateway/request/followers.ts'
import { newSession } from '../../gateway/session/session.ts'
import { ENGLISH } from '../../gateway/texts/english.ts'
import { identity, OFFER } from './offered.ts'

test('a page that left while its session was looked at holds no place among those that follow', async (t) => {
  const ada = identity('ada', ['people']).spec
  const session = newSession({ slug: 'ada', name: 'Ada', ...ada }, Date.now())
  const followers = openFollowers({
    sessions: { stillGood: () => true },
    desktops: { of: () => undefined, named: () => undefined, all: () => [], onChange: () => () => {} },
    offer: () => OFFER,
    texts: ENGLISH,
    now: Date.now,
  })
  t.teardown(followers.close)
  let left = 0
  const app = express()
  app.get('/late', (request, response) => {
    response.once('close', () => {
      followers.follow(session, request, response)
      left++
    })
  })
  app.get('/', (request, response) => followers.follow(session, request, response))
  const server = app.listen(0, '127.0.0.1')
  t.teardown(() => server.close().closeAllConnections())
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  for (let one = 1; one <= 20; one++) {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.write('GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(server, 'request')
    socket.destroy()
    while (left < one) await new Promise(setImmediate)
  }
  const answer = await fetch(`http://127.0.0.1:${port}/`)
  t.is(answer.status, 200)
  await answer.body?.cancel()
})
