import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type PackageWish, packageTree } from '../../../lab/debian/packages.ts'

/** Homes with all that files may have, and what is to be compared of them, by other means than the copy's own. */

const TOOLS: PackageWish = {
  suite: 'trixie',
  packages: ['rsync', 'acl', 'attr'],
  programs: ['rsync', 'setfacl', 'getfacl', 'setfattr', 'getfattr'],
}

/** Where rsync and the tools for lists and attributes are. */
export const tools = async (): Promise<string> => (await packageTree(TOOLS)).bin

export const OWNER = { uid: 10_001, gid: 10_000 }

const run = (bin: string, program: string, args: readonly string[]): string => {
  const { stdout, stderr, status } = spawnSync(join(bin, program), args, {
    encoding: 'latin1',
    maxBuffer: 64 << 20,
  })
  // Of a link that leads nowhere getfattr says so, and goes on.
  const told = program === 'getfattr' && status === 1
  if (status !== 0 && !told) throw new Error(`${program}: ${stderr}`)
  return stdout
}

/** Files of every kind that a person can have. */
export function furnish(home: string, bin: string): void {
  const at = (...parts: string[]): string => join(home, ...parts)
  mkdirSync(at('Documents/empty'), { recursive: true })
  writeFileSync(at('Documents/letter'), 'dear all\n', { mode: 0o640 })
  linkSync(at('Documents/letter'), at('Documents/same letter'))
  linkSync(at('Documents/letter'), at('the letter, again'))
  symlinkSync('/etc/passwd', at('absolute'))
  symlinkSync('nowhere', at('dangling'))
  writeFileSync(at('sparse'), '')
  truncateSync(at('sparse'), 48 << 20)
  writeFileSync(at('large'), Buffer.alloc(8 << 20, 'large '))
  writeFileSync(at('unreadable'), 'mine', { mode: 0 })
  writeFileSync(at('script'), '#!/bin/sh\n', { mode: 0o4755 })
  for (const name of ['-rf', 'new\nline', 'ümläut', '  ', '*', "quote's", '.hidden'])
    writeFileSync(at(name), name)
  writeFileSync(Buffer.concat([Buffer.from(`${home}/no text `), Buffer.from([0xff, 0xfe])]), 'bytes')
  execFileSync('mkfifo', [at('pipe')])
  writeFileSync(at('listed'), 'read by one more')
  run(bin, 'setfacl', ['-m', 'u:10077:r', at('listed')])
  run(bin, 'setfacl', ['-d', '-m', 'g:10088:rwx', at('Documents/empty')])
  run(bin, 'setfattr', ['-n', 'user.xdg.origin.url', '-v', 'https://example.org/ü', at('listed')])
  utimesSync(at('Documents/letter'), 1_000_000_000.123456, 1_000_000_000.654321)
  give(home)
}

/** To the person, all of it. */
export function give(home: string): void {
  execFileSync('chown', ['-hR', `${OWNER.uid}:${OWNER.gid}`, home])
  execFileSync('chmod', ['4755', join(home, 'script')])
  const marker = join(home, '.deskfleet-home')
  try {
    chownSync(marker, 0, 0)
  } catch {
    // A folder that is no home.
  }
}

/** All of a tree that must be the same, a line for each name. */
export function likeness(root: string, bin: string): string[] {
  const inodes = new Map<number, number>()
  const lines: string[] = []
  const walk = (path: Buffer, name: string): void => {
    const found = lstatSync(path, { bigint: true })
    const kind = found.mode & 0o170000n
    const file = kind === 0o100000n
    const linked = file && found.nlink > 1n
    const number = Number(found.ino)
    if (linked && !inodes.has(number)) inodes.set(number, inodes.size)
    lines.push(
      [
        name,
        found.mode.toString(8),
        `${found.uid}:${found.gid}`,
        file ? `${found.size} ${found.mtimeNs}` : kind === 0o40000n ? `${found.mtimeNs}` : '',
        linked ? `link ${inodes.get(number)} of ${found.nlink}` : '',
        file ? createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16) : '',
        kind === 0o120000n ? readlinkSync(path, 'latin1') : '',
      ].join(' | '),
    )
    if (kind !== 0o40000n) return
    for (const entry of readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare))
      walk(Buffer.concat([path, Buffer.from('/'), entry]), `${name}/${entry.toString('latin1')}`)
  }
  walk(Buffer.from(root), '')
  const told = (program: string, args: readonly string[]): string =>
    run(bin, program, [...args, root])
      .replaceAll(root.slice(1), 'HOME')
      .replaceAll(root, 'HOME')
  // Sorted: a disk lists its files in an order of its own.
  const blocks = (text: string): string[] => text.split('\n\n').sort()
  return [
    ...lines,
    ...blocks(told('getfattr', ['-R', '-P', '-d', '-m', '^user\\.'])),
    ...blocks(told('getfacl', ['-R', '-P', '-p', '-n'])),
  ]
}
