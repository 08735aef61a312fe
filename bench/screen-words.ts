/**
 * What viewers say to a screen in the bench. It looks like RFB from the client's side, since the bridge reads along to
 * see whether a person is there: a handshake, then movements of the pointer, which here order bytes.
 */

export const GREETING = Buffer.from('RFB 003.008\n')
export const HANDSHAKE = Buffer.concat([GREETING, Buffer.from([1, 1])])

/** Bytes that answer a movement: a small change of the picture. */
export const ANSWER = 1_024
/** Bytes of a piece of a stream: what Xvnc writes at once. */
export const PIECE = 64 * 1_024

const ORDER = 6

/** A movement of the pointer that orders an answer, or a stream of so many pieces. */
export function order(pieces: number): Buffer {
  const bytes = Buffer.alloc(ORDER)
  bytes.writeUInt8(5, 0)
  bytes.writeUInt16BE(pieces, 2)
  return bytes
}

export const readOrder = (bytes: Buffer): { readonly pieces: number; readonly length: number } | undefined =>
  bytes.length < ORDER ? undefined : { pieces: bytes.readUInt16BE(2), length: ORDER }
