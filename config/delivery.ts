import type { z } from 'zod'
import { choice, labelName, PORT, section, text } from './fields.ts'
import type { Finding } from './findings.ts'
import type { Locate } from './source.ts'

/** A name of Git's without what `git check-ref-format` refuses. */
const REF_NAME = '(?!.*(\\.\\.|//|/\\.|@\\{|\\.lock(/|$)))[A-Za-z0-9_][A-Za-z0-9._/@+#-]*(?<![./])'

const named = (what: string, example: string) =>
  text(
    new RegExp(`^(?!refs/)${REF_NAME}$`),
    `it must be the name of a ${what}`,
    `write a name such as ${example}`,
  )

/** How `dist/` comes from Git to the cluster. */
export const delivery = section('delivery', {
  kind: choice('argo', 'flux').default('argo').describe('What applies dist/ to the cluster.'),
  repository: text(
    new RegExp(`^(https?|ssh|git)://([^\\s@:/]+@)?[^\\s@:/]+(:${PORT})?(/[^\\s@]*)?$`),
    'it must be the URL of a Git repository',
    'write a URL such as https://git.example.org/room.git, without a password in it',
  )
    .optional()
    .describe(
      'The Git repository that holds dist/. Default: `https://git.` and the domain, `/deskfleet.git`; with `sources.kind: room` that of the room.',
    ),
  branch: named('branch', 'main').optional().describe('The branch that is applied. Default: `main`.'),
  tag: named('tag', 'v1.2').optional().describe('The tag that is applied, in place of a branch.'),
  commit: text(
    /^[0-9a-f]{40}$/,
    'it must be a commit by its whole name',
    'write the 40 letters and digits that "git rev-parse HEAD" shows',
  )
    .optional()
    .describe('The commit that is applied, in place of a branch.'),
  ref: text(
    new RegExp(`^refs/${REF_NAME}$`),
    'it must be a full name of Git',
    'write a name such as refs/heads/main',
  )
    .optional()
    .describe('What is applied, by its full name in Git, in place of a branch.'),
  path: text(
    /^[A-Za-z0-9][A-Za-z0-9._/-]*$/,
    'it must be a folder of the repository',
    'write a folder such as dist',
  )
    .default('dist')
    .describe('The folder of the repository that holds the apps.'),
  secret: labelName
    .optional()
    .describe(
      'A Secret of yours in flux-system with what the repository asks for (flux). Argo CD finds its own by the URL.',
    ),
}).prefault({})

type Parsed = z.output<typeof delivery>

/** What of the repository is applied: a commit, or what a full name stands for at the moment. */
export type Revision = { readonly commit: string } | { readonly ref: string }

export interface Delivery extends Pick<Parsed, 'kind' | 'path' | 'secret'> {
  readonly repository: string
  readonly revision: Revision
}

/** The settings that each say what is applied. */
const WAYS = ['branch', 'tag', 'commit', 'ref'] as const

/** What is applied is said once. */
export function deliveryFindings(parsed: Parsed, where: Locate): Finding[] {
  const [first, ...others] = WAYS.filter((way) => parsed[way] !== undefined)
  return others.map((way) => ({
    severity: 'error',
    where: where(['delivery', way]),
    what: `delivery.${way} stands beside delivery.${first}`,
    rule: 'one of branch, tag, commit and ref says what is applied',
    mend: 'delete the others',
  }))
}

export function completeDelivery(
  { branch = 'main', tag, commit, ref, repository, ...rest }: Parsed,
  usual: string,
): Delivery {
  const name = ref ?? (tag === undefined ? `refs/heads/${branch}` : `refs/tags/${tag}`)
  return {
    ...rest,
    repository: repository ?? usual,
    revision: commit === undefined ? { ref: name } : { commit },
  }
}
