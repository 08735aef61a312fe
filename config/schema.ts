/**
 * `config/`: Everything an administrator may decide: settings, names, labels, images, and errors that say
 * how to mend the line.
 */

import { z } from 'zod'
import { type Copies, copies } from './copies.ts'
import { type Delivery, delivery } from './delivery.ts'
import { secondsOf } from './duration.ts'
import { choice, duration, HOST, host, networks, PORT, says, section, text, wholeNumber } from './fields.ts'
import { ADDRESS_IN_NETWORK, isOfPc } from './ipv4.ts'
import { type Masters, masters } from './masters.ts'
import { BASE_DN_PATTERN } from './names.ts'
import { type Sources, sources } from './sources.ts'
import { type Storage, storage } from './storage.ts'
import { template } from './template.ts'

export type { Template } from './template.ts'

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined
  } catch {
    return false
  }
}

/** The shape of `cluster.yaml`. Every default stands here; `read.ts` adds the rules that join fields. */
export const schema = section('cluster.yaml', {
  domain: host('room.example.org').describe('The DNS domain of the room.'),
  hosts: section('hosts', {
    door: host('desk.room.example.org')
      .optional()
      .describe('What people type into the browser. Default: `desk.` and the domain.'),
    address: text(
      ADDRESS_IN_NETWORK,
      'it must be an IPv4 address with the length of its network',
      'write an address that nobody else has, such as 192.0.2.10/24',
    )
      .refine(
        isOfPc,
        says(
          'no PC may have that address: it is the first or the last of its network, or of a kind of its own',
          'write an address that nobody else has, such as 192.0.2.10/24',
        ),
      )
      .optional()
      .describe(
        "The room's one address, in the network of the PCs, held by a master. Without it people reach the gateway by a way of yours.",
      ),
    networks: networks
      .optional()
      .describe(
        'The networks of the PCs, their registry and their storage: desktops never call them. Default: that of `hosts.address`; without one, all private networks.',
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
    replicas: z
      .union(
        [z.literal(1), z.literal(3)],
        says('it must be 1 or 3', 'write 3 where there are three PCs or more, else 1'),
      )
      .default(1)
      .describe(
        'How many slapd hold the people, each on a PC of its own: with 3, one PC may be off. Before a change: docs/people.md.',
      ),
    disk: choice('class', 'pc')
      .default('class')
      .describe(
        'What each slapd keeps its people on: a volume of the default StorageClass (class), or a folder of its PC (pc), which needs no StorageClass. Before a change: docs/people.md.',
      ),
    moveAfter: duration
      .default('10m')
      .describe(
        'How long a PC may be silent before its slapd begins anew on another PC, from what the other two have (disk: pc, three slapd).',
      ),
    url: text(
      new RegExp(`^ldaps://[a-z0-9.-]+(:${PORT})?$`),
      'LDAP is spoken over TLS alone',
      'write a URL such as ldaps://ldap.example.org:636',
    )
      .optional()
      .describe("Where the programs find LDAP; it must speak TLS 1.3. Default: the room's own slapd."),
    copies,
  }).prefault({}),
  admission: section('admission', {
    caller: text(
      /^[A-Za-z0-9][A-Za-z0-9:._@-]{0,63}$/,
      'it must be the common name of a certificate',
      'write a name such as kube-apiserver-kubelet-client',
    )
      .optional()
      .describe(
        "The common name in the certificate by which the API servers call the webhook, signed by the cluster's own authority; then nobody else is answered. Each API server must be told first: docs/identity.md. Default: whoever reaches it is answered.",
      ),
    maxStale: duration
      .refine(
        (time) => secondsOf(time) >= 3_600,
        says('it must be an hour at least', 'write a time such as 12h'),
      )
      .default('12h')
      .describe(
        'How long after the directory was last read whole pods of people still start. From 15 minutes on the webhook warns; then it refuses, since it cannot know who was locked or removed: docs/identity.md.',
      ),
  }).prefault({}),
  certificates: section('certificates', {
    issuer: text(
      HOST,
      'it must be the name of a ClusterIssuer',
      'write a name such as room, of a ClusterIssuer of cert-manager that is there',
    )
      .optional()
      .describe(
        'A ClusterIssuer of cert-manager that vouches inside the cluster, for the webhook, slapd and the gateway towards desktops. What it costs, and what must be there first: docs/secrets.md. Default: our own authority, kept by certificate-keeper. The door is always ours.',
      ),
  }).prefault({}),
  masters,
  storage,
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
    internet: choice('all', 'listed', 'none')
      .default('all')
      .describe(
        'What desktops may call outside the cluster and outside `hosts.networks`: everything, the networks of `internetNetworks`, or nothing. The door is always reached.',
      ),
    internetNetworks: networks
      .default([])
      .describe('With `internet: listed`: the networks that desktops may call.'),
    images: z
      .array(
        z.string(says('it must be an image reference', 'write registry/name@sha256:…')),
        says('it must be a list of image references', 'write a list such as ["registry/name@sha256:…"]'),
      )
      .default([])
      .describe(
        "Images of other registries, by digest, that pods of people may run. The API server refuses any other that is not in the room's registry.",
      ),
  }).prefault({}),
  templates: z
    .array(template, says('templates must be a list', 'begin each template with "- name: …"'))
    .min(1, says('people need at least one kind of desktop', 'add a template, or leave templates out'))
    .prefault([{ name: 'office', title: 'Office desktop' }]),
  delivery,
  sources,
  registry: text(
    new RegExp(`^[a-z0-9.-]+(:${PORT})?(/[a-z0-9._-]+)*$`),
    'it must be a registry as container engines write it',
    'write HOST:PORT or HOST:PORT/FOLDER, without https://',
  )
    .optional()
    .describe(
      'The registry that the PCs pull from. Default: `registry.`, the domain, `:5000`; with `sources.kind: room` that of the room.',
    ),
  images: z
    .record(
      z.string(),
      z.string(says('it must be an image reference', 'write registry/name@sha256:…')),
      says('it must be image names with references', 'write lines such as ldap: registry/ldap@sha256:…'),
    )
    .default({})
    .describe('References that take the place of those of the image table.'),
})

/** The settings as the schema gives them, before `rules.ts` completes them. */
export type Parsed = z.output<typeof schema>

/** Everything that an administrator decided, defaults filled in: what the charts are a function of. */
export interface Cluster
  extends Omit<Parsed, 'hosts' | 'ldap' | 'masters' | 'storage' | 'delivery' | 'sources' | 'registry'> {
  readonly hosts: {
    readonly door: string
    readonly address?: string | undefined
    readonly networks: readonly string[]
  }
  readonly ldap: {
    readonly baseDN: string
    readonly organization: string
    readonly replicas: 1 | 3
    readonly disk: 'class' | 'pc'
    /** As `10m` or `1h`. */
    readonly moveAfter: string
    /** Where people are looked up. */
    readonly url: string
    /** Where they are written. */
    readonly writerUrl: string
    readonly copies: Copies
  }
  readonly masters: Masters
  readonly storage: Storage
  readonly delivery: Delivery
  readonly sources: Sources
  readonly registry: string
}

/** The JSON Schema that editors use while somebody types `cluster.yaml`. */
export function jsonSchema(): Record<string, unknown> {
  const generated = z.toJSONSchema(schema, { io: 'input', target: 'draft-7' })
  return { ...generated, title: 'Deskfleet cluster.yaml' }
}
