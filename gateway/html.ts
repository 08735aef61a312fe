/** Markup that is safe to send: made by {@link html} alone, so that a plain text can never be taken for it. */
export interface Html {
  readonly [MARKUP]: string
}

const MARKUP: unique symbol = Symbol('markup')

/** What may stand in a template: markup as it is, lists of it joined, texts and numbers escaped, nothing for nothing. */
export type Part = Html | string | number | readonly Part[] | undefined | null | false

/**
 * A tag for templates: html`<p title="${title}">${text}</p>`. Every value is escaped for text and for quoted
 * attributes. Values belong into text and quoted attributes only, never into a tag's name, a script or a style.
 */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let markup = texts[0] ?? ''
  for (const [index, part] of parts.entries()) markup += written(part) + (texts[index + 1] ?? '')
  return { [MARKUP]: markup }
}

/** The text of a whole page. */
export const markupOf = (page: Html): string => page[MARKUP]

const isList = (part: Part): part is readonly Part[] => Array.isArray(part)

function written(part: Part): string {
  if (part === undefined || part === null || part === false) return ''
  if (isList(part)) return part.map(written).join('')
  return typeof part === 'object' ? part[MARKUP] : escapeHtml(String(part))
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"'`]/g, (sign) => ENTITIES[sign] ?? sign)
