import { type Html, html } from '../html.ts'
import { type Frame, notice, page, token } from '../pages/layout.ts'

export interface Helping {
  readonly formToken: string
  /** The helper's own login, for what fills passwords in. */
  readonly own: string
  /** Whom they typed. */
  readonly login?: string
  readonly problem?: string
}

/** A helper names somebody, and types their own password once more: it is by this that the directory lets them. */
export function helpingPage(frame: Frame, { formToken, own, login = '', problem }: Helping): Html {
  const { helping: words } = frame.texts
  return page(frame, {
    title: words.title,
    here: 'helping',
    body: html`<div class="card narrow"><h1>${words.title}</h1><p class="lead">${words.lead}</p>${notice('bad', problem)}
<form method="post" action="/helping" class="stack">${token(formToken)}
<label for="login">${words.login}</label>
<input id="login" name="login" value="${login}" autocomplete="off" autocapitalize="none" spellcheck="false" required maxlength="64" aria-describedby="login-hint" ${login === '' && html`autofocus`}>
<small id="login-hint">${words.loginHint}</small>
<input type="hidden" name="username" value="${own}" autocomplete="username">
<label for="password">${words.password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required aria-describedby="password-hint" ${login !== '' && html`autofocus`}>
<small id="password-hint">${words.passwordHint}</small>
<button class="main">${words.submit}</button></form></div>`,
  })
}

/** The one time that the password is shown. */
export function givenPage(
  frame: Frame,
  { login, name, password }: { readonly login: string; readonly name: string; readonly password: string },
): Html {
  const { helping: words } = frame.texts
  return page(frame, {
    title: words.givenTitle,
    here: 'helping',
    body: html`<div class="card narrow"><h1>${words.givenTitle}</h1>
<p class="lead">${words.givenTo(name === '' || name === login ? login : `${name} (${login})`)}</p>
<p class="secret"><code translate="no">${password}</code></p>
<p>${words.givenText}</p><p class="fine">${words.givenCare}</p>
<p class="actions"><a class="button" href="/helping">${words.another}</a></p></div>`,
  })
}
