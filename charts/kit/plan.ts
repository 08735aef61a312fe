import { isDeepStrictEqual } from 'node:util'
import { parse } from 'yaml'
import { FIXED } from '../../config/labels.ts'
import { displayName, factsOf, type KubeObject } from './rendered.ts'

/** What one file of `dist/` will see. */
export interface Change {
  readonly app: string
  readonly what: 'add' | 'change' | 'remove'
  /** `Deployment deskfleet-system/webhook` */
  readonly object: string
  /** Paths of the fields that change. */
  readonly fields: readonly string[]
  /** What could hurt: immutable fields, lost data, lost guards. */
  readonly dangers: readonly string[]
}

type Files = ReadonlyMap<string, string>

/** What would change if `fresh` took the place of `current`; both are path to YAML text. Pure. */
export function plan(current: Files, fresh: Files): Change[] {
  const paths = [...new Set([...current.keys(), ...fresh.keys()])].sort()
  return paths.flatMap((path) => {
    const before = current.get(path)
    const after = fresh.get(path)
    if (before === after) return []
    return [changeOf(path.split('/')[0] ?? '', objectIn(before), objectIn(after))]
  })
}

const objectIn = (text: string | undefined): KubeObject | undefined =>
  text === undefined ? undefined : (parse(text) as KubeObject)

function changeOf(app: string, before: KubeObject | undefined, after: KubeObject | undefined): Change {
  const object = after ?? before
  const name = object === undefined ? '?' : displayName(object)
  if (before === undefined || after === undefined) {
    const what = before === undefined ? 'add' : 'remove'
    return {
      app,
      what,
      object: name,
      fields: [],
      dangers: before === undefined ? [] : removalDangers(before),
    }
  }
  const fields = differences(before, after, '')
  const immutable = (factsOf(after)?.immutable ?? []).filter((field) =>
    fields.some(
      (changed) => changed === field || changed.startsWith(`${field}.`) || changed.startsWith(`${field}[`),
    ),
  )
  const dangers = immutable.map(
    (field) => `${field} can never change: the object must be deleted and created again by hand`,
  )
  return {
    app,
    what: 'change',
    object: name,
    fields,
    dangers: [...dangers, ...fixedDangers(before, fields), ...levelDangers(before, after)],
  }
}

/** What the object itself says must not change. */
function fixedDangers({ metadata }: KubeObject, fields: readonly string[]): string[] {
  const [, path, consequence] = /^(\S+): (.+)$/.exec(metadata.annotations?.[FIXED] ?? '') ?? []
  return path !== undefined && fields.includes(path) ? [`${path} changes: ${consequence}`] : []
}

function removalDangers(object: KubeObject): string[] {
  const facts = factsOf(object)
  if (facts?.removal === undefined && facts?.holdsData !== true) return []
  const consequence = facts.removal ?? 'what it holds is lost'
  return [
    facts.holdsData === true
      ? `the delivery keeps it (it is never pruned); if you delete it by hand, ${consequence}`
      : `when it is gone, ${consequence}`,
  ]
}

const ENFORCE = 'pod-security.kubernetes.io/enforce'
const STRICTNESS = ['privileged', 'baseline', 'restricted']

function levelDangers(before: KubeObject, after: KubeObject): string[] {
  const [old, now] = [before, after].map((object) => object.metadata.labels?.[ENFORCE])
  if (old === undefined || now === old) return []
  return STRICTNESS.indexOf(now ?? '') < STRICTNESS.indexOf(old)
    ? [`its PodSecurity falls from ${old} to ${now ?? 'nothing'}`]
    : []
}

/** The paths at which two values differ. */
export function differences(before: unknown, after: unknown, path: string): string[] {
  if (isDeepStrictEqual(before, after)) return []
  if (isMap(before) && isMap(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    return keys.flatMap((key) => differences(before[key], after[key], path === '' ? key : `${path}.${key}`))
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    return Array.from({ length: Math.max(before.length, after.length) }).flatMap((_, index) =>
      differences(before[index], after[index], `${path}[${index}]`),
    )
  }
  return [path]
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const SIGNS = { add: '+', change: '~', remove: '-' } as const

/** The plan for people: by app, dangers under what they belong to, a sum at the end. */
export function planText(changes: readonly Change[]): string {
  if (changes.length === 0) return 'dist/ is current: nothing changes.\n'
  const apps = [...new Set(changes.map(({ app }) => app))]
  const blocks = apps.map((app) => {
    const lines = changes.filter((change) => change.app === app).flatMap(changeLines)
    return `${app}\n${lines.join('\n')}\n`
  })
  const count = (what: Change['what']) => changes.filter((change) => change.what === what).length
  const dangers = changes.reduce((sum, change) => sum + change.dangers.length, 0)
  const total = `${count('add')} to add, ${count('change')} to change, ${count('remove')} to remove`
  return `${blocks.join('\n')}\n${total}${dangers === 0 ? '.' : `; ${dangers} marked ! need a second look.`}\n`
}

function changeLines({ what, object, fields, dangers }: Change): string[] {
  const shown = fields.slice(0, 6).map((field) => `      ${field}`)
  const more = fields.length > 6 ? [`      … and ${fields.length - 6} more`] : []
  return [`  ${SIGNS[what]} ${object}`, ...shown, ...more, ...dangers.map((danger) => `    ! ${danger}`)]
}
