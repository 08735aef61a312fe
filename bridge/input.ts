/**
 * Reads what a viewer sends (RFB, client to server): counts what a person did, and lets nobody make the screen larger
 * than the desktop's memory holds. Bytes may come in any pieces: what comes of them depends on the bytes alone.
 */
export interface InputReader {
  /** Takes the next bytes. */
  readonly feed: (chunk: Uint8Array) => Passed
  /** Whether a message came whose length nobody knows: from there on nothing passes, since nobody knows what it is. */
  readonly lost: () => boolean
}

export interface Passed {
  /** Signs of a person in these bytes. */
  readonly signs: number
  /** What may go on to Xvnc: the same bytes, but that a size which is too large is none, which Xvnc refuses. */
  readonly passes: Uint8Array
}

/** What comes next in the stream. */
type Place = 'version' | 'security' | 'init' | 'messages' | 'lost'

/** Longest beginning of a message that is needed to know its length: that of an extended clipboard message. */
const HEAD = 12

/** A message as its beginning tells it: its whole length in bytes, and whether it is a sign of a person. */
interface Message {
  readonly length: number
  readonly sign: boolean
}

/** RFB's pseudo-encoding with which a viewer says that its pointer may have more than seven buttons. */
const EXTENDED_BUTTONS = -316

const SET_DESKTOP_SIZE = 251
const NOTHING = new Uint8Array()

/** `pixels`: the most that the screen may have. */
export function inputReader(pixels: number): InputReader {
  let place: Place = 'version'
  const head = new Uint8Array(HEAD)
  let have = 0
  /** Bytes of the message under way that are still to come, and that nobody needs to see. */
  let skip = 0
  /** Encodings still to come in a SetEncodings, read one by one. */
  let encodings = 0
  let extended = false
  /** The beginning of a size that is not known yet: it waits here. */
  let held: Uint8Array = NOTHING
  let tooLarge = false

  /** The message that `head` begins, or undefined when more of it is needed. */
  const judged = (): Message | 'unknown' | undefined => {
    const view = new DataView(head.buffer, 0, have)
    const type = head[0]
    const fixed = type === undefined ? undefined : FIXED[type]
    if (fixed) return fixed
    switch (type) {
      case 5: // PointerEvent; one byte longer with the marker bit, if that was agreed on
        if (have < 2) return undefined
        return { length: extended && view.getUint8(1) & 0x80 ? 7 : 6, sign: true }
      case 6: // ClientCutText
        if (have < 8) return undefined
        return cutText(view, have)
      case 248: // Fence
        return have < 9 ? undefined : { length: 9 + view.getUint8(8), sign: false }
      case SET_DESKTOP_SIZE:
        if (have < 8) return undefined
        tooLarge = view.getUint16(2) * view.getUint16(4) > pixels
        return { length: 8 + 16 * view.getUint8(6), sign: false }
      case 255: // QEMU: keys with their codes, or sound
        if (have < 4) return undefined
        if (view.getUint8(1) === 0) return { length: 12, sign: true }
        if (view.getUint8(1) === 1) return { length: view.getUint16(2) === 2 ? 10 : 4, sign: false }
        return 'unknown'
      default:
        return 'unknown'
    }
  }

  /** Takes in one byte; returns the signs that it completed. */
  const take = (byte: number): number => {
    if (place === 'lost') return 0
    head[have++] = byte
    if (place === 'version') {
      if (have < 12) return 0
      have = 0
      // Which messages come next depends on it; Xvnc takes others for one of these, and nobody needs them.
      place = AFTER_VERSION[String.fromCharCode(...head)] ?? 'lost'
      return 0
    }
    if (place === 'security' || place === 'init') {
      place = place === 'security' ? 'init' : 'messages'
      have = 0
      return 0
    }
    if (encodings > 0) {
      if (have < 4) return 0
      if (new DataView(head.buffer).getInt32(0) === EXTENDED_BUTTONS) extended = true
      encodings--
      have = 0
      return 0
    }
    if (head[0] === 2) {
      if (have < 4) return 0
      encodings = new DataView(head.buffer).getUint16(2)
      have = 0
      return 0
    }
    const message = judged()
    if (message === undefined) return 0
    if (message === 'unknown') {
      place = 'lost'
      return 0
    }
    skip = message.length - have
    have = 0
    return message.sign ? 1 : 0
  }

  return {
    lost: () => place === 'lost',
    feed(chunk) {
      const before = held.length
      let passes = before > 0 ? Buffer.concat([held, chunk]) : chunk
      held = NOTHING
      let signs = 0
      let at = 0
      while (at < chunk.length && place !== 'lost') {
        if (skip > 0) {
          const passed = Math.min(skip, chunk.length - at)
          skip -= passed
          at += passed
          continue
        }
        signs += take(chunk[at++] ?? 0)
        if (!tooLarge) continue
        tooLarge = false
        // Width and height of nothing: the viewer hears that it cannot be, and shows what there is.
        passes = Uint8Array.from(passes).fill(0, before + at - 6, before + at - 2)
      }
      if (place === 'lost') return { signs, passes: NOTHING }
      if (place === 'messages' && encodings === 0 && have > 0 && head[0] === SET_DESKTOP_SIZE) {
        held = passes.slice(passes.length - have)
        passes = passes.subarray(0, passes.length - have)
      }
      return { signs, passes }
    },
  }
}

/** What follows the version that a viewer chose. Before 3.7 the server alone chooses the security type. */
const AFTER_VERSION: Readonly<Record<string, Place>> = {
  'RFB 003.003\n': 'init',
  'RFB 003.007\n': 'security',
  'RFB 003.008\n': 'security',
}

const FIXED: Readonly<Record<number, Message>> = {
  /** SetPixelFormat */
  0: { length: 20, sign: false },
  /** FramebufferUpdateRequest: viewers send it by themselves. */
  3: { length: 10, sign: false },
  /** KeyEvent */
  4: { length: 8, sign: true },
  /** EnableContinuousUpdates */
  150: { length: 10, sign: false },
  /** xvp: shutdown and reboot, which Xvnc ignores */
  250: { length: 4, sign: false },
}

/** Actions of the extended clipboard that follow something that a person did; the others viewers do alone. */
const NOTIFY = 1 << 27
const PROVIDE = 1 << 28

function cutText(view: DataView, have: number): Message | undefined {
  const size = view.getInt32(4)
  if (size >= 0) return { length: 8 + size, sign: true }
  if (-size < 4) return { length: 8 - size, sign: false }
  if (have < 12) return undefined
  return { length: 8 - size, sign: (view.getUint32(8) & (NOTIFY | PROVIDE)) !== 0 }
}
