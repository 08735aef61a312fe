import { SERVICE_DATA } from './names.ts'

/** The folders of services in the storage directory, as one setting carries them to the program that makes them. */

export interface DataFolder {
  /** Below the storage directory: `services/NAME/CLAIM`. */
  readonly path: string
  /** Whose it is, and so as whom the service's programs must run. */
  readonly uid: number
}

/** Where the data of that claim lies. */
export const dataPath = (service: string, claim: string): string =>
  `${SERVICE_DATA.folder}/${service}/${claim}`

export const writeServiceData = (folders: readonly DataFolder[]): string =>
  folders.map(({ path, uid }) => `${path}=${uid}`).join(' ')

/** What `writeServiceData` writes; whatever else may lead elsewhere. */
export const SERVICE_DATA_PATTERN = /^(services(\/[a-z][a-z0-9-]*){2}=[1-9]\d{0,9}( |$))*$/

/** @param text as SERVICE_DATA_PATTERN has it */
export const readServiceData = (text: string): DataFolder[] =>
  text
    .split(' ')
    .filter((one) => one !== '')
    .map((one) => {
      const [path = '', uid] = one.split('=')
      return { path, uid: Number(uid) }
    })
