import type { KubernetesListObject, KubernetesObject } from '@kubernetes/client-node'

/** Which part of a list is asked for. */
export interface Page {
  readonly limit: number
  readonly _continue?: string
}

/**
 * So many objects at a time, that a large room is read in pieces of half a megabyte or so: a piece is read into values at
 * one go, and memory that it took once stays with the process.
 */
const PAGE = 250

/** A complete list, read page by page from one state of the cluster. */
export async function listPages<T extends KubernetesObject>(
  list: (page: Page) => Promise<KubernetesListObject<T>>,
  limit = PAGE,
): Promise<KubernetesListObject<T>> {
  const items: T[] = []
  let from: string | undefined
  for (;;) {
    const page = await list({ limit, ...(from ? { _continue: from } : {}) })
    for (const item of page.items) items.push(item)
    from = page.metadata?._continue
    if (!from) return { ...page, items }
  }
}
