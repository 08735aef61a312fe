import type { Finding } from '../../../config/findings.ts'
import type { Policy } from './policy.ts'

/** A route of a service leads to a Service that is there, and to a port of it; and its name is one that DNS takes. */
export const routes: Policy = (rendered, { routes: wanted }) =>
  wanted.flatMap(({ app, namespace, service, port, host }): Finding[] => {
    const finding = (what: string, mend: string): Finding => ({
      ...{ severity: 'error', where: `${app}: route`, what, mend },
      rule: 'a route leads to a port of a Service of its own namespace',
    })
    // The longest name that a certificate may carry in its common name.
    if (host.length > 64)
      return [finding(`${host} is longer than 64 characters`, 'give the service a shorter name')]
    const objects = rendered.filter((one) => one.app === app && one.object.kind === 'Service')
    const found = objects.find(({ object }) => object.metadata.name === service)
    if (found === undefined) {
      const names = objects.map(({ object }) => object.metadata.name)
      const mend = names.length > 0 ? `name one of ${names.join(', ')}` : 'add a Service'
      return [finding(`${namespace} has no Service ${service}`, mend)]
    }
    const ports = (found.object as { spec?: { ports?: readonly { port?: number }[] } }).spec?.ports ?? []
    if (ports.some((one) => one.port === port)) return []
    const numbers = ports.map((one) => one.port).join(', ')
    return [finding(`the Service ${service} has no port ${port}`, `name one of its ports: ${numbers}`)]
  })
