import type { Finding } from './findings.ts'
import { IMAGES, isImageName, isPinned, PIN_RULE } from './images.ts'
import { LDAP, NAMESPACES } from './names.ts'
import type { Cluster, Parsed, Template } from './schema.ts'
import type { Locate } from './shape.ts'
import { nearest } from './spelling.ts'

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
    ...storageFindings(parsed.storage, where),
    ...parsed.templates.flatMap((template, index) => [
      ...nameFindings(parsed.templates, template, index, where),
      ...templateImageFindings(template, index, registry, where),
      ...memoryFindings(template, index, where),
    ]),
    ...imageFindings(parsed.images, registry, where),
  ]
}

function storageFindings(storage: Parsed['storage'], where: Locate): Finding[] {
  const { kind, replicas, minReplicas, path, storageClass } = storage
  const findings: Finding[] = []
  if (minReplicas !== undefined && minReplicas > replicas) {
    findings.push(
      error(
        where(['storage', 'minReplicas']),
        `storage.minReplicas is ${minReplicas}, more than the ${replicas} of storage.replicas`,
        'homes cannot wait for more copies than are ever made',
        `write ${replicas} or less, or leave it out`,
      ),
    )
  }
  for (const [name, value, of] of [
    ['path', path, 'path'],
    ['storageClass', storageClass, 'existing'],
  ] as const) {
    if (kind === of && value === undefined) {
      findings.push(
        error(
          where(['storage', 'kind']),
          `storage.${name} is missing`,
          `storage.kind ${of} needs it`,
          `add storage.${name}`,
        ),
      )
    } else if (kind !== of && value !== undefined) {
      findings.push(
        error(
          where(['storage', name], true),
          `storage.${name} has no meaning here`,
          `it belongs to storage.kind ${of}, and the kind is ${kind}`,
          `delete it, or write kind: ${of}`,
        ),
      )
    }
  }
  const parts = path?.split('/').slice(1) ?? []
  if (
    kind === 'path' &&
    path !== undefined &&
    (parts.length < 2 || parts.some((part) => /^\.{0,2}$/.test(part)))
  ) {
    findings.push(
      error(
        where(['storage', 'path']),
        `storage.path is ${path}`,
        'it is a plain path at least two directories deep, without . or .. or a slash at its end',
        'write a directory that is the same on every PC, such as /srv/deskfleet',
      ),
    )
  }
  if (kind === 'gluster' && replicas % 2 === 0) {
    findings.push({
      severity: 'warning',
      where: where(['storage', 'replicas']),
      what: `storage.replicas is ${replicas}, an even number`,
      rule: `${replicas} copies survive the loss of no more PCs than ${replicas - 1} do, since a majority must remain to write`,
      mend: `${replicas === 2 ? 3 : `${replicas - 1} or ${replicas + 1}`} uses the disks better; ${replicas} works too`,
    })
  }
  return findings
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
  if (bytes(resources.memoryLimit) >= bytes(resources.memory)) return []
  return [
    error(
      where(['templates', index, 'resources', 'memoryLimit']),
      `templates[${index}].resources.memoryLimit is ${resources.memoryLimit}, less than the ${resources.memory} of memory`,
      'a desktop may use at least what is kept free for it',
      'raise memoryLimit or lower memory',
    ),
  ]
}

const UNITS: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
}

/** A Kubernetes quantity as a number; the schema has seen its form. */
function bytes(quantity: string): number {
  const unit = quantity.replace(/^[\d.]+/, '')
  return Number.parseFloat(quantity) * (UNITS[unit] ?? 1)
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

/** Fills in the defaults that follow from other settings. */
export function complete(parsed: Parsed): Cluster {
  const { domain, hosts, ldap, storage, delivery } = parsed
  return {
    ...parsed,
    hosts: { ...hosts, door: hosts.door ?? `desk.${domain}` },
    ldap: {
      organization: ldap.organization,
      baseDN:
        ldap.baseDN ??
        domain
          .split('.')
          .map((part) => `dc=${part}`)
          .join(','),
      url: ldap.url ?? `ldaps://${LDAP.service}.${NAMESPACES.directory}.svc:${LDAP.servicePort}`,
    },
    storage: { ...storage, minReplicas: storage.minReplicas ?? Math.min(3, storage.replicas) },
    delivery: { ...delivery, repository: delivery.repository ?? `https://git.${domain}/deskfleet.git` },
    registry: parsed.registry ?? `registry.${domain}:5000`,
  }
}
