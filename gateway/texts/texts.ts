import type { ENGLISH } from './english.ts'

/** Every sentence that people read, by what it is for. Another language is another table of this shape. */
export type Texts = typeof ENGLISH
