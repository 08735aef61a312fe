import type { Express } from 'express'
import { INGRESS } from '../../config/names.ts'
import { pathIn, STATE, sealTicket } from '../entrance/pass.ts'
import { mayOpen } from '../offer.ts'
import { onwardPage } from '../pages/problem.ts'
import { servicesPage } from '../pages/services.ts'
import { frameOf, mustBeThere, PageError, sendPage } from '../request/exchange.ts'
import type { Parts } from '../request/parts.ts'

/** The services of the room, and the way to each. */
export function serviceRoutes(app: Express, parts: Parts): void {
  const { offer, sessionKeys, now } = parts

  app.get('/services', (request, response) => {
    const visitor = mustBeThere(request)
    const open = offer().services.filter((one) => mayOpen(one, visitor.person.identity))
    sendPage(response, servicesPage(frameOf(parts, visitor), open))
  })

  app.get('/services/:name', async (request, response) => {
    const visitor = mustBeThere(request)
    const service = offer().services.find(({ name }) => name === request.params.name)
    if (service === undefined) throw new PageError('notFound')
    const site = `https://${service.host}`
    const { state, path } = request.query
    if (typeof state !== 'string' || !STATE.test(state)) {
      response.redirect(303, site)
      return
    }
    if (!mayOpen(service, visitor.person.identity)) throw new PageError('forbidden')
    const entry = { service: service.name, state, path: pathIn(path) ?? '/' }
    const ticket = await sealTicket(entry, visitor.session, sessionKeys(), now())
    // A page, since after a form of ours browsers follow no redirection to another site.
    sendPage(response, onwardPage(frameOf(parts), `${site}${INGRESS.path}/enter?ticket=${ticket}`))
  })
}
