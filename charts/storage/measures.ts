import { API_GROUP, STORAGE_USAGE } from '../../config/names.ts'

/** What it takes to tell in `deskfleet-storage` what homes take up: amounts by person, and never a name of a file. */
export const MEASURES = {
  group: API_GROUP,
  resources: [STORAGE_USAGE.plural],
  verbs: ['list', 'create', 'patch'],
}

/** What it takes to remove what was measured of a storage that the room had before. */
export const FORMER_MEASURES = { ...MEASURES, verbs: ['list', 'delete'] }
