import { factsOf } from '../rendered.ts'
import { about, type Policy } from './policy.ts'

/** What an administrator's own service makes stands in its own namespace: nothing of ours, of Kubernetes, or of the whole cluster. */
export const boundaries: Policy = (rendered, { services }) =>
  rendered.flatMap((item) => {
    const own = services.get(item.app)
    if (own === undefined) return []
    const { kind, metadata } = item.object
    const rule = `a service makes objects in its own namespace, ${own}`
    if (factsOf(item.object)?.scope === 'cluster') {
      // Its own namespace is made for it.
      if (kind === 'Namespace' && metadata.name === own) return []
      const mend = `leave the ${kind} out; what the whole cluster must have is applied by hand, or becomes an app in charts/`
      return [about(item, '', { what: `it is of no namespace`, rule, mend })]
    }
    if (metadata.namespace === own) return []
    const mend = 'take metadata.namespace out: it is filled in'
    return [about(item, 'metadata.namespace', { what: `it is ${metadata.namespace ?? 'empty'}`, rule, mend })]
  })
