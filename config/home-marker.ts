/** In each home: a file of root that says whose home it is. Storage writes it; desktops check it before they start. */
export const HOME_MARKER = '.deskfleet-home'

/** The one form of an entryUUID that becomes a file name. */
export const UUID_PATTERN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The text of a home's marker: what it is bound to, and for people who look, whose it is. */
export const homeMarker = (entryUUID: string, login: string): string =>
  `${JSON.stringify({ entryUUID, login })}\n`
