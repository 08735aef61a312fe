import type { Directory } from '../../directory/directory.ts'
import { type LoginResult, login } from '../../directory/login.ts'
import { addressOf, type MountedDirectory, openMounted } from '../../directory/mounted.ts'
import { type GivingResult, giveOneTimePassword } from '../../directory/one-time-password.ts'
import { changeOwnPassword, type PasswordResult } from '../../directory/own-password.ts'

/** The directory, as far as people themselves use it. All throw a DirectoryError when it does not answer. */
export interface People {
  login(name: string, password: string): Promise<LoginResult>
  changePassword(login: string, before: string, after: string): Promise<PasswordResult>
  /** As a helper, by their own password. */
  giveOneTimePassword(
    helper: { readonly login: string; readonly password: string },
    login: string,
  ): Promise<GivingResult>
}

/** People log in with their own password, over connections of their own; the mounted account only finds them. */
export function openPeople(mounted: MountedDirectory): People & { readonly close: () => Promise<void> } {
  const directory: Directory = openMounted(mounted)
  // What was just written is read where it was written: another server has it a moment later.
  const atWriter = { ...mounted, url: mounted.writerUrl }
  const writer = mounted.writerUrl === mounted.url ? directory : openMounted(atWriter)
  return {
    login: async (name, password) => login(directory, await addressOf(mounted), name, password),
    changePassword: async (name, before, after) =>
      changeOwnPassword(writer, await addressOf(atWriter), name, before, after),
    giveOneTimePassword: async (helper, login) =>
      giveOneTimePassword(writer, await addressOf(atWriter), helper, login),
    close: async () => {
      await Promise.all([directory, writer].map((one) => one.close()))
    },
  }
}
