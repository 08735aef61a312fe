import type { ServerResponse } from 'node:http'

/**
 * Nothing but our own files runs, is shown, or is spoken to. noVNC draws its pointer as a `data:` picture. Styles by
 * script (CSSOM) are not inline styles, so they need no exception.
 */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

const ALWAYS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  // Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Permissions-Policy':
    'clipboard-read=(self), clipboard-write=(self), fullscreen=(self), camera=(), microphone=(), geolocation=(), usb=(), serial=(), payment=(), display-capture=()',
  'X-Frame-Options': 'DENY',
  'Cache-Control': 'no-store',
}

/** What every answer carries. Pages are never kept; files of ours say otherwise themselves. */
export function protect(response: ServerResponse, strictTransport: boolean): void {
  for (const [name, value] of Object.entries(ALWAYS)) response.setHeader(name, value)
  // With a certificate of the cluster's own authority, a browser that is told this could never be talked out of it.
  if (strictTransport) response.setHeader('Strict-Transport-Security', 'max-age=31536000')
}
