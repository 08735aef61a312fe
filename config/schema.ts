import { z } from 'zod'
import { IMAGES } from './images.ts'
import { BASE_DN_PATTERN } from './names.ts'

/** What a broken rule says: the rule, then the mend, in one string that `read.ts` takes apart again. */
const SEPARATOR = '\u0000'
export const says = (rule: string, mend: string): string => `${rule}${SEPARATOR}${mend}`
export const taken = (message: string): { rule: string; mend: string } | undefined => {
  const [rule, mend] = message.split(SEPARATOR)
  return rule !== undefined && mend !== undefined ? { rule, mend } : undefined
}

const wholeNumber = (from: number, to: number) => {
  const message = says(
    `it must be a whole number from ${from} to ${to}`,
    `write a number from ${from} to ${to}, without quotes`,
  )
  return z.int(message).min(from, message).max(to, message)
}

const choice = <const T extends readonly [string, ...string[]]>(...options: T) =>
  z.enum(options, says(`it must be one of: ${options.join(', ')}`, 'write one of these words'))

const text = (pattern: RegExp, rule: string, mend: string) =>
  z.string(says(rule, mend)).regex(pattern, says(rule, mend))

// Short enough that `registry.` and the like still fit before it.
const HOST = /^(?=.{1,200}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/
const host = (example: string) =>
  text(HOST, 'it must be a host name in small letters', `write a name such as ${example}`)

const labelName = text(
  /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/,
  'a name is small letters, digits and hyphens, begins with a letter, at most 40 long',
  'write a name such as office',
)

const quantity = (example: string) =>
  text(
    /^\d+(\.\d+)?(m|Ki|Mi|Gi|k|M|G)?$/,
    'it must be an amount as Kubernetes writes it',
    `write an amount such as ${example}, in quotes if it is a bare number`,
  )

const duration = text(
  /^([1-9]\d*)(m|h)$/,
  'it must be a time in minutes or hours',
  'write a time such as 30m or 8h',
)

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined
  } catch {
    return false
  }
}

const section = <T extends z.ZodRawShape>(name: string, shape: T) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'invalid_type'
        ? says(`${name} must hold settings, each on a line of its own`, `indent its settings under ${name}:`)
        : undefined,
  })

const template = section('a template', {
  name: labelName.describe('What the template is called in URLs and on its pods.'),
  title: text(/^[^\p{Cc}]{1,60}$/u, 'a title is one line of at most 60 characters', 'write a short title')
    .optional()
    .describe('What people read when they choose. Default: the name.'),
  image: z
    .string(says('an image is a word or a reference', `write one of: ${Object.keys(IMAGES).join(', ')}`))
    .default('desktop')
    .describe('A key of the image table, or a reference pinned by digest.'),
  resources: section('resources', {
    cpu: quantity('250m').default('250m').describe('Processor kept free for one desktop.'),
    memory: quantity('512Mi').default('512Mi').describe('Memory kept free for one desktop.'),
    memoryLimit: quantity('2Gi').default('2Gi').describe('Memory that one desktop may use at most.'),
  }).prefault({}),
  screen: text(
    /^[1-9]\d{2,3}x[1-9]\d{2,3}$/,
    'a screen is WIDTHxHEIGHT in pixels',
    'write a size such as 1280x800',
  )
    .default('1280x800')
    .describe('The first size of the screen; the browser may change it.'),
  idle: duration.default('30m').describe('Without input for so long, a desktop is stopped, after a warning.'),
  requires: z
    .record(
      z
        .string()
        .regex(
          /^([a-z0-9.-]+\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/,
          says('the key must be a node label', 'write a label such as deskfleet.io/gpu'),
        ),
      text(
        /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/,
        'the value must be the text of a node label',
        'write the value in quotes, such as "true"',
      ),
      says('it must be labels with their values', 'write lines such as deskfleet.io/gpu: "true"'),
    )
    .default({})
    .describe('Node labels that a PC must have to run it.'),
  groups: z
    .array(
      text(
        /^[a-z_][a-z0-9_.-]{0,31}$/,
        'it must be the name of an LDAP group',
        'write a group such as people',
      ),
      says('it must be a list of LDAP groups', 'write a list such as [people]'),
    )
    .min(1, says('somebody must be able to use it', 'name at least one group, such as people'))
    .default(['people'])
    .describe('LDAP groups whose members may use it.'),
})

/** The shape of `cluster.yaml`. Every default stands here; `read.ts` adds the rules that join fields. */
export const schema = section('cluster.yaml', {
  domain: host('room.example.org').describe('The DNS domain of the room.'),
  hosts: section('hosts', {
    door: host('desk.room.example.org')
      .optional()
      .describe('What people type into the browser. Default: `desk.` and the domain.'),
    address: text(
      /^((25[0-5]|2[0-4]\d|1?\d?\d)(\.(?!$)|(?=\/))){4}\/([89]|[12]\d|30)$/,
      'it must be an IPv4 address with the length of its network',
      'write an address that nobody else has, such as 192.0.2.10/24',
    )
      .optional()
      .describe(
        "The room's one address, in the network of the PCs, held by a master. Without it people reach the gateway by a way of yours.",
      ),
  }).prefault({}),
  ldap: section('ldap', {
    baseDN: text(
      BASE_DN_PATTERN,
      'it must be an LDAP name that begins with dc= or o=, of letters, digits and hyphens',
      'write a name such as dc=room,dc=example,dc=org',
    )
      .optional()
      .describe('The root of the directory. Default: the domain, part by part.'),
    organization: text(
      /^[^\p{Cc}]{1,60}$/u,
      'it must be one line of at most 60 characters',
      'write a short name',
    )
      .default('Deskfleet')
      .describe('The name that the directory gives to its root.'),
    url: text(
      /^ldaps:\/\/[a-z0-9.-]+(:[1-9]\d{0,4})?$/,
      'LDAP is spoken over TLS alone',
      'write a URL such as ldaps://ldap.example.org:636',
    )
      .optional()
      .describe("Where the programs find LDAP. Default: the room's own slapd."),
  }).prefault({}),
  masters: z
    .union(
      [z.literal('auto'), z.literal(1), z.literal(3), z.literal(5)],
      says(
        'it must be auto, 1, 3 or 5',
        'write auto (1 below three PCs, 3 from three, 5 from seven), 1, 3 or 5',
      ),
    )
    .default('auto')
    .describe('How many PCs are masters.'),
  storage: section('storage', {
    kind: choice('gluster', 'path', 'existing')
      .default('gluster')
      .describe(
        'Where homes live: a directory that is the same on every PC (path), or one that is yet to be built (gluster, existing: no homes are made).',
      ),
    replicas: wholeNumber(2, 7).default(5).describe('Copies of every file (gluster).'),
    minReplicas: wholeNumber(2, 7)
      .optional()
      .describe('Copies that must be there before homes are made. Default: 3, or replicas if that is less.'),
    spares: wholeNumber(0, 100).default(1).describe('PCs whose disks are kept for repairs.'),
    path: text(
      /^\/[A-Za-z0-9._/-]+$/,
      'it must be an absolute path',
      'write a directory that is the same on every PC, such as /srv/homes',
    )
      .optional()
      .describe('The directory that is the same on every PC (path).'),
    storageClass: text(
      HOST,
      'it must be the name of a StorageClass',
      'write a name that `kubectl get storageclass` shows',
    )
      .optional()
      .describe('The RWX StorageClass of the site (existing).'),
  }).prefault({}),
  desktops: section('desktops', {
    atMost: wholeNumber(1, 20_000)
      .default(500)
      .describe('Desktops that may run at once; the room itself may hold fewer.'),
    language: text(
      /^[a-z]{2,3}_[A-Z]{2}$/,
      'a language is written with its country',
      'write a language such as en_US or de_DE',
    )
      .default('en_US')
      .describe('The language of desktops; one that the image does not have gives English.'),
    keyboard: text(
      /^[a-z]{2,12}(\([A-Za-z0-9_-]+\))?$/,
      'it must be a keyboard layout, with its variant in brackets if it has one',
      'write a layout such as us, de or ch(fr)',
    )
      .default('us')
      .describe('The keyboard layout of desktops.'),
    timeZone: text(
      /^[A-Z][A-Za-z0-9_+/-]{1,60}$/,
      'it must be a time zone as the tz database names it',
      'write a zone such as Europe/Berlin',
    )
      .refine(isTimeZone, says('the tz database has no such time zone', 'write a zone such as Europe/Berlin'))
      .default('Etc/UTC')
      .describe('The time zone of desktops.'),
  }).prefault({}),
  templates: z
    .array(template, says('templates must be a list', 'begin each template with "- name: …"'))
    .min(1, says('people need at least one kind of desktop', 'add a template, or leave templates out'))
    .prefault([{ name: 'office', title: 'Office desktop' }]),
  delivery: section('delivery', {
    kind: choice('argo', 'flux').default('argo').describe('What applies dist/ to the cluster.'),
    repository: text(
      /^(https?|ssh|git):\/\/([^\s@:/]+@)?[^\s@:/]+(:\d+)?(\/[^\s@]*)?$/,
      'it must be the URL of a Git repository',
      'write a URL such as https://git.example.org/room.git, without a password in it',
    )
      .optional()
      .describe(
        'The Git repository that holds dist/. Default: `https://git.` and the domain, `/deskfleet.git`.',
      ),
    revision: text(
      /^[A-Za-z0-9][A-Za-z0-9._/-]*$/,
      'it must be a branch or a tag',
      'write a name such as main',
    )
      .default('main')
      .describe('The branch or tag that is applied.'),
    path: text(
      /^[A-Za-z0-9][A-Za-z0-9._/-]*$/,
      'it must be a folder of the repository',
      'write a folder such as dist',
    )
      .default('dist')
      .describe('The folder of the repository that holds the apps.'),
    secret: labelName
      .optional()
      .describe(
        'A Secret of yours in flux-system with what the repository asks for (flux). Argo CD finds its own by the URL.',
      ),
  }).prefault({}),
  registry: text(
    /^[a-z0-9.-]+(:[1-9]\d{0,4})?(\/[a-z0-9._-]+)*$/,
    'it must be a registry as container engines write it',
    'write HOST:PORT or HOST:PORT/FOLDER, without https://',
  )
    .optional()
    .describe('The registry that the PCs pull from. Default: `registry.`, the domain, `:5000`.'),
  images: z
    .record(
      z.string(),
      z.string(says('it must be an image reference', 'write registry/name@sha256:…')),
      says('it must be image names with references', 'write lines such as ldap: registry/ldap@sha256:…'),
    )
    .default({})
    .describe('References that take the place of those of the image table.'),
})

export type Template = z.output<typeof template>
/** The settings as the schema gives them, before `rules.ts` completes them. */
export type Parsed = z.output<typeof schema>

/** Everything that an administrator decided, defaults filled in: what the charts are a function of. */
export interface Cluster extends Omit<Parsed, 'hosts' | 'ldap' | 'storage' | 'delivery' | 'registry'> {
  readonly hosts: { readonly door: string; readonly address?: string | undefined }
  readonly ldap: { readonly baseDN: string; readonly organization: string; readonly url: string }
  readonly storage: Parsed['storage'] & { readonly minReplicas: number }
  readonly delivery: Parsed['delivery'] & { readonly repository: string }
  readonly registry: string
}

/** The JSON Schema that editors use while somebody types `cluster.yaml`. */
export function jsonSchema(): Record<string, unknown> {
  const generated = z.toJSONSchema(schema, { io: 'input', target: 'draft-7' })
  return { ...generated, title: 'Deskfleet cluster.yaml' }
}
