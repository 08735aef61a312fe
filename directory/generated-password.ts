import { randomInt } from 'node:crypto'

/** Without letters and digits that are read for one another. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789'

/** A password that can be dictated: four groups of five, about 99 bits. */
export function generatePassword(random: (limit: number) => number = randomInt): string {
  const group = (): string => Array.from({ length: 5 }, () => ALPHABET[random(ALPHABET.length)]).join('')
  return [group(), group(), group(), group()].join('-')
}
