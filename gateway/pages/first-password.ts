import { type Html, html } from '../html.ts'
import { LOGO } from './icons.ts'
import { type Frame, notice, page } from './layout.ts'
import { newPasswordFields } from './password.ts'

/** For whoever logged in by a one-time password: nothing else can be done with it. */
export function firstPasswordPage(
  frame: Frame,
  { login, problem }: { readonly login: string; readonly problem?: string },
): Html {
  const { password: words } = frame.texts
  return page(frame, {
    title: words.firstTitle,
    shape: 'bare',
    body: html`<div class="card narrow">
<div class="hello">${LOGO}<h1>${words.firstTitle}</h1></div>
<p class="lead">${words.firstText}</p>${notice('bad', problem)}
<form method="post" action="/login/password" class="stack">
<input type="hidden" name="login" value="${login}" autocomplete="username">
${newPasswordFields(words, words.given)}
<button class="main">${words.firstSubmit}</button></form></div>`,
  })
}
