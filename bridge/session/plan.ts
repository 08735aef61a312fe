import { CLIPBOARD } from '../../config/clipboard.ts'
import type { Settings } from '../settings.ts'

/** The places of a session; all in the pod's own tmpfs, but for the home. */
export interface Places {
  readonly runtime: string
  readonly cache: string
  /** Stand in for folders of the home that cannot be written. */
  readonly standIns: string
  /** Empty folders in place of those of the home, for a session that its settings end. */
  readonly bare: string
  readonly screen: string
  readonly authority: string
  /** By which programs of a session know each other (ICE). */
  readonly iceAuthority: string
  readonly bus: string
  readonly machineId: string
}

/** Where programs find settings and data that the home cannot keep; in the home where nothing is said. */
export interface Elsewhere {
  readonly config?: string
  readonly data?: string
}

/** A program of the session. */
export interface Command {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

const DISPLAY = ':1'

/** X's own socket: Xvnc makes it, programs find it by DISPLAY. */
export const X_SOCKET = '/tmp/.X11-unix/X1'

/** By this variable every process of a session is known, whoever its parent is by now. */
export const MARK = 'DESKFLEET_SESSION'

export const placesIn = (run: string): Places => ({
  runtime: `${run}/runtime`,
  cache: `${run}/cache`,
  standIns: `${run}/stand-ins`,
  bare: `${run}/bare`,
  screen: `${run}/screen.sock`,
  authority: `${run}/runtime/Xauthority`,
  iceAuthority: `${run}/runtime/ICEauthority`,
  bus: `${run}/runtime/bus`,
  machineId: `${run}/machine-id`,
})

/**
 * Everything that programs of the session find in their environment: nothing of the bridge's own, above all no place of
 * secrets. `locales` are those that the image has; an unknown language becomes plain UTF-8, or names break.
 */
export function environmentOf(
  { home, login, shell, path, language, timeZone }: Settings,
  places: Places,
  mark: string,
  locales: readonly string[],
  elsewhere: Elsewhere = {},
): Record<string, string> {
  return {
    HOME: home,
    USER: login,
    LOGNAME: login,
    SHELL: shell,
    PATH: path,
    LANG: locales.some((one) => sameLocale(one, language)) ? language : 'C.UTF-8',
    TZ: timeZone,
    DISPLAY,
    XAUTHORITY: places.authority,
    ICEAUTHORITY: places.iceAuthority,
    XDG_RUNTIME_DIR: places.runtime,
    XDG_CACHE_HOME: places.cache,
    ...(elsewhere.config === undefined ? {} : { XDG_CONFIG_HOME: elsewhere.config }),
    ...(elsewhere.data === undefined ? {} : { XDG_DATA_HOME: elsewhere.data }),
    XDG_CONFIG_DIRS: '/etc/xdg',
    XDG_DATA_DIRS: '/usr/local/share:/usr/share',
    XDG_MENU_PREFIX: 'xfce-',
    XDG_CURRENT_DESKTOP: 'XFCE',
    XDG_SESSION_TYPE: 'x11',
    DESKTOP_SESSION: 'xfce',
    DBUS_SESSION_BUS_ADDRESS: `unix:path=${places.bus}`,
    // There is no accessibility bus and no virtual file system service in the pod: programs wait for neither.
    NO_AT_BRIDGE: '1',
    GTK_A11Y: 'none',
    GIO_USE_VFS: 'local',
    // A pod without capabilities can make a user namespace here and there, but use it nowhere: Firefox then kills its
    // own processes. Its seccomp sandbox stays.
    MOZ_ASSUME_USER_NS: '0',
    [MARK]: mark,
  }
}

/** `de_DE.UTF-8` and `de_DE.utf8` are one. */
const sameLocale = (one: string, other: string): boolean =>
  one.toLowerCase().replace('utf-8', 'utf8') === other.toLowerCase().replace('utf-8', 'utf8')

/**
 * What passes between the screens of desktop and viewer. Marked text is no copied text: X's primary selection neither
 * goes out, where it would overwrite what the person copied, nor is it overwritten from there.
 */
export const PASSING: readonly string[] = [
  ...['-AcceptSetDesktopSize', '-SendPrimary=0', '-SetPrimary=0'],
  // Both of the message and of the text in it.
  `-MaxCutText=${CLIPBOARD.message}`,
]

/** The X server: reached by its unix sockets alone, by the person's uid alone. */
export const xServer = ({ screen, login }: Settings, places: Places): Command => ({
  name: 'Xvnc',
  command: 'Xvnc',
  args: [
    DISPLAY,
    ...['-rfbunixpath', places.screen, '-rfbunixmode', '0600', '-rfbport', '-1'],
    ...['-SecurityTypes', 'None', '-nolisten', 'tcp', '-nolisten', 'local'],
    ...['-auth', places.authority, '-geometry', screen, '-depth', '24'],
    // The bridge lets one viewer in; two overlap for a moment when one takes over.
    ...['-AlwaysShared', ...PASSING, '-desktop', login, '-Log', '*:stderr:30'],
  ],
})

export const messageBus = (places: Places): Command => ({
  name: 'dbus-daemon',
  command: 'dbus-daemon',
  args: ['--session', '--nofork', '--nopidfile', '--nosyslog', `--address=unix:path=${places.bus}`],
})

export const DESKTOP_SESSION: Command = { name: 'xfce4-session', command: 'xfce4-session', args: [] }

/** Asks the session to note which programs are open. */
export const CHECKPOINT: Command = {
  name: 'checkpoint',
  command: 'dbus-send',
  args: [
    ...['--session', '--print-reply', '--reply-timeout=3000', '--dest=org.xfce.SessionManager'],
    ...['/org/xfce/SessionManager', 'org.xfce.Session.Manager.Checkpoint', 'string:'],
  ],
}

/** An Xauthority file with one entry: whoever can read it may use this display, from any host name. */
export function authorityFile(cookie: Buffer): Buffer {
  const counted = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(bytes.length)
    return Buffer.concat([length, bytes])
  }
  const FAMILY_WILD = Buffer.from([0xff, 0xff])
  const parts = [Buffer.alloc(0), Buffer.from(DISPLAY.slice(1)), Buffer.from('MIT-MAGIC-COOKIE-1'), cookie]
  return Buffer.concat([FAMILY_WILD, ...parts.map(counted)])
}
