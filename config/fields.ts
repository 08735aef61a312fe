import { z } from 'zod'
import { isWhole, NETWORK } from './ipv4.ts'
import { amount } from './quantity.ts'

/** What a broken rule says: the rule, then the mend, in one string that `read.ts` takes apart again. */
const SEPARATOR = '\u0000'
export const says = (rule: string, mend: string): string => `${rule}${SEPARATOR}${mend}`
export const taken = (message: string): { rule: string; mend: string } | undefined => {
  const [rule, mend] = message.split(SEPARATOR)
  return rule !== undefined && mend !== undefined ? { rule, mend } : undefined
}

/** A whole number between two bounds, both included. */
export const wholeNumber = (from: number, to: number) => {
  const message = says(
    `it must be a whole number from ${from} to ${to}`,
    `write a number from ${from} to ${to}, without quotes`,
  )
  return z.int(message).min(from, message).max(to, message)
}

/** One of these words. */
export const choice = <const T extends readonly [string, ...string[]]>(...options: T) =>
  z.enum(options, says(`it must be one of: ${options.join(', ')}`, 'write one of these words'))

/** A text of a form: the rule says which, the mend gives an example. Of one without it nothing more is asked. */
export const text = (pattern: RegExp, rule: string, mend: string) =>
  z.string(says(rule, mend)).regex(pattern, { error: says(rule, mend), abort: true })

/** A host name, short enough that `registry.` and the like still fit before it. */
export const HOST = /^(?=.{1,200}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/
export const host = (example: string) =>
  text(HOST, 'it must be a host name in small letters', `write a name such as ${example}`)

/** IPv4 networks, as a list. */
export const networks = z.array(
  text(
    NETWORK,
    'it must be an IPv4 network with its length',
    'write a network such as 192.0.2.0/24, or 192.0.2.7/32 for one address',
  ).refine(
    isWhole,
    says(
      'a network is written by its first address',
      'write one such as 192.0.2.0/24, or a length of /32 for one address',
    ),
  ),
  says('it must be a list of networks', 'write a list such as [192.0.2.0/24]'),
)

/** A name that fits into a Kubernetes label. */
export const labelName = text(
  /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/,
  'a name is small letters, digits and hyphens, begins with a letter, at most 40 long',
  'write a name such as office',
)

/** An amount of `what` as Kubernetes writes it, with the units that measure it, between two amounts, both included. */
const quantity = (what: string, units: string, least: string, most: string, example: string) => {
  const mend = `write an amount such as ${example}, in quotes if it is a bare number`
  const rule = `it must be an amount of ${what}, from ${least} to ${most}`
  return text(new RegExp(`^\\d{1,15}(\\.\\d{1,3})?(${units})?$`), rule, mend).refine(
    (given) => amount(given) >= amount(least) && amount(given) <= amount(most),
    says(rule, mend),
  )
}

/** Processor, in cores or thousandths of one: the `m` of Kubernetes. */
export const processor = (example: string) => quantity('processor', 'm', '10m', '256', example)

/** Memory, in bytes. Kubernetes' `m` is a thousandth of a byte, which nobody means. */
export const memory = (example: string) => quantity('memory', 'Ki|Mi|Gi|Ti|k|M|G|T', '64Mi', '1Ti', example)

/** Room on disks, in bytes. */
export const diskSize = (example: string) => quantity('storage', 'Gi|Ti|G|T', '1Gi', '10000Ti', example)

/** Room on disks for one person, in bytes. */
export const homeSize = (example: string) => quantity('storage', 'Mi|Gi|Ti|M|G|T', '100M', '10000Ti', example)

/** A time in minutes or hours: a year at most. */
export const duration = text(
  /^(?:[1-9]\d{0,4}m|[1-9]\d{0,2}h|[1-7]\d{3}h)$/,
  'it must be a time in minutes or hours, at most 7999h',
  'write a time such as 30m or 8h',
)

/** A port, as a part of a pattern: from 1 to 65535. */
export const PORT = '(?:[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])'

/** Settings under a name, no others; `says` how to write them when something else stands there. */
export const section = <T extends z.ZodRawShape>(name: string, shape: T) =>
  z.strictObject(shape, {
    error: (issue) => (issue.code === 'invalid_type' ? noSection(name) : undefined),
  })

/** What is said where a section belongs and none stands. */
export const noSection = (name: string): string =>
  says(`${name} must hold settings, each on a line of its own`, `indent its settings under ${name}:`)
