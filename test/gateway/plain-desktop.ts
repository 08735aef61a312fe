import { PERSON, TEMPLATE } from '../../config/labels.ts'
import { DESKTOP, desktopName, NAMESPACES } from '../../config/names.ts'
import type { RenderDesktop } from '../../gateway/desktops/render.ts'

/** The smallest desktop that the API server, the webhook and the policies take. */
export const plainDesktop: RenderDesktop = (identity, template, { certificate, key, token }) => {
  const slug = identity.metadata.name
  const metadata = {
    name: desktopName(slug),
    namespace: NAMESPACES.desktops,
    labels: { [PERSON]: slug, [TEMPLATE]: template.name },
  }
  const selector = { [PERSON]: slug }
  return {
    deployment: {
      metadata,
      spec: {
        replicas: 1,
        strategy: { type: 'Recreate' },
        selector: { matchLabels: selector },
        template: {
          metadata: { labels: { ...selector, [TEMPLATE]: template.name } },
          spec: {
            automountServiceAccountToken: false,
            containers: [{ name: 'desktop', image: template.image }],
          },
        },
      },
    },
    service: {
      metadata,
      spec: { selector, ports: [{ port: DESKTOP.servicePort, targetPort: DESKTOP.port }] },
    },
    secret: { metadata, stringData: { 'tls.crt': certificate, 'tls.key': key, token } },
  }
}
