/** Where packages come from. */
export type Ecosystem = 'npm' | 'Go' | 'Debian' | 'PyPI'

/** How bad an advisory says that it is; many say nothing. */
export const LEVELS = ['low', 'moderate', 'high', 'critical'] as const
export type Level = (typeof LEVELS)[number]

/** A known fault in a version that is pinned here. */
export interface Advisory {
  readonly id: string
  readonly name: string
  readonly version: string
  /** Undefined where nobody said. */
  readonly level: Level | undefined
  readonly title: string
  /** The version without it, where there is one. */
  readonly fixed: string | undefined
  /** What of ours has it: a folder of pins, an image, a lock. */
  readonly where: readonly string[]
}

/** A pinned version that is not the newest. */
export interface Old {
  readonly name: string
  readonly version: string
  readonly newest: string
  readonly where: readonly string[]
}

/** What could be learned of one ecosystem. */
export interface Answer {
  readonly ecosystem: Ecosystem
  /** Packages that were looked at. */
  readonly looked: number
  readonly advisories: readonly Advisory[]
  readonly old: readonly Old[]
  /** What could not be asked, each with the reason. */
  readonly unasked: readonly string[]
}

/** One that says nothing counts as high: nobody has said that it is not. */
export const levelOf = ({ level }: Advisory): Level => level ?? 'high'

export const atLeast = (advisory: Advisory, level: Level): boolean =>
  LEVELS.indexOf(levelOf(advisory)) >= LEVELS.indexOf(level)
