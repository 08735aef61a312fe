import { z } from 'zod'
import { secondsOf } from '../config/duration.ts'
import type { Identity } from '../config/identity.ts'
import { groupKey } from '../config/names.ts'
import { screenPixels } from '../config/screen-size.ts'

const Template = z.object({
  name: z.string().min(1),
  title: z.string().optional(),
  /** A key of the image table, or a reference. */
  image: z.string().min(1),
  resources: z.object({ cpu: z.string(), memory: z.string(), memoryLimit: z.string() }),
  screen: z.string(),
  /** `30m` or `8h` */
  idle: z.string().regex(/^[1-9]\d*[mh]$/),
  requires: z.record(z.string(), z.string()),
  groups: z.array(z.string()).min(1),
})
export type OfferedTemplate = z.infer<typeof Template>

const Service = z.object({
  name: z.string().min(1),
  about: z.string(),
  /** Where it is: a site of its own. */
  host: z.string().min(1),
  /** `people`: after the login here. `none`: everybody who reaches the door. */
  login: z.enum(['people', 'none']),
  /** Of the people, those in one of these groups; left out: all. */
  groups: z.array(z.string()).exactOptional(),
})
export type OfferedService = z.infer<typeof Service>

/** What people may start, and what their desktops are made with: as much of `cluster.yaml`, as the chart renders it to JSON. */
const Offer = z.object({
  registry: z.string(),
  images: z.record(z.string(), z.string()),
  desktops: z.object({
    atMost: z.number().int().min(1),
    language: z.string(),
    keyboard: z.string(),
    timeZone: z.string(),
  }),
  templates: z.array(Template).min(1),
  /** Whether storage says of every home that it is ready. */
  homesAreTold: z.boolean().default(false),
  /** Whether homes are on a Gluster volume, whose state is told. */
  volumeIsTold: z.boolean().default(false),
  /** Bytes that each person may take up; left out: as many as there are. It is told, and not enforced. */
  storageLimit: z.number().min(1).exactOptional(),
  /** Whether it is told what homes take up. */
  usageIsTold: z.boolean().default(false),
  /** Services of the room that people reach. */
  services: z.array(Service).default([]),
})
export type Offer = z.infer<typeof Offer>

/** @throws with the reason when the text is not an offer. */
export function readOffer(text: string): Offer {
  return Offer.parse(JSON.parse(text))
}

/** The templates that this person may use, in the administrator's order. */
export function templatesFor({ templates }: Offer, identity: Identity): OfferedTemplate[] {
  return templates.filter(({ groups }) => isInOne(identity, groups))
}

const isInOne = ({ spec }: Identity, wanted: readonly string[]): boolean => {
  const groups = new Set(spec.groups.map(({ name }) => groupKey(name)))
  return wanted.some((group) => groups.has(groupKey(group)))
}

/** Whether that person may open that service. */
export const mayOpen = ({ groups }: OfferedService, identity: Identity): boolean =>
  groups === undefined || isInOne(identity, groups)

/**
 * How long a desktop of the template of that name may go without input, in ms. One of a template that was taken out of
 * the offer goes by the most patient of those that are left: nothing runs for ever unseen.
 */
export function idleLimit({ templates }: Pick<Offer, 'templates'>, name: string): number {
  const template = templates.find((one) => one.name === name)
  return template ? patienceOf(template) : Math.max(...templates.map(patienceOf))
}

function patienceOf({ idle }: OfferedTemplate): number {
  return secondsOf(idle) * 1_000
}

/** How large the screen of a desktop of that template may be; of one that was taken out, no more than any holds. */
export function pixelsOf({ templates }: Pick<Offer, 'templates'>, name: string | undefined): number {
  const template = templates.find((one) => one.name === name)
  const all = (template ? [template] : templates).map(({ resources }) => screenPixels(resources.memoryLimit))
  return Math.min(...all)
}

export const titleOf = ({ title, name }: Pick<OfferedTemplate, 'title' | 'name'>): string => title ?? name
