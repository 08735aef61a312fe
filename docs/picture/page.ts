/** A place of the sources as docs/architecture.md describes it: a file or a folder at the top, or one that stands for itself below. */
export interface Place {
  /** `main.ts`, or `webhook/`. */
  readonly name: string
  /** The heading that it stands under. */
  readonly group: string
  readonly sentence: string
  /** The file to open first. */
  readonly first: string
  /** Places that it may import besides `config/` and itself, or anything. */
  readonly places: readonly string[] | 'anything'
  /** Packages that it may import besides those that everybody may, or anything. */
  readonly packages: readonly string[] | 'anything'
}

const ROW = /^\| `([^`]+)` \| (.+) \| (?:\[.+?\]\(\.\.\/(.+?)\))? \| (.*?) \| (.*?) \|$/

/** The tables of the page, row by row. */
export function placesOf(page: string): Place[] {
  let group = ''
  return page.split('\n').flatMap((line): Place[] => {
    group = /^### (.+)$/.exec(line)?.[1] ?? group
    const [, name, sentence = '', first = '', places = '', packages = ''] = ROW.exec(line) ?? []
    if (name === undefined) return []
    return [{ name, group, sentence, first, places: listed(places), packages: listed(packages) }]
  })
}

const listed = (cell: string): readonly string[] | 'anything' =>
  cell === 'anything' ? cell : [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)

/** The place that a file belongs to: the one with the longest name that its path begins with. */
export const placeOf = (path: string, places: readonly Place[]): Place | undefined =>
  places
    .filter(({ name }) => path === name || (name.endsWith('/') && path.startsWith(name)))
    .sort((a, b) => b.name.length - a.name.length)[0]
