import { copyFindings } from './copies.ts'
import { completeDelivery, deliveryFindings } from './delivery.ts'
import type { Finding } from './findings.ts'
import { IMAGES, isImageName, isPinned, PIN_RULE } from './images.ts'
import { lies, networkOf } from './ipv4.ts'
import { completeMasters, mastersAdvice, mastersFindings } from './masters.ts'
import { LDAP, NAMESPACES, SOURCES } from './names.ts'
import { amount } from './quantity.ts'
import type { Cluster, Parsed, Template } from './schema.ts'
import { screenPixels } from './screen-size.ts'
import type { Locate } from './source.ts'
import { completeSources, ownSources, sourcesFindings } from './sources.ts'
import { nearest } from './spelling.ts'
import { completeStorage, storageFindings } from './storage.ts'

const error = (where: string, what: string, rule: string, mend: string): Finding => ({
  severity: 'error',
  where,
  what,
  rule,
  mend,
})

/** The rules that join several settings; what the schema alone cannot say. */
export function joinedFindings(parsed: Parsed, where: Locate): Finding[] {
  const { registry } = complete(parsed)
  return [
    ...mastersFindings(parsed.masters, where),
    ...storageFindings(parsed.storage, where),
    ...deliveryFindings(parsed.delivery, where),
    ...sourcesFindings(parsed, where),
    ...internetFindings(parsed, where),
    ...parsed.templates.flatMap((template, index) => [
      ...nameFindings(parsed.templates, template, index, where),
      ...templateImageFindings(template, index, registry, where),
      ...memoryFindings(template, index, where),
      ...screenFindings(template, index, where),
    ]),
    ...imageFindings(parsed.images, registry, where),
    ...peoplesImageFindings(parsed.desktops.images, registry, where),
  ]
}

/** What is right as it is written, and should be thought about. */
export const advice = (parsed: Parsed, where: Locate): Finding[] => [
  ...mastersAdvice(parsed.masters, where),
  ...copyFindings(parsed.ldap.copies, parsed.storage.kind, where),
]

function internetFindings(parsed: Parsed, where: Locate): Finding[] {
  const { internet, internetNetworks } = parsed.desktops
  const listed = internet === 'listed'
  if (listed && internetNetworks.length === 0)
    return [
      error(
        where(['desktops', 'internet']),
        'desktops.internet is listed, and desktops.internetNetworks lists nothing',
        'what desktops may call is a list of networks',
        'add internetNetworks, or write internet: none',
      ),
    ]
  if (!listed && internetNetworks.length > 0)
    return [
      error(
        where(['desktops', 'internetNetworks']),
        `desktops.internetNetworks lists networks, and desktops.internet is ${internet}`,
        'the list counts with internet: listed alone',
        'write internet: listed, or delete the list',
      ),
    ]
  const { networks } = complete(parsed).hosts
  return internetNetworks.flatMap((network, index) => {
    const room = networks.find((one) => lies(network, one))
    if (room === undefined) return []
    return [
      error(
        where(['desktops', 'internetNetworks', index]),
        `desktops.internetNetworks[${index}] is ${network}, in ${room}`,
        'desktops never call the networks of the PCs, hosts.networks',
        'delete it, or name the networks of the PCs more narrowly in hosts.networks',
      ),
    ]
  })
}

function nameFindings(all: readonly Template[], { name }: Template, index: number, where: Locate): Finding[] {
  const first = all.findIndex((other) => other.name === name)
  if (first === index) return []
  return [
    error(
      where(['templates', index, 'name']),
      `templates[${index}].name is "${name}", like that of templates[${first}]`,
      'every template has a name of its own',
      'rename or delete one of them',
    ),
  ]
}

function templateImageFindings(
  { image }: Template,
  index: number,
  registry: string,
  where: Locate,
): Finding[] {
  if (isImageName(image) || isPinned(image, registry)) return []
  const at = where(['templates', index, 'image'])
  if (/[/:@]/.test(image)) {
    return [
      error(at, `templates[${index}].image is ${JSON.stringify(image)}`, PIN_RULE, 'add @sha256:… to it'),
    ]
  }
  const known = Object.keys(IMAGES)
  const near = nearest(image, known)
  return [
    error(
      at,
      `templates[${index}].image is ${JSON.stringify(image)}, an unknown image`,
      `the image table knows: ${known.join(', ')}`,
      near === undefined ? 'write one of them, or a reference with a digest' : `did you mean ${near}?`,
    ),
  ]
}

function memoryFindings({ resources }: Template, index: number, where: Locate): Finding[] {
  if (amount(resources.memoryLimit) >= amount(resources.memory)) return []
  return [
    error(
      where(['templates', index, 'resources', 'memoryLimit']),
      `templates[${index}].resources.memoryLimit is ${resources.memoryLimit}, less than the ${resources.memory} of memory`,
      'a desktop may use at least what is kept free for it',
      'raise memoryLimit or lower memory',
    ),
  ]
}

function screenFindings({ resources, screen }: Template, index: number, where: Locate): Finding[] {
  const [width = 0, height = 0] = screen.split('x').map(Number)
  if (width * height <= screenPixels(resources.memoryLimit)) return []
  return [
    error(
      where(['templates', index, 'screen']),
      `templates[${index}].screen is ${screen}, more than a memoryLimit of ${resources.memoryLimit} holds`,
      'a quarter of memoryLimit must hold the screen at 24 bytes a pixel',
      'write a smaller screen such as 1280x800, or raise memoryLimit',
    ),
  ]
}

function imageFindings(images: Parsed['images'], registry: string, where: Locate): Finding[] {
  return Object.entries(images).flatMap(([name, reference]) => {
    const known = Object.keys(IMAGES)
    const near = nearest(name, known)
    if (!isImageName(name)) {
      return [
        error(
          where(['images', name], true),
          `images.${name} is an unknown image`,
          `the image table knows: ${known.join(', ')}`,
          near === undefined ? 'delete it' : `did you mean ${near}?`,
        ),
      ]
    }
    if (isPinned(reference, registry)) return []
    return [
      error(
        where(['images', name]),
        `images.${name} is ${JSON.stringify(reference)}`,
        PIN_RULE,
        'add @sha256:… to it',
      ),
    ]
  })
}

function peoplesImageFindings(images: readonly string[], registry: string, where: Locate): Finding[] {
  return images.flatMap((reference, index) => {
    const at = where(['desktops', 'images', index])
    const what = `desktops.images[${index}] is ${JSON.stringify(reference)}`
    if (reference.startsWith(`${registry}/`))
      return [
        error(
          at,
          `${what}, in the room's registry`,
          'what is in there may run without being named',
          'delete it',
        ),
      ]
    return isPinned(reference, registry) ? [] : [error(at, what, PIN_RULE, 'add @sha256:… to it')]
  })
}

/** The networks that nobody on the internet has (RFC 1918): where the PCs are, when nobody says where. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']

/** Fills in the defaults that follow from other settings. */
export function complete(parsed: Parsed): Cluster {
  const { domain, hosts, ldap, storage, delivery } = parsed
  const sources = completeSources(parsed.sources)
  const own = ownSources(sources)
  const urlOf = (service: string) => `ldaps://${service}.${NAMESPACES.directory}.svc:${LDAP.servicePort}`
  return {
    ...parsed,
    hosts: {
      ...hosts,
      door: hosts.door ?? `desk.${domain}`,
      networks: hosts.networks ?? (hosts.address === undefined ? PRIVATE : [networkOf(hosts.address)]),
    },
    ldap: {
      organization: ldap.organization,
      replicas: ldap.replicas,
      disk: ldap.disk,
      moveAfter: ldap.moveAfter,
      copies: ldap.copies,
      baseDN:
        ldap.baseDN ??
        domain
          .split('.')
          .map((part) => `dc=${part}`)
          .join(','),
      url: ldap.url ?? urlOf(LDAP.service),
      writerUrl: ldap.url ?? urlOf(ldap.replicas > 1 ? LDAP.writer : LDAP.service),
    },
    masters: completeMasters(parsed.masters),
    storage: completeStorage(storage),
    delivery: completeDelivery(delivery, own?.repository ?? `https://git.${domain}/${SOURCES.repository}`),
    sources,
    registry: parsed.registry ?? own?.registry ?? `registry.${domain}:5000`,
  }
}
