import { type Advisory, type Answer, atLeast, type Level, levelOf, type Old } from './facts.ts'

/** What was found, as people read it: what matches, what is old, what could not be asked; the worst first. */
export function reportText(answers: readonly Answer[], level: Level): string {
  return `${answers.map((answer) => section(answer, level)).join('\n')}\n${verdict(answers, level)}\n`
}

/** How many advisories are as bad as that or worse. */
export const counted = (answers: readonly Answer[], level: Level): number =>
  answers.flatMap(({ advisories }) => advisories).filter((one) => atLeast(one, level)).length

function section({ ecosystem, looked, advisories, old, unasked }: Answer, level: Level): string {
  const sorted = [...advisories].sort(
    (one, other) => Number(atLeast(other, level)) - Number(atLeast(one, level)) || order(one, other),
  )
  return [
    `${ecosystem}: ${looked} packages, ${advisories.length} advisories, ${old.length} old`,
    ...sorted.map(advisoryLine),
    ...[...old].sort(order).map(oldLine),
    ...unasked.map((what) => `  not checked  ${what}`),
    '',
  ].join('\n')
}

const order = (one: { readonly name: string }, other: { readonly name: string }): number =>
  one.name < other.name ? -1 : one.name > other.name ? 1 : 0

function advisoryLine(advisory: Advisory): string {
  const { id, name, version, title, fixed, where } = advisory
  const level = advisory.level ?? `${levelOf(advisory)}?`
  const mend = fixed === undefined ? 'no version without it' : `mended in ${fixed}`
  return `  ${level.padEnd(11)}  ${name} ${version}: ${title} (${id}; ${mend}; ${where.join(', ')})`
}

const oldLine = ({ name, version, newest, where }: Old): string =>
  `  old          ${name} ${version}, newest ${newest} (${where.join(', ')})`

function verdict(answers: readonly Answer[], level: Level): string {
  const count = counted(answers, level)
  const found =
    count === 0
      ? `No advisory of level ${level} or worse matches.`
      : `${count} ${count === 1 ? 'advisory' : 'advisories'} of level ${level} or worse. A level with "?" is one that nobody gave.`
  const unasked = answers.filter((answer) => answer.unasked.length > 0).map(({ ecosystem }) => ecosystem)
  return unasked.length === 0
    ? found
    : `${found} Not everything could be checked: ${unasked.join(', ')}; the reasons stand above.`
}
