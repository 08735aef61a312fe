import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const Manifest = z.object({ name: z.string(), version: z.string(), license: z.string().optional() })

/**
 * The bill of materials of an image as CycloneDX 1.6: every Debian package (dpkg's status file), every npm
 * package below `app` and Node itself. Sorted and without a date, so that the same image has the same bill.
 */
export function billOfMaterials(image: string, status: string, app: string): string {
  const components = [...debianComponents(status), ...npmComponents(app)]
  const bill = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'container', name: image } },
    components: components.sort((one, other) => (one.purl < other.purl ? -1 : 1)),
  }
  return `${JSON.stringify(bill, null, 2)}\n`
}

interface Component {
  readonly type: 'library'
  readonly name: string
  readonly version: string
  readonly purl: string
  readonly licenses?: readonly { readonly expression: string }[]
}

/** One paragraph a package, as dpkg keeps them. */
const debianComponents = (status: string): Component[] =>
  status.split('\n\n').flatMap((paragraph) => {
    const name = /^Package: (.+)$/m.exec(paragraph)?.[1]
    const version = /^Version: (.+)$/m.exec(paragraph)?.[1]
    if (name === undefined || version === undefined) return []
    return [{ type: 'library', name, version, purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}` }]
  })

function npmComponents(app: string): Component[] {
  if (!existsSync(app)) return []
  const node: Component = {
    type: 'library',
    name: 'node',
    version: process.version.slice(1),
    purl: `pkg:generic/node@${process.version.slice(1)}`,
  }
  const found = globSync('node_modules/**/package.json', { cwd: app })
    .filter((path) => /(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path))
    .flatMap((path) => Manifest.safeParse(JSON.parse(readFileSync(join(app, path), 'utf8'))).data ?? [])
  const packages = new Map(found.map((one) => [`${one.name}@${one.version}`, one]))
  return [
    node,
    ...[...packages.values()].map(({ name, version, license }) => ({
      type: 'library' as const,
      name,
      version,
      purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
      ...(license ? { licenses: [{ expression: license }] } : {}),
    })),
  ]
}
