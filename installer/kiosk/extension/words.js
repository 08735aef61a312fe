/** Every sentence of this screen. The first of each pair is for whoever sits here. */
globalThis.WORDS = {
  opens: ['One moment, please', 'The login is coming.'],
  network: [
    'No connection to the room',
    'This PC does not reach the network. It tries again by itself, and goes on as soon as it does. Desktops keep running meanwhile: nothing is lost.',
  ],
  room: [
    'The room does not answer',
    'The network is there, but nobody answers at the room’s address yet. It tries again by itself. Desktops keep running meanwhile: nothing is lost.',
  ],
  name: [
    'The room cannot be found',
    'The network does not say where the room is. It tries again by itself. If this lasts, tell whoever looks after the room.',
  ],
  clock: [
    'The clock of this PC is wrong',
    'The room cannot be checked until the clock is right. It usually sets itself within minutes. If this lasts, tell whoever looks after the room.',
  ],
  trust: [
    'This PC cannot be sure that this is your room',
    'Whoever answers cannot prove to be the room, so nothing is sent there: no password either. Tell whoever looks after the room.',
  ],
  service: [
    'This service does not answer',
    'You are led back to your desktop. Try again later; if this lasts, tell whoever looks after the room.',
  ],
  administrator: 'For whoever looks after the room: {door}, {error}',
  back: 'Back to my desktop',
  lost: 'No connection to the room. Your desktop keeps running: nothing is lost. This goes away by itself.',
  nobody:
    'Nobody seems to be here. This PC logs out within a minute; the desktop keeps running. Move the mouse to stay.',
}
