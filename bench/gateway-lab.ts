import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { z } from 'zod'
import { NODE_FLAGS } from '../charts/kit/pods.ts'
import { addPerson } from '../directory/people.ts'
import { type BareLab, up } from '../lab/bare.ts'
import type { LabLdap } from '../lab/ldap.ts'
import { startPlatform } from '../lab/platform.ts'
import { directoryOf } from '../test/directory/own-slapd.ts'
import { PASSWORD, person } from '../test/gateway/people.ts'
import { type PretendPc, pretendPc } from '../test/gateway/pretend-pc.ts'
import { administrator, homes } from '../test/gateway/room.ts'

/** A lab with people in its directory and one PC that only pretends: what the gateway's own work is measured in. */
export interface GatewayLab {
  readonly lab: BareLab
  readonly people: readonly string[]
  readonly pc: PretendPc
  end(): Promise<void>
}

export const say = (line: string): void => console.error(`  ${line}`)

export async function gatewayLab(count: number): Promise<GatewayLab> {
  const lab = await up({ name: `bench-${process.pid}`, ldap: true, ownerPid: process.pid, progress: say })
  try {
    await startPlatform(lab, say)
    const people = Array.from({ length: count }, (_, index) => `visitor-${index}`)
    say(`adding ${count} people to LDAP`)
    await homes(lab, ...people)
    const last = people.at(-1) ?? ''
    const directory = directoryOf(ldapOf(lab), 'admin')
    for (const login of people.slice(0, -1))
      await addPerson(directory, { login, name: login, groups: [], shell: '/bin/bash', password: PASSWORD })
    await directory.close()
    // Published in the order in which they came.
    await person(lab, last)
    const pc = await pretendPc(administrator(lab), 'bench-pc')
    return {
      lab,
      people,
      pc,
      async end() {
        await pc.end()
        await lab.down()
      },
    }
  } catch (error) {
    await lab.down()
    throw error
  }
}

function ldapOf({ ldap, name }: BareLab): LabLdap {
  if (ldap === undefined) throw new Error(`the lab "${name}" has no LDAP`)
  return ldap
}

/** A process of the bench that is asked things, one at a time. */
export interface Child {
  ask<T>(answer: z.ZodType<T>, message: object): Promise<T>
  end(): void
}

/** Starts a file of this folder with the flags of our programs, on those cores alone if they are named. */
export function child(file: string, cores?: string): Child {
  const command = [...(cores === undefined ? [] : ['taskset', '-c', cores]), process.execPath]
  const [program = '', ...args] = [...command, ...NODE_FLAGS, join(import.meta.dirname, file)]
  const started: ChildProcess = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  return {
    ask: (answer, message) =>
      new Promise((done, fail) => {
        const gone = (code: number | null) => fail(new Error(`${file} ended with ${code}`))
        started.once('exit', gone)
        started.once('message', (said) => {
          started.off('exit', gone)
          try {
            done(answer.parse(said))
          } catch (error) {
            fail(error)
          }
        })
        started.send(message)
      }),
    end: () => started.disconnect(),
  }
}

/** What a process has used: CPU in µs since its start, memory in bytes after a collection. */
export const Usage = z.object({ cpu: z.number(), rss: z.number() })
export type Usage = z.infer<typeof Usage>

export const Began = z.object({ origin: z.string() })
export const Done = z.object({ done: z.literal(true) })
