import { type Html, html } from '../html.ts'
import { type Frame, notice, page, token } from './layout.ts'

/** The password of before, and twice the new one. */
export function newPasswordFields(words: Frame['texts']['password'], before: string): Html {
  const field = (
    id: string,
    label: string,
    autocomplete: string,
    hint?: string,
  ) => html`<label for="${id}">${label}</label>
<input id="${id}" name="${id}" type="password" autocomplete="${autocomplete}" required ${hint && html`aria-describedby="${id}-hint"`}>
${hint && html`<small id="${id}-hint">${hint}</small>`}`
  return html`${field('before', before, 'current-password')}
${field('after', words.after, 'new-password', words.hint)}
${field('again', words.again, 'new-password')}`
}

export function passwordPage(frame: Frame, formToken: string, login: string, problem?: string): Html {
  const { password: words } = frame.texts
  return page(frame, {
    title: words.title,
    here: 'password',
    body: html`<div class="card narrow"><h1>${words.title}</h1><p class="lead">${words.text}</p>${notice('bad', problem)}
<form method="post" action="/password" class="stack">${token(formToken)}
<input type="hidden" name="username" value="${login}" autocomplete="username">
${newPasswordFields(words, words.before)}
<button class="main">${words.submit}</button></form></div>`,
  })
}
