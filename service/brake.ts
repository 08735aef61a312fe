/** So few may go at once without question, in however small a room. */
const FEW = 3
/** As may this part of all. */
const PART = 1 / 5

/**
 * Whether so many of all that are known vanish at once that a broken source is likelier than a change: more than three
 * and more than a fifth.
 */
export const isMassLoss = (gone: number, known: number): boolean => gone > FEW && gone > known * PART
