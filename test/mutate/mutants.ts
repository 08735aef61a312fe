import { parseSync, Visitor } from 'oxc-parser'

/** One small fault to be made in a source text. Offsets in UTF-16 units. */
export interface Mutant {
  readonly start: number
  readonly end: number
  readonly to: string
}

const OPERATORS: Readonly<Record<string, string>> = {
  '&&': '||',
  '||': '&&',
  '===': '!==',
  '!==': '===',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '-': '+',
  '*': '/',
  '/': '*',
}
const METHODS: Readonly<Record<string, string>> = { every: 'some', some: 'every', min: 'max', max: 'min' }

/**
 * The faults that may be made in a source: another operator, a condition that always or never holds, a denial left
 * out, another boolean or number, `every` for `some`, a fallback left out. In the order of the text.
 */
export function mutantsOf(path: string, text: string): Mutant[] {
  const found: Mutant[] = []
  const types: { start: number; end: number }[] = []
  const put = ({ start, end }: { start: number; end: number }, to: string): void => {
    found.push({ start, end, to })
  }
  const operator = (node: Operation): void => {
    const to = OPERATORS[node.operator]
    if (to === undefined) return
    const between = text.slice(node.left.end, node.right.start)
    const start = node.left.end + between.indexOf(node.operator)
    put({ start, end: start + node.operator.length }, to)
  }
  new Visitor({
    TSLiteralType: (node) => void types.push(node),
    LogicalExpression(node) {
      if (node.operator === '??') put({ start: node.left.end, end: node.right.end }, '')
      else operator(node)
    },
    BinaryExpression: operator,
    UnaryExpression(node) {
      if (node.operator === '!') put({ start: node.start, end: node.start + 1 }, '')
    },
    IfStatement(node) {
      put(node.test, 'false')
      put(node.test, 'true')
    },
    ConditionalExpression(node) {
      put(node.test, 'false')
      put(node.test, 'true')
    },
    Literal(node) {
      if (typeof node.value === 'boolean') put(node, String(!node.value))
      if (typeof node.value === 'number') put(node, String(node.value < 2 ? node.value + 1 : node.value * 2))
    },
    MemberExpression(node) {
      if (node.computed || node.property.type !== 'Identifier') return
      const to = METHODS[node.property.name]
      if (to !== undefined) put(node.property, to)
    },
  }).visit(parseSync(path, text).program)
  const isType = (one: Mutant): boolean =>
    types.some(({ start, end }) => start <= one.start && one.end <= end)
  return found
    .filter((one) => !isType(one))
    .sort((a, b) => a.start - b.start || a.end - b.end || a.to.localeCompare(b.to))
}

interface Operation {
  readonly operator: string
  readonly left: { readonly end: number }
  readonly right: { readonly start: number }
}

export const withMutant = (text: string, { start, end, to }: Mutant): string =>
  text.slice(0, start) + to + text.slice(end)

/** At most so many, spread evenly over all: the same ones every time. */
export const spread = <T>(all: readonly T[], most: number): T[] =>
  all.length <= most
    ? [...all]
    : Array.from({ length: most }, (_, at) => all[Math.floor((at * all.length) / most)] as T)
