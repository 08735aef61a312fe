globalThis.SCREEN = { door: 'https://@door@', idleSeconds: Number('@idle-seconds@') }
