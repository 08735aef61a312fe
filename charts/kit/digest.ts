import { createHash } from 'node:crypto'

/** By what settings are known: written on pods that read them once, so that they begin anew where one has changed. */
export const digestOf = (settings: object): string =>
  createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 16)
