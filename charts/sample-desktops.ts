import type { Identity } from '../config/identity.ts'
import { FIRST_UID } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import { desktopObjects } from '../desktop/objects.ts'
import { displayName, type KubeObject, type Rendered } from './kit/rendered.ts'

/**
 * A desktop of each template, as the gateway will make it for somebody: so that a template from which no pod can be made
 * is found by the synth, and not by the first person who chooses it. The Secret holds keys and is only named.
 */
export function sampleDesktops(cluster: Cluster): {
  readonly rendered: readonly Rendered[]
  /** Each as `displayName` gives it. */
  readonly secrets: readonly string[]
} {
  const all = cluster.templates.map((template) => {
    const made = desktopObjects(somebody(template.name), template, cluster, {
      running: true,
      keys: { certificate: '', key: '', token: '', gatewayAuthorities: '' },
    })
    const objects = [made.deployment, made.service].map((object): KubeObject => ({ ...object }))
    return {
      rendered: objects.map((object) => ({ app: 'desktops', origin: `template ${template.name}`, object })),
      secret: displayName({ ...made.secret }),
    }
  })
  return { rendered: all.flatMap(({ rendered }) => rendered), secrets: all.map(({ secret }) => secret) }
}

/** A person who does not exist. */
const somebody = (template: string): Identity => ({
  metadata: { name: `sample-${template}` },
  spec: {
    login: `sample-${template}`,
    uid: FIRST_UID,
    gid: FIRST_UID,
    groups: [],
    home: `/home/sample-${template}`,
    shell: '/bin/bash',
    entryUUID: '00000000-0000-0000-0000-000000000000',
  },
})
