import type { Import } from './imports.ts'
import { type Place, placeOf } from './page.ts'

const BEGIN = '<!-- drawn by `npm run picture`: begin -->'
const END = '<!-- drawn by `npm run picture`: end -->'

/**
 * The picture of who imports whom, as Mermaid: the groups of the page, an arrow for each pair of places of which one
 * imports the other. What may import anything, and what everybody imports, would hide the rest, and is left out.
 */
export function picture(places: readonly Place[], imports: readonly Import[]): string {
  const shown = places.filter(({ name, places: may }) => may !== 'anything' && name !== EVERYBODYS)
  const pairs = imports.flatMap(({ from, file }) => {
    const [source, target] = [placeOf(from, shown), file && placeOf(file, shown)]
    return source && target && source !== target ? [[source, target] as const] : []
  })
  const boxes = shown.filter((place) => pairs.flat().includes(place))
  const groups = [...new Set(boxes.map(({ group }) => group))].map((group, index) => {
    const inside = boxes.filter((place) => place.group === group)
    const lines = inside.map((place) => `    ${idOf(place)}["${place.name}"]\n`)
    return `  subgraph group${index}["${group}"]\n${lines.join('')}  end`
  })
  const arrows = new Set(pairs.map(([source, target]) => `  ${idOf(source)} --> ${idOf(target)}`))
  return ['```mermaid', 'flowchart TD', ...groups, ...[...arrows].sort(), '```'].join('\n')
}

const EVERYBODYS = 'config/'

const idOf = ({ name }: Place): string => name.replace(/\W+/g, '_').replace(/_$/, '')

/** The page with this picture in its place. */
export function withPicture(page: string, drawn: string): string {
  const [before, rest] = page.split(`${BEGIN}\n`)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined)
    throw new Error('docs/architecture.md has no place for its picture')
  return `${before}${BEGIN}\n${drawn}\n${END}${after}`
}
